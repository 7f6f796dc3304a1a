// The client libraries of Node.js, against our server: redis (version 4, which speaks version 2 of the protocol, and
// version 5, which also speaks 3) and ioredis (version 5). They are installed once, beside the built program, and again
// when clients/package.json changes.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const program = process.env.UNDERSTUDY_PROGRAM ?? join(here, "../../build/release/bin/understudy");
const deadlineMs = 60_000;

function install() {
  const wanted = join(here, "clients/package.json");
  const folder = join(dirname(program), "../process_clients");
  const stamp = join(folder, "installed.json");
  const isInstalled = existsSync(stamp) && readFileSync(stamp, "utf8") === readFileSync(wanted, "utf8");
  if (!isInstalled) {
    mkdirSync(folder, { recursive: true });
    copyFileSync(wanted, join(folder, "package.json"));
    const quiet = ["--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"];
    execFileSync("npm", ["install", ...quiet], { cwd: folder, stdio: "inherit", timeout: 5 * deadlineMs });
    writeFileSync(stamp, readFileSync(wanted));
  }
  return createRequire(join(folder, "package.json"));
}

function settled(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`too late: ${what}`)), deadlineMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const require = install();
const folder = mkdtempSync(join(tmpdir(), "understudy-"));
let server;
let port;

process.on("exit", () => {
  server?.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

before(async () => {
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("UNDERSTUDY_")));
  server = spawn(program, ["serve", "--port", "0", "--dir", join(folder, "data")], {
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = new Promise((resolve, reject) => {
    let text = "";
    server.stdout.on("data", (piece) => {
      text += piece;
      const ready = /on 127\.0\.0\.1:(\d+),/.exec(text);
      if (ready) resolve(Number(ready[1]));
    });
    server.on("exit", (code) => reject(new Error(`the server ended with ${code}: ${text}`)));
  });
  port = await settled(line, "the ready line");
});

after(async () => {
  const ended = new Promise((resolve) => server.on("exit", resolve));
  server.kill("SIGTERM");
  assert.equal(await settled(ended, "the end of the server"), 0);
});

for (const [library, protocol] of [["redis", 2], ["redis5", 2], ["redis5", 3]]) {
  test(`${library}, protocol version ${protocol}`, { timeout: deadlineMs }, async (context) => {
    const { createClient, commandOptions, RESP_TYPES } = require(library);
    const client = createClient({ socket: { host: "127.0.0.1", port, reconnectStrategy: false }, name: "test", RESP: protocol });
    client.on("error", (error) => assert.fail(error));
    context.after(() => client.isOpen && client.disconnect());
    await client.connect();
    await client.flushAll();
    assert.equal(await client.set("key", "value"), "OK");
    assert.equal(await client.get("key"), "value");
    assert.equal(await client.get("none"), null);
    assert.equal(await client.set("key", "other", { NX: true }), null);
    assert.equal(await client.set("key", "other", { GET: true }), "value");
    assert.deepEqual(await Promise.all([1, 2, 3].map(() => client.incr("n"))), [1, 2, 3]);
    assert.equal(await client.incrBy("n", 7), 10);
    await client.mSet(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`key:${i}`, String(i)])));
    assert.deepEqual(await client.mGet(["key:1", "none", "key:99"]), ["1", null, "99"]);
    const keys = new Set();
    for await (const found of client.scanIterator({ MATCH: "key:*", COUNT: 10 })) {
      for (const key of [found].flat()) keys.add(key); // A key each in version 4, some keys at once in version 5.
    }
    assert.equal(keys.size, 100);
    assert.equal(await client.dbSize(), 102);
    assert.equal(await client.del(["key", "none"]), 1);
    assert.equal(await client.clientGetName(), "test");
    await assert.rejects(client.sendCommand(["LPUSH", "list", "1"]), /unknown command 'LPUSH'/);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await client.set(bytes, bytes);
    const read =
      library === "redis"
        ? client.get(commandOptions({ returnBuffers: true }), bytes)
        : client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }).get(bytes);
    assert.deepEqual(await read, bytes);
    await client.quit();
  });
}

test("ioredis", { timeout: deadlineMs }, async (context) => {
  const Redis = require("ioredis");
  const client = new Redis({ host: "127.0.0.1", port, connectionName: "test", enableReadyCheck: true, retryStrategy: null });
  context.after(() => client.disconnect());
  await new Promise((resolve, reject) => client.once("ready", resolve).once("error", reject));
  await client.flushall();
  assert.equal(await client.set("key", "value"), "OK");
  assert.equal(await client.get("key"), "value");
  assert.equal(await client.get("none"), null);
  assert.deepEqual(await client.pipeline().incr("n").incr("n").get("n").exec(), [[null, 1], [null, 2], [null, "2"]]);
  await client.mset(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`key:${i}`, String(i)])));
  const keys = [];
  for await (const found of client.scanStream({ match: "key:*", count: 10 })) keys.push(...found);
  assert.equal(new Set(keys).size, 100);
  assert.equal(await client.unlink("key", "n"), 2);
  await assert.rejects(client.call("LPUSH", "list", "1"), /unknown command 'LPUSH'/);
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  await client.set(bytes, bytes);
  assert.deepEqual(await client.getBuffer(bytes), bytes);
  assert.equal(await client.quit(), "OK");
});
