// What users of the library ioredis for Node.js do, in versions 5 and 6.
// Arguments: library, protocol version (0: as the library likes it; 33: version 3 with replies in its own shapes), folder of
// the libraries, port, port for TLS, certificate of the authority.
import {
  appPassword, authority, deadlineMs, end, everyByte, Heard, library, near, password, port, protocol, restart, see, settled,
  tlsPort,
} from "./observations.mjs";

const Redis = library.default ?? library;
const clients = [];
const speaks = { 0: {}, 2: { protocol: 2 }, 3: { protocol: 3 }, 33: { protocol: 3, replyMapping: "resp3" } }[protocol];

function make(options = {}) {
  const client = new Redis({
    host: "127.0.0.1", port, password, lazyConnect: true, retryStrategy: null, maxRetriesPerRequest: 0, ...speaks, ...options,
  });
  client.on("error", () => {});
  clients.push(client);
  return client;
}

async function connect(options) {
  const client = make(options);
  await settled(client.connect(), "connecting");
  return client;
}

const pingOnce = (options) => async () => (await connect(options)).ping();

async function logins() {
  await see("no password", pingOnce({ password: undefined }));
  await see("a wrong password", pingOnce({ password: "wrong" }));
  await see("a wrong user", pingOnce({ username: "nobody" }));
  await see("the right password", pingOnce());
  await see("with a name", async () => (await connect({ connectionName: "a-name" })).client("GETNAME"));
  await see("over TLS", pingOnce({ port: tlsPort, tls: { ca: authority } }));
  await see("by a URL", async () => {
    const client = new Redis(`redis://default:${password}@127.0.0.1:${port}/0`, speaks);
    clients.push(client);
    return client.ping();
  });
  await see("without asking whether it is ready", pingOnce({ enableReadyCheck: false }));
  await see("with pipelines by itself", async () => {
    const client = await connect({ enableAutoPipelining: true });
    return Promise.all([client.set("auto", "1"), client.incr("auto"), client.get("auto")]);
  });
  const app = await connect({ username: "app", password: appPassword });
  await see("who it is", () => app.acl("WHOAMI"));
  await see("a key of that user", () => app.set("app:key", "value"));
  await see("a key that is not", () => app.set("key", "value"));
  await see("a command that is not", () => app.flushall());
}

async function strings(client) {
  await see("flushall", () => client.flushall());
  await see("set", () => client.set("key", "value"));
  await see("get", () => client.get("key"));
  await see("get of nothing", () => client.get("none"));
  await see("set NX", () => client.set("key", "other", "NX"));
  await see("set XX", () => client.set("none", "other", "XX"));
  await see("set GET", () => client.set("key", "newer", "GET"));
  await see("set EX XX GET", () => client.set("key", "value", "EX", 1000, "XX", "GET"));
  await see("its pttl", async () => near(await client.pttl("key"), 1_000_000));
  await see("set KEEPTTL", () => client.set("key", "kept", "KEEPTTL"));
  await see("its pttl still", async () => near(await client.pttl("key"), 1_000_000));
  await see("set PX NX", () => client.set("px", "value", "PX", 500_000, "NX"));
  await see("set EXAT", () => client.set("key", "value", "EXAT", 4_000_000_000));
  await see("expiretime", () => client.expiretime("key"));
  await see("set PXAT", () => client.set("key", "value", "PXAT", 4_000_000_000_123));
  await see("pexpiretime", () => client.pexpiretime("key"));
  await see("set with options that exclude each other", () => client.set("key", "value", "NX", "XX"));
  await see("getex", () => client.getex("key", "PERSIST"));
  await see("ttl", () => client.ttl("key"));
  await see("getset", () => client.getset("key", "new"));
  await see("getdel", () => client.getdel("key"));
  await see("setex", () => client.setex("key", 1000, "value"));
  await see("psetex", () => client.psetex("key", 1_000_000, "value"));
  await see("setnx", () => client.setnx("key", "value"));
  await see("mset of a map", () => client.mset(new Map([["a", "1"], ["b", "2"]])));
  await see("mset of an object", () => client.mset({ a: 1, b: 2 }));
  await see("msetnx", () => client.msetnx("b", "3", "c", "4"));
  await see("mget", () => client.mget("a", "none", "b"));
  await see("append", () => client.append("key", " and more"));
  await see("strlen", () => client.strlen("key"));
  await see("getrange", () => client.getrange("key", -4, -1));
  await see("setrange", () => client.setrange("key", 2, "XX"));
  await see("incr, together", () => Promise.all([1, 2, 3].map(() => client.incr("n"))));
  await see("incrby", () => client.incrby("n", 39));
  await see("incrbyfloat", () => client.incrbyfloat("f", 1.5));
  await see("incr of text", () => client.incr("key"));
  await see("a callback", () => new Promise((resolve) => client.get("a", (error, value) => resolve([error, value]))));
  await see("an unknown command", () => client.call("NO-SUCH", "argument"));
  await see("too few arguments", () => client.call("GET"));
  await see("text", async () => [await client.set("ключ", "значение"), await client.get("ключ")]);
}

async function keys(client) {
  await see("exists", () => client.exists("a", "b", "none"));
  await see("type", () => client.type("a"));
  await see("copy", () => client.copy("a", "copied"));
  await see("rename", () => client.rename("copied", "renamed"));
  await see("renamenx", () => client.renamenx("renamed", "a"));
  await see("touch", () => client.touch("a", "none"));
  await see("unlink", () => client.unlink("renamed", "none"));
  await see("del", () => client.del("a", "none"));
  await see("keys", async () => (await client.keys("*")).sort());
  await see("dbsize", () => client.dbsize());
  await see("object encoding", () => client.object("ENCODING", "n"));
  await see("expire NX", () => client.expire("b", 1000, "NX"));
  await see("pexpire LT", () => client.pexpire("b", 500_000, "LT"));
  await see("expireat", () => client.expireat("b", 4_000_000_000));
  await see("persist", () => client.persist("b"));
  await see("what dies", async () => {
    await client.set("dying", "value", "PX", 1);
    const deadline = Date.now() + deadlineMs;
    while ((await client.exists("dying")) && Date.now() < deadline);
    return client.get("dying");
  });
  await client.mset(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`scan:${i}`, String(i)])));
  for (const options of [{ match: "scan:*", count: 20 }, { type: "list" }, {}]) {
    await see(`scanStream ${JSON.stringify(options)}`, async () => {
      const found = new Set();
      for await (const part of client.scanStream(options)) for (const key of part) found.add(key);
      return found;
    });
  }
}

async function bytes(client) {
  await see("binary", () => client.set(everyByte, everyByte));
  await see("binary back", () => client.getBuffer(everyByte));
  await see("mgetBuffer", () => client.mgetBuffer(everyByte, "none"));
  await see("an empty value", () => client.set("empty", ""));
  await see("an empty value back", () => client.get("empty"));
  await see("16 MiB", () => client.set("big", Buffer.alloc(16 << 20, everyByte)));
  await see("16 MiB back", () => client.getBuffer("big"));
  await client.del("big");
}

async function pipelines(client) {
  await client.del("n");
  await see("a pipeline", () => client.pipeline().incr("n").incr("n").get("n").incr("key").get("none").exec());
  await see("a long pipeline", async () => {
    const pipeline = client.pipeline();
    for (let i = 0; i < 10_000; ++i) pipeline.incr("m");
    return (await pipeline.exec()).every(([error, value], i) => error === null && value === i + 1);
  });
  await see("multi", () => client.multi().set("t", "1").incr("t").get("t").exec());
  await see("multi without a pipeline", async () => {
    await client.multi({ pipeline: false });
    return [await client.incr("t"), await client.get("t"), await client.exec()];
  });
  await see("multi that is discarded", async () => {
    await client.multi({ pipeline: false });
    return [await client.incr("t"), await client.discard()];
  });
  await see("multi with an error", () => client.multi().set("t", "5").incr("key").incr("t").exec());
  await see("multi with an unknown command", () => client.multi().call("NO-SUCH").get("t").exec());
  await see("an empty multi", () => client.multi().exec());
  await see("an array of commands", () => client.multi([["get", "t"], ["incr", "t"]]).exec());
  const watcher = await connect();
  await see("watch", () => watcher.watch("t", "none"));
  await client.set("t", "100");
  await see("a conflict", () => watcher.multi().incr("t").exec());
  await see("what it left", () => client.get("t"));
  await see("watch again", () => watcher.watch("t"));
  await see("no conflict", () => watcher.multi().incr("t").exec());
  await watcher.watch("t");
  await client.set("t", "0");
  await see("unwatch", () => watcher.unwatch());
  await see("unwatched", () => watcher.multi().incr("t").exec());
}

async function channels(client) {
  const subscriber = await connect();
  const heard = new Heard();
  subscriber.on("message", (channel, message) => heard.add([channel, message]));
  subscriber.on("pmessage", (pattern, channel, message) => heard.add([pattern, channel, message]));
  await see("subscribe", () => subscriber.subscribe("news", "sport"));
  await see("publish", () => client.publish("news", "hello"));
  await see("what comes", () => heard.next());
  await see("psubscribe", () => subscriber.psubscribe("[a-c]*"));
  await see("publish to the pattern", () => client.publish("cat", "meow"));
  await see("what comes by the pattern", () => heard.next());
  const buffers = new Heard();
  subscriber.on("messageBuffer", (channel, message) => buffers.add([channel, message]));
  await see("publish bytes", () => client.publish("sport", everyByte));
  await see("bytes come", () => buffers.next());
  await see("publish to nobody", () => client.publish("zebra", "hello"));
  await see("pubsub CHANNELS", async () => (await client.pubsub("CHANNELS")).sort());
  await see("pubsub NUMSUB", () => client.pubsub("NUMSUB", "news", "zebra"));
  await see("pubsub NUMPAT", () => client.pubsub("NUMPAT"));
  await see("get while subscribed", () => subscriber.get("key"));
  await see("ping while subscribed", () => subscriber.ping());
  await see("unsubscribe", () => subscriber.unsubscribe("news"));
  await see("punsubscribe", () => subscriber.punsubscribe("[a-c]*"));
  await see("unsubscribe from all", () => subscriber.unsubscribe());
  await see("get afterwards", () => subscriber.get("key"));
  await see("quit", () => subscriber.quit());
}

async function servers(client) {
  const named = await connect({ connectionName: "named" });
  const id = await named.client("ID");
  await see("client SETNAME", () => named.client("SETNAME", "another"));
  await see("client LIST", async () => / name=another /.test(await client.client("LIST", "ID", id)));
  await see("client INFO", async () => / name=another .* cmd=client\|info /.test(await named.client("INFO")));
  await see("client KILL", () => client.client("KILL", "ID", id));
  await see("after it", () => named.ping().then(() => "it is there", () => "it has gone")); // With which error is chance.
  await see("client SETINFO", () => client.client("SETINFO", "LIB-NAME", "mine"));
  await see("info", async () => /^loading:0\r$/m.test(await client.info()));
  await see("config GET", () => client.config("GET", "maxmemory"));
  await see("config SET", () => client.config("SET", "maxmemory", "500mb"));
  await see("config SET of nothing", () => client.config("SET", "no-such-setting", "1"));
  await see("command GETKEYS", () => client.command("GETKEYS", "MSET", "a", "1", "b", "2"));
  await see("command INFO", () => client.command("INFO", "get", "no-such-command"));
  await see("time", async () => Math.abs(Number((await client.time())[0]) * 1000 - Date.now()) < 60_000);
  await see("memory USAGE", async () => (await client.memory("USAGE", "key")) > 0);
  await see("lpush", () => client.lpush("list", "1"));
  await see("hset", () => client.hset("hash", "field", "value"));
  await see("eval", () => client.eval("return 1", 0));
  await client.del("list", "hash");
  const monitor = await settled(client.monitor(), "monitor");
  const seen = new Heard();
  monitor.on("monitor", (_, words) => seen.add(words));
  await client.set("watched", "by the monitor");
  await see("monitor", () => seen.next());
  monitor.disconnect();
}

async function restarts() {
  const patient = await connect({ retryStrategy: () => 10, maxRetriesPerRequest: null });
  const subscriber = await connect({ retryStrategy: () => 10, maxRetriesPerRequest: null });
  const heard = new Heard();
  subscriber.on("message", (channel, message) => heard.add([channel, message]));
  await subscriber.subscribe("news");
  await patient.set("kept", "through the restart", "PXAT", 4_000_000_000_000);
  const again = [patient, subscriber].map((client) => new Promise((resolve) => client.once("ready", resolve)));
  await restart();
  await settled(Promise.all(again), "the connections are there again");
  await see("get after the restart", () => patient.get("kept"));
  await see("pexpiretime after the restart", () => patient.pexpiretime("kept"));
  await see("dbsize after the restart", () => patient.dbsize());
  await see("the subscriber hears again", async () => {
    const deadline = Date.now() + deadlineMs;
    while ((await patient.publish("news", "again")) === 0 && Date.now() < deadline); // It subscribes again by itself.
    return heard.next();
  });
}

await logins();
const client = await connect();
for (const part of [strings, keys, bytes, pipelines, channels, servers]) await part(client);
await see("quit at the end", () => client.quit());
await restarts();
for (const each of clients) each.disconnect();
end();
