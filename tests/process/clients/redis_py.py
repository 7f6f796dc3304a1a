"""What users of python3-redis do. Arguments: port, port for TLS, certificate of the authority."""

import hashlib
import json
import sys
import threading
import time

import redis

PORT, TLS_PORT, AUTHORITY = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
PASSWORD, APP_PASSWORD = "password-of-default", "password-of-app"
DEADLINE_S = 30


def plain(value):
    """As JSON can say it, with nothing that depends on order or on the moment."""
    if isinstance(value, bytes):
        return value.decode("latin-1") if len(value) < 1000 else [len(value), hashlib.sha256(value).hexdigest()]
    if isinstance(value, dict):
        return {plain(key): plain(element) for key, element in sorted(value.items())}
    if isinstance(value, (list, tuple)):
        return [plain(element) for element in value]
    if isinstance(value, set):
        return sorted(plain(element) for element in value)
    if isinstance(value, Exception):
        return {"raised": type(value).__name__, "text": str(value)}
    return value


def say(**line):
    print(json.dumps(line), flush=True)


def see(step, call, *arguments, **options):
    try:
        saw = call(*arguments, **options)
    except Exception as error:  # Whatever it is, it is what a user would see.
        saw = error
    say(step=step, saw=plain(saw))
    return saw


def connect(**options):
    return redis.Redis(**{"host": "127.0.0.1", "port": PORT, "password": PASSWORD, "socket_timeout": DEADLINE_S, **options})


def near(value, expected):
    """Times differ from run to run; whether they are what was asked for does not."""
    return value if value < 0 else "as asked" if expected - 60_000 <= value <= expected else value


def logins():
    see("no password", connect(password=None).ping)
    see("a wrong password", connect(password="wrong").ping)
    see("the right password", connect().ping)
    see("a wrong user", connect(username="nobody", password=PASSWORD).ping)
    app = connect(username="app", password=APP_PASSWORD)
    see("another user", app.acl_whoami)
    see("a key of that user", app.set, "app:key", "value")
    see("a key that is not", app.set, "key", "value")
    see("a command that is not", app.flushall)
    see("over TLS", connect(port=TLS_PORT, ssl=True, ssl_ca_certs=AUTHORITY).ping)
    see("a database that is there", connect(db=0).ping)


def strings(client):
    see("flushall", client.flushall)
    see("set", client.set, "key", "value")
    see("get", client.get, "key")
    see("get of nothing", client.get, "none")
    see("set nx", client.set, "key", "other", nx=True)
    see("set xx", client.set, "none", "other", xx=True)
    see("set get", client.set, "key", "newer", get=True)
    see("set get of nothing", client.set, "fresh", "newer", get=True)
    see("set ex", client.set, "key", "value", ex=1000)
    see("its ttl", lambda: near(client.pttl("key"), 1_000_000))
    see("set keepttl", client.set, "key", "kept", keepttl=True)
    see("its ttl still", lambda: near(client.pttl("key"), 1_000_000))
    see("set px", client.set, "key", "value", px=500_000)
    see("its ttl then", lambda: near(client.pttl("key"), 500_000))
    see("set exat", client.set, "key", "value", exat=4_000_000_000)
    see("its expiretime", client.expiretime, "key")
    see("set pxat", client.set, "key", "value", pxat=4_000_000_000_123)
    see("its pexpiretime", client.pexpiretime, "key")
    see("set in the past", client.set, "dead", "value", pxat=1)
    see("what is there then", client.get, "dead")
    see("getex persist", client.getex, "key", persist=True)
    see("ttl of what lives for ever", client.ttl, "key")
    see("setnx", client.setnx, "key", "value")
    see("setex", client.setex, "short", 1000, "value")
    see("psetex", client.psetex, "short", 1000_000, "value")
    see("getset", client.getset, "key", "new")
    see("getdel", client.getdel, "key")
    see("mset", client.mset, {"a": "1", "b": "2"})
    see("mget", client.mget, "a", "none", "b")
    see("msetnx", client.msetnx, {"b": "3", "c": "4"})
    see("append", client.append, "text", "Hello ")
    see("append again", client.append, "text", "World")
    see("strlen", client.strlen, "text")
    see("getrange", client.getrange, "text", 0, -7)
    see("substr", client.substr, "text", 6)
    see("setrange", client.setrange, "text", 6, "Redis")
    see("incr", client.incr, "n")
    see("incrby", client.incrby, "n", 41)
    see("decr", client.decr, "n")
    see("decrby", client.decrby, "n", 50)
    see("incrbyfloat", client.incrbyfloat, "f", 1.5)
    see("incr of text", client.incr, "text")
    see("incr beyond", lambda: client.set("n", 2**63 - 1) and client.incr("n"))
    see("subscript", lambda: client["text"])
    see("subscript of nothing", client.__contains__, "none")
    see("lcs", client.lcs, "text", "text")


def keys(client):
    see("exists", client.exists, "a", "b", "none", "a")
    see("type", client.type, "a")
    see("type of nothing", client.type, "none")
    see("rename", client.rename, "a", "renamed")
    see("rename of nothing", client.rename, "none", "renamed")
    see("renamenx", client.renamenx, "renamed", "b")
    see("copy", client.copy, "renamed", "copied")
    see("copy replace", client.copy, "renamed", "b", replace=True)
    see("copy to another database", client.copy, "renamed", "b", destination_db=99)
    see("touch", client.touch, "renamed", "none")
    see("unlink", client.unlink, "renamed", "none")
    see("delete", client.delete, "copied", "none")
    see("keys", lambda: sorted(client.keys("*")))
    see("randomkey", lambda: client.randomkey() in client.keys())
    see("dbsize", client.dbsize)
    see("object encoding", client.object, "encoding", "text")
    see("expire", client.expire, "text", 1000)
    see("expire nx", client.expire, "text", 2000, nx=True)
    see("expire gt", client.expire, "text", 500, gt=True)
    see("pexpire lt", client.pexpire, "text", 500_000, lt=True)
    see("expireat xx", client.expireat, "text", 4_000_000_000, xx=True)
    see("pexpireat", client.pexpireat, "text", 4_000_000_000_000)
    see("persist", client.persist, "text")
    see("persist again", client.persist, "text")
    see("ttl of nothing", client.ttl, "none")
    client.set("dying", "value", px=1)
    deadline = time.monotonic() + DEADLINE_S
    while client.exists("dying") and time.monotonic() < deadline:
        pass
    see("what has died", client.get, "dying")
    client.mset({f"scan:{i}": i for i in range(500)})
    see("scan_iter", lambda: sorted(client.scan_iter("scan:*", count=20)))
    see("scan_iter of a type", lambda: len(set(client.scan_iter("scan:*", _type="string"))))
    see("scan_iter of another type", lambda: list(client.scan_iter("scan:*", _type="list")))
    see("scan_iter without an end of its own", lambda: len(set(client.scan_iter())))


def bytes_of_all_kinds(client):
    every = bytes(range(256))
    see("binary", client.set, every, every)
    see("binary back", client.get, every)
    see("an empty value", client.set, "empty", b"")
    see("an empty value back", client.get, "empty")
    see("an empty key", client.set, "", "value")
    see("an empty key back", client.get, "")
    big = every * (16 << 12)
    see("16 MiB", client.set, "big", big)
    see("16 MiB back", client.get, "big")
    see("a part of it", client.getrange, "big", 1 << 20, (1 << 20) + 9)
    client.delete("big")
    texts = connect(decode_responses=True, encoding="utf-8")
    see("text", lambda: (texts.set("ключ", "значение"), texts.get("ключ")))


def pipelines(client):
    client.delete("n")
    with client.pipeline(transaction=False) as pipe:
        pipe.set("p", 1).incr("p").get("p").incr("text").get("none")
        see("a pipeline", pipe.execute, raise_on_error=False)
    with client.pipeline(transaction=False) as pipe:
        for _ in range(10_000):
            pipe.incr("n")
        see("a long pipeline", lambda: pipe.execute() == list(range(1, 10_001)))
    with client.pipeline() as pipe:
        pipe.set("t", 1).incr("t").get("t")
        see("a transaction", pipe.execute)
    with client.pipeline() as pipe:
        pipe.set("t", 5).incr("text").incr("t")
        see("a transaction with an error in it", pipe.execute, raise_on_error=False)
        see("the same, raised", lambda: pipe.incr("text").execute())
    with client.pipeline() as pipe:
        pipe.execute_command("NOSUCH").get("t")
        see("a transaction with an unknown command", pipe.execute)
    with client.pipeline() as pipe:
        pipe.watch("t")
        value = int(pipe.get("t"))
        client.set("t", 100)
        pipe.multi()
        pipe.set("t", value + 1)
        see("a conflict", pipe.execute)
        see("what it left", client.get, "t")
        pipe.watch("t")
        pipe.multi()
        pipe.incr("t")
        see("no conflict", pipe.execute)
        pipe.watch("t")
        client.set("t", 0)
        pipe.unwatch()
        pipe.multi()
        pipe.incr("t")
        see("unwatched", pipe.execute)
    tries = []

    def once_disturbed(pipe):
        tries.append(int(pipe.get("t")))
        if len(tries) == 1:
            client.set("t", 10)
        pipe.multi()
        pipe.incr("t")

    see("client.transaction", client.transaction, once_disturbed, "t")
    see("its tries", lambda: tries)
    lock = client.lock("lock", timeout=10, blocking=False)
    see("a lock is taken", lock.acquire, token="mine")
    see("it is owned", lock.owned)
    see("a lock is given back, by a script", lock.release)


def channels(client):
    with client.pubsub() as subscriber:
        def next_message():
            return subscriber.get_message(timeout=DEADLINE_S)

        subscriber.subscribe("news", "sport")
        see("subscribed", next_message)
        see("subscribed to another", next_message)
        subscriber.psubscribe("n?w*", "[a-c]*")
        see("subscribed to a pattern", next_message)
        see("subscribed to another pattern", next_message)
        see("publish", client.publish, "news", "hello")
        see("what comes", next_message)
        see("what comes by the pattern", next_message)
        see("publish binary", client.publish, "cat", bytes(range(256)))
        see("binary comes", next_message)
        see("publish to nobody", client.publish, "zebra", "hello")
        see("pubsub channels", lambda: sorted(client.pubsub_channels()))
        see("pubsub numsub", lambda: sorted(client.pubsub_numsub("news", "zebra")))
        see("pubsub numpat", client.pubsub_numpat)
        subscriber.ping()
        see("ping while subscribed", next_message)
        subscriber.unsubscribe("news")
        see("unsubscribed", next_message)
        subscriber.unsubscribe()
        see("unsubscribed from all", next_message)
        subscriber.punsubscribe()
        see("unsubscribed from patterns", lambda: sorted(plain([next_message(), next_message()]), key=str))
    heard = threading.Event()
    with client.pubsub(ignore_subscribe_messages=True) as subscriber:
        subscriber.subscribe(news=lambda message: (see("a handler", lambda: message), heard.set()))
        thread = subscriber.run_in_thread(sleep_time=0.01)
        while not client.publish("news", "to the handler"):
            pass
        heard.wait(DEADLINE_S)
        thread.stop()
        thread.join()


def ping_again(client):
    """Whether the library notices before or after it has sent something is chance: then it tells once."""
    try:
        return client.ping()
    except redis.ConnectionError:
        return client.ping()


def connections(client):
    named = connect(client_name="a-name", single_connection_client=True)
    see("client getname", named.client_getname)
    see("client setname", named.client_setname, "another")
    see("client setname with a space", named.client_setname, "a name")
    see("client id", lambda: named.client_id() > 0)
    see("client info", lambda: {key: named.client_info()[key] for key in ("name", "db", "multi", "user", "cmd", "sub", "omem")})
    mine = named.client_id()
    see("client list", lambda: [each["name"] for each in client.client_list() if each["id"] == str(mine)])
    see("client list by id", lambda: [each["cmd"] for each in client.client_list(client_id=[str(mine)])])
    see("client list by type", lambda: client.client_list(_type="pubsub"))
    see("client setinfo", named.execute_command, "CLIENT", "SETINFO", "LIB-NAME", "redis-py")
    see("client setinfo of something else", named.execute_command, "CLIENT", "SETINFO", "COLOUR", "red")
    see("client no-evict", client.execute_command, "CLIENT", "NO-EVICT", "ON")
    see("client kill of nobody", client.client_kill_filter, _id=10**9)
    see("client kill", client.client_kill_filter, _id=mine)
    see("what was killed connects again", ping_again, named)
    see("echo", client.echo, "hello")
    see("select", client.select, 0)
    see("hello 2", lambda: [plain(client.execute_command("HELLO", 2))[i] for i in (0, 1, 4, 5, 8, 9, 10, 11)])


def servers(client):
    see("info", lambda: [client.info()[key] for key in ("redis_version", "loading", "role", "redis_mode", "arch_bits")])
    see("info keyspace", lambda: client.info("keyspace")["db0"]["keys"] == client.dbsize())
    see("config get", client.config_get, "*xmemory-pol*")
    see("config set", client.config_set, "maxmemory", "500mb")
    see("what it is then", client.config_get, "maxmemory")
    see("config set of nothing", client.config_set, "no-such-setting", "1")
    see("command count", lambda: client.command_count() == len(client.command()))
    see("command getkeys", client.command_getkeys, "MSET", "a", 1, "b", 2)
    see("time", lambda: abs(client.time()[0] - time.time()) < 60)
    see("lastsave", lambda: client.lastsave().year > 2000)
    see("slowlog", lambda: client.slowlog_len() >= 0)  # What took long enough, nobody knows beforehand.
    see("memory usage", lambda: client.memory_usage("text") > 0)
    see("waitaof", client.execute_command, "WAITAOF", 1, 0, 1000)
    see("acl list", lambda: len(client.acl_list()))
    see("acl getuser", lambda: client.acl_getuser("app")["flags"])
    see("a list", client.lpush, "list", 1)
    see("a hash", client.hset, "hash", "field", "value")
    client.delete("list", "hash", "lock")
    see("too few arguments", client.execute_command, "GET")
    see("an unknown option", client.execute_command, "SET", "key", "value", "WAT")
    see("a time that is none", client.execute_command, "SET", "key", "value", "EX", "0")
    with client.monitor() as monitor:
        client.set("watched", "by the monitor")
        see("monitor", lambda: monitor.next_command()["command"])


def restarts(client):
    from redis.backoff import ConstantBackoff
    from redis.retry import Retry
    client.set("kept", "through the restart")
    client.set("kept for a while", "also", ex=1000)
    subscriber = client.pubsub(ignore_subscribe_messages=True)
    subscriber.subscribe("news")
    say(ask="restart")
    sys.stdin.readline()
    see("the connection finds its way", client.get, "kept")
    see("how long it lives", lambda: near(client.pttl("kept for a while"), 1_000_000))
    see("all keys", client.dbsize)
    again = connect(retry=Retry(ConstantBackoff(0.01), 100), retry_on_error=[redis.ConnectionError])
    see("with a policy", again.ping)
    deadline = time.monotonic() + DEADLINE_S
    message = None
    while message is None and time.monotonic() < deadline:
        try:
            message = subscriber.get_message(timeout=0.1)
            client.publish("news", "after the restart")
        except redis.ConnectionError:  # Told once; the next call connects and subscribes again.
            continue
    see("the subscriber finds its way", lambda: message)


def main():
    logins()
    client = connect()
    for part in (strings, keys, bytes_of_all_kinds, pipelines, channels, connections, servers, restarts):
        part(client)


main()
