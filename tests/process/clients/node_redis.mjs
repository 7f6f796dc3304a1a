// What users of the library redis for Node.js do, in versions 4 to 6.
// Arguments: library, protocol version, folder of the libraries, port, port for TLS, certificate of the authority.
import {
  appPassword, authority, deadlineMs, end, everyByte, Heard, library, near, password, port, protocol, restart, see, settled,
  tlsPort,
} from "./observations.mjs";

const { createClient, commandOptions, RESP_TYPES } = library;
const clients = [];

function make({ socket, ...options } = {}) {
  const place = { host: "127.0.0.1", port, reconnectStrategy: false, ...socket };
  const client = createClient({ password, RESP: protocol, ...options, socket: place });
  client.on("error", () => {}); // Promises tell of them as well.
  clients.push(client);
  return client;
}

async function connect(options) {
  const client = make(options);
  await settled(client.connect(), "connecting");
  return client;
}

const pingOnce = (options) => async () => {
  const client = await connect(options);
  return client.ping();
};

async function logins() {
  await see("no password", pingOnce({ password: undefined }));
  await see("a wrong password", pingOnce({ password: "wrong" }));
  await see("a wrong user", pingOnce({ username: "nobody" }));
  await see("the right password", pingOnce());
  await see("with a name", async () => (await connect({ name: "a-name" })).clientGetName());
  await see("over TLS", pingOnce({ socket: { port: tlsPort, tls: true, ca: authority } }));
  await see("by a URL", async () => {
    const client = createClient({ url: `redis://default:${password}@127.0.0.1:${port}/0` });
    clients.push(client);
    await client.on("error", () => {}).connect();
    return client.ping();
  });
  await see("another database", pingOnce({ database: 99 }));
  const app = await connect({ username: "app", password: appPassword });
  await see("who it is", () => app.aclWhoAmI());
  await see("a key of that user", () => app.set("app:key", "value"));
  await see("a key that is not", () => app.set("key", "value"));
  await see("a command that is not", () => app.flushAll());
}

async function strings(client) {
  await see("flushAll", () => client.flushAll());
  await see("set", () => client.set("key", "value"));
  await see("get", () => client.get("key"));
  await see("get of nothing", () => client.get("none"));
  await see("set NX", () => client.set("key", "other", { NX: true }));
  await see("set XX", () => client.set("none", "other", { XX: true }));
  await see("set GET", () => client.set("key", "newer", { GET: true }));
  await see("set NX GET", () => client.set("key", "newest", { NX: true, GET: true }));
  await see("set EX", () => client.set("key", "value", { EX: 1000 }));
  await see("its pTTL", async () => near(await client.pTTL("key"), 1_000_000));
  await see("set KEEPTTL", () => client.set("key", "kept", { KEEPTTL: true }));
  await see("its pTTL still", async () => near(await client.pTTL("key"), 1_000_000));
  await see("set PX", () => client.set("key", "value", { PX: 500_000 }));
  await see("set EXAT", () => client.set("key", "value", { EXAT: 4_000_000_000 }));
  await see("expireTime", () => client.expireTime("key"));
  await see("set PXAT", () => client.set("key", "value", { PXAT: 4_000_000_000_123 }));
  await see("pExpireTime", () => client.pExpireTime("key"));
  await see("getEx", () => client.getEx("key", { PERSIST: true }));
  await see("ttl", () => client.ttl("key"));
  await see("getDel", () => client.getDel("key"));
  await see("setEx", () => client.setEx("key", 1000, "value"));
  await see("pSetEx", () => client.pSetEx("key", 1_000_000, "value"));
  await see("setNX", () => client.setNX("key", "value"));
  await see("mSet", () => client.mSet({ a: "1", b: "2" }));
  await see("mSetNX", () => client.mSetNX([["b", "3"], ["c", "4"]]));
  await see("mGet", () => client.mGet(["a", "none", "b"]));
  await see("append", () => client.append("key", " and more"));
  await see("strLen", () => client.strLen("key"));
  await see("getRange", () => client.getRange("key", -4, -1));
  await see("setRange", () => client.setRange("key", 2, "XX"));
  await see("incr, together", () => Promise.all([1, 2, 3].map(() => client.incr("n"))));
  await see("incrBy", () => client.incrBy("n", 39));
  await see("decrBy", () => client.decrBy("n", 100));
  await see("incrByFloat", () => client.incrByFloat("f", 1.5));
  await see("incr of text", () => client.incr("key"));
  await see("an unknown command", () => client.sendCommand(["NO-SUCH", "argument"]));
  await see("too few arguments", () => client.sendCommand(["GET"]));
  await see("text", async () => [await client.set("ключ", "значение"), await client.get("ключ")]);
}

async function keys(client) {
  await see("exists", () => client.exists(["a", "b", "none"]));
  await see("type", () => client.type("a"));
  await see("copy", () => client.copy("a", "copied"));
  await see("rename", () => client.rename("copied", "renamed"));
  await see("renameNX", () => client.renameNX("renamed", "a"));
  await see("rename of nothing", () => client.rename("none", "a"));
  await see("touch", () => client.touch(["a", "none"]));
  await see("unlink", () => client.unlink("renamed"));
  await see("del", () => client.del(["a", "none"]));
  await see("keys", async () => (await client.keys("*")).sort());
  await see("randomKey", async () => (await client.keys("*")).includes(await client.randomKey()));
  await see("dbSize", () => client.dbSize());
  await see("expire", () => client.expire("b", 1000));
  await see("expire NX", () => client.expire("b", 1000, "NX"));
  await see("pExpire GT", () => client.pExpire("b", 500_000, "GT"));
  await see("expireAt", () => client.expireAt("b", new Date(4_000_000_000_000)));
  await see("its expireTime", () => client.expireTime("b"));
  await see("persist", () => client.persist("b"));
  await see("what dies", async () => {
    await client.set("dying", "value", { PX: 1 });
    const deadline = Date.now() + deadlineMs;
    while ((await client.exists("dying")) && Date.now() < deadline);
    return client.get("dying");
  });
  await client.mSet(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`scan:${i}`, String(i)])));
  for (const options of [{ MATCH: "scan:*", COUNT: 20 }, { TYPE: "list" }, undefined]) {
    await see(`scanIterator ${JSON.stringify(options)}`, async () => {
      const found = new Set();
      // A key each in version 4, some keys at once later.
      for await (const part of client.scanIterator(options)) for (const key of [part].flat()) found.add(key);
      return found;
    });
  }
}

async function bytes(client) {
  const read = (key) =>
    commandOptions
      ? client.get(commandOptions({ returnBuffers: true }), key)
      : client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }).get(key);
  await see("binary", () => client.set(everyByte, everyByte));
  await see("binary back", () => read(everyByte));
  await see("an empty value", () => client.set("empty", ""));
  await see("an empty value back", () => client.get("empty"));
  await see("16 MiB", () => client.set("big", Buffer.alloc(16 << 20, everyByte)));
  await see("16 MiB back", () => read("big"));
  await see("its end", () => client.getRange("big", -3, -1));
  await client.del("big");
}

async function pipelines(client) {
  await client.del("n");
  await see("10,000 at once", async () => {
    const all = await Promise.all(Array.from({ length: 10_000 }, () => client.incr("n")));
    return all.every((value, i) => value === i + 1);
  });
  await see("one of them fails", () => Promise.allSettled([client.incr("n"), client.incr("key"), client.get("n")]));
  await see("multi", () => client.multi().set("t", "1").incr("t").get("t").exec());
  await see("multi with an error", () => client.multi().set("t", "5").incr("key").incr("t").exec());
  await see("multi with an unknown command", () => client.multi().addCommand(["NO-SUCH"]).get("t").exec());
  await see("multi as a pipeline", () => client.multi().get("t").incr("t").execAsPipeline());
  await see("an empty multi", () => client.multi().exec());
  const watcher = await connect();
  await see("watch", () => watcher.watch("t"));
  await client.set("t", "100");
  await see("a conflict", () => watcher.multi().incr("t").exec());
  await see("what it left", () => client.get("t"));
  await see("watch of two", () => watcher.watch(["t", "none"]));
  await see("no conflict", () => watcher.multi().incr("t").exec());
  await watcher.watch("t");
  await client.set("t", "0");
  await see("unwatch", () => watcher.unwatch());
  await see("unwatched", () => watcher.multi().incr("t").exec());
  await watcher.quit();
}

async function channels(client) {
  const subscriber = await connect();
  const heard = new Heard();
  const listener = (message, channel) => heard.add([message, channel]);
  await see("subscribe", () => subscriber.subscribe("news", listener));
  await see("subscribe to two", () => subscriber.subscribe(["sport", "weather"], listener));
  await see("publish", () => client.publish("news", "hello"));
  await see("what comes", () => heard.next());
  await see("pSubscribe", () => subscriber.pSubscribe("[a-c]*", listener));
  await see("publish to the pattern", () => client.publish("cat", "meow"));
  await see("what comes by the pattern", () => heard.next());
  await see("subscribe to bytes", () => subscriber.subscribe("bytes", listener, true));
  await see("publish bytes", () => client.publish("bytes", everyByte));
  await see("bytes come", () => heard.next());
  await see("publish to nobody", () => client.publish("zebra", "hello"));
  await see("pubSubChannels", async () => (await client.pubSubChannels()).sort());
  await see("pubSubNumSub", () => client.pubSubNumSub(["news", "zebra"]));
  await see("pubSubNumPat", () => client.pubSubNumPat());
  await see("get while subscribed", () => subscriber.get("key"));
  await see("unsubscribe", () => subscriber.unsubscribe("news"));
  await see("unsubscribe from three", () => subscriber.unsubscribe(["sport", "weather", "bytes"]));
  await see("pUnsubscribe", () => subscriber.pUnsubscribe("[a-c]*"));
  await see("get afterwards", () => subscriber.get("key"));
  await see("quit", () => subscriber.quit());
}

async function servers(client) {
  const named = await connect({ name: "named" });
  const id = await named.clientId();
  await see("clientSetName", () => named.clientSetName("another"));
  await see("clientInfo", async () => {
    const { name, db, sub, psub, multi, user, cmd, resp } = await named.clientInfo();
    return { name, db, sub, psub, multi, user, cmd, resp };
  });
  await see("clientInfo in its text", async () => /\bid=\d+ .* name=another /.test(await named.sendCommand(["CLIENT", "INFO"])));
  await see("clientList", async () => (await client.clientList()).filter((each) => each.id === id).map((each) => each.name));
  await see("clientKill", () => client.clientKill({ filter: "ID", id }));
  await see("after it", () => named.ping().then(() => "it is there", () => "it has gone")); // With which error is chance.
  await see("clientSetInfo", () => client.sendCommand(["CLIENT", "SETINFO", "LIB-NAME", "mine"]));
  await see("info", async () => /^loading:0\r$/m.test(await client.info()));
  await see("info of the server", async () => /^redis_version:.*\r$/m.exec(await client.info("server"))[0]);
  await see("configGet", () => client.configGet("maxmemory"));
  await see("configSet", () => client.configSet("maxmemory", "500mb"));
  await see("configGet then", () => client.configGet("maxmemory"));
  await see("configSet of nothing", () => client.configSet("no-such-setting", "1"));
  await see("commandGetKeys", () => client.commandGetKeys(["MSET", "a", "1", "b", "2"]));
  await see("commandInfo", () => client.commandInfo(["get", "no-such-command"]));
  await see("time", async () => {
    const time = await client.time(); // A date in version 4, two texts later.
    return Math.abs((time instanceof Date ? time.getTime() : Number(time[0]) * 1000) - Date.now()) < 60_000;
  });
  await see("aclGetUser", async () => (await client.aclGetUser("app")).flags);
  await see("memoryUsage", async () => (await client.memoryUsage("key")) > 0);
  await see("hello", async () => {
    const { server, version, mode, role, modules, proto } = await client.hello();
    return { server, version, mode, role, modules, proto };
  });
  await see("lPush", () => client.lPush("list", "1"));
  await see("hSet", () => client.hSet("hash", "field", "value"));
  await client.del(["list", "hash"]);
}

async function restarts() {
  const patient = await connect({ socket: { reconnectStrategy: () => 10 } });
  const heard = new Heard();
  const subscriber = await connect({ socket: { reconnectStrategy: () => 10 } });
  await subscriber.subscribe("news", (message) => heard.add(message));
  await patient.set("kept", "through the restart", { PXAT: 4_000_000_000_000 });
  const again = [patient, subscriber].map((client) => new Promise((resolve) => client.once("ready", resolve)));
  await restart();
  await settled(Promise.all(again), "the connections are there again");
  await see("get after the restart", () => patient.get("kept"));
  await see("pExpireTime after the restart", () => patient.pExpireTime("kept"));
  await see("dbSize after the restart", () => patient.dbSize());
  await see("publish after the restart", () => patient.publish("news", "again"));
  await see("the subscriber hears it", () => heard.next());
}

await logins();
const client = await connect();
for (const part of [strings, keys, bytes, pipelines, channels, servers]) await part(client);
await client.quit();
await restarts();
for (const each of clients) if (each.isOpen) await Promise.resolve(each.disconnect()).catch(() => {});
end();
