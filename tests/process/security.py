#!/usr/bin/env python3
"""Every way in that is closed, tried: passwords, users and their rules. The same users' file is given to a real
redis-server where one is installed, and the same is said to both: the replies must be the same, byte for byte."""

import hashlib
import os
import re
import shutil
import socket
import subprocess
import threading
import time
import unittest

import _program
from _program import Client, Closed, NotStarted, ReplyError, Server

USERS = """user default on >master ~* &* +@all
user reader on >read ~app:* +@read -keys +acl|whoami
user writer on >write %R~in:* %W~out:* +@all -@dangerous +acl|dryrun
user clerk on >one >two ~* -@all +get +set +client|id +config|get +select|0 +acl|whoami
user picker on >pick +@connection +acl|whoami (+get ~a:*) (+set %W~b:*)
user off off >off ~* &* +@all
user talker on >talk ~a* &news.* &one +@all -@dangerous
user open on nopass ~* &* +ping +acl|whoami
"""


def write(text, name="users.acl"):
    path = os.path.join(_program.folder(), name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Redis:
    """A real Redis with users; None if it isn't installed, or is of another version."""

    @staticmethod
    def start(users):
        version = subprocess.run(["redis-server", "--version"], capture_output=True, text=True,
                                 check=True).stdout if shutil.which("redis-server") else ""
        if "v=7.0." not in version:
            return None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        _program.spawn(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir",
                        _program.folder(), "--aclfile", write(users)], stdout=-3)
        deadline = time.monotonic() + _program.DEADLINE_S
        while time.monotonic() < deadline:
            try:
                Client(port).close()
                return port
            except ConnectionRefusedError:
                continue
        return None


# What one connection sends, a command a line; each begins anew. Of the commands both servers know.
CONVERSATIONS = """
PING | GET k | SET k v | ACL WHOAMI | CONFIG GET port | COMMAND COUNT | NOSUCH | GET | CLIENT | CLIENT NOSUCH
AUTH | AUTH a b c | AUTH wrong | AUTH default wrong | AUTH nobody master | AUTH Default master | AUTH off off
HELLO | HELLO 3 | HELLO 2 SETNAME x | HELLO 4 | HELLO x | HELLO 3 AUTH default wrong | HELLO 3 AUTH off off | PING
HELLO 2 AUTH nobody x SETNAME y | HELLO 3 AUTH default | HELLO 3 BOGUS | HELLO 3 AUTH reader read BOGUS | ACL WHOAMI
RESET | QUIT
AUTH master | ACL WHOAMI | PING | RESET | PING | AUTH default master | SET app:1 v | SET in:1 w | SET a:1 x | SET k y
AUTH default master | AUTH reader read | ACL WHOAMI | AUTH reader wrong | ACL WHOAMI | AUTH default master | ACL WHOAMI
AUTH reader read | GET app:1 | GET k | SET app:1 x | MGET app:1 app:2 | MGET app:1 k | EXISTS app:1 k | KEYS * | DBSIZE
AUTH reader read | ACL LIST | ACL SETUSER reader +@all | ACL WHOAMI | CONFIG SET requirepass x | FLUSHALL | CLIENT LIST
AUTH reader read | TTL app:1 | TTL k | EXPIRE app:1 10 | TYPE app:1 | STRLEN app:1 | GETDEL app:1 | GETEX app:1 | PING
AUTH writer write | GET in:1 | SET in:1 v | DEL in:1 | GET out:1 | SET out:1 v | SET out:1 v GET | SET out:1 v EX 9 | INCR out:1
AUTH writer write | MSET out:1 a out:2 b | MSET out:1 a in:1 b | APPEND out:1 x | SETNX out:3 x | EXISTS out:1 | EXISTS in:1 | EXISTS k
AUTH writer write | DEL out:1 out:2 | DEL out:1 k | UNLINK out:3 | GETSET out:1 x | PERSIST out:1 | EXPIRE out:1 9 | TYPE out:1 | PING
AUTH writer write | KEYS * | FLUSHALL | INFO | CONFIG GET port | CLIENT LIST | ACL LIST | ACL DRYRUN writer GET in:1 | ACL WHOAMI
AUTH clerk two | GET k | SET k v | DEL k | CLIENT ID x | CLIENT LIST | CONFIG GET appendonly-nosuch | CONFIG SET maxmemory 1 | SELECT 0 | SELECT 1
AUTH clerk one | ACL WHOAMI | ACL CAT | ECHO x | HELLO 3 | GET k | COMMAND COUNT | RESET | GET k
AUTH picker pick | GET a:1 | SET a:1 x | SET b:1 x | GET b:1 | DEL a:1 | MGET a:1 | PING | ECHO x | SELECT 0 | ACL WHOAMI
AUTH writer write | COPY in:1 out:1 | COPY out:1 in:1 | COPY in:1 k | RENAME out:1 out:2 | RENAME in:1 out:1 | OBJECT ENCODING in:1 | OBJECT ENCODING k
AUTH writer write | MEMORY USAGE k | TOUCH out:1 | TOUCH k | MSETNX out:8 1 k 2 | GETRANGE in:1 0 1 | GETRANGE out:1 0 1 | SETRANGE out:9 0 x | RANDOMKEY x
AUTH talker talk | PUBLISH news.x m | PUBLISH other m | PUBLISH one | SUBSCRIBE other | SUBSCRIBE one other | PSUBSCRIBE news.s* | PSUBSCRIBE *
AUTH talker talk | PSUBSCRIBE news.* | PING | PUNSUBSCRIBE other | SUBSCRIBE other | SUBSCRIBE one | UNSUBSCRIBE one | UNSUBSCRIBE other | PUNSUBSCRIBE news.* | GET a1
AUTH talker talk | MULTI | GET a1 | SET a1 v | PUBLISH one m | EXEC | MULTI | GET a1 | GET b | SET a1 w | EXEC | GET a1
AUTH talker talk | MULTI | PUBLISH other m | EXEC | MULTI | FLUSHALL | DISCARD | WATCH b | WATCH a1 | UNWATCH | EXEC
AUTH reader read | MULTI | EXEC | WATCH app:1 | SUBSCRIBE x | PUBLISH x y | PUBSUB CHANNELS | SLOWLOG GET | MONITOR
MULTI | EXEC | DISCARD | WATCH k | SUBSCRIBE x | UNSUBSCRIBE x | PUBLISH x y | MONITOR | SHUTDOWN | SLOWLOG GET
AUTH open anything | PING | ACL WHOAMI | GET k | AUTH open "" | ACL WHOAMI
AUTH master | ACL WHOAMI x | ACL USERS | ACL USERS x | ACL NOSUCH | ACL | ACL GETUSER nobody | ACL DELUSER default
AUTH master | ACL GETUSER writer | ACL GETUSER picker | ACL GETUSER off | ACL GETUSER default
AUTH master | ACL CAT | ACL CAT nosuch | ACL CAT a b | ACL CAT hyperloglog x | ACL GENPASS 0 | ACL GENPASS 4097 | ACL GENPASS x | ACL GENPASS 1 2
AUTH master | ACL DRYRUN nobody GET k | ACL DRYRUN reader NOSUCH | ACL DRYRUN reader GET | ACL DRYRUN reader GET k | ACL DRYRUN reader GET app:1
AUTH master | ACL DRYRUN reader SET app:1 x | ACL DRYRUN writer SET in:1 x | ACL DRYRUN writer MGET in:1 k | ACL DRYRUN off GET k | ACL DRYRUN open GET k
AUTH master | ACL DRYRUN clerk CLIENT LIST | ACL DRYRUN clerk CLIENT ID | ACL DRYRUN clerk CLIENT NOSUCH | ACL DRYRUN clerk client|id | ACL DRYRUN clerk SELECT 1
AUTH master | ACL LOG RESET | ACL LOG | ACL LOG x | ACL LOG 1 2 | ACL LOG -1
AUTH master | ACL SETUSER new | ACL GETUSER new | ACL SETUSER new on >pw ~a* %R~b &c +@all -@dangerous | ACL GETUSER new | ACL DELUSER new nobody | ACL GETUSER new
AUTH master | ACL SETUSER new <no | ACL SETUSER new #abc | ACL SETUSER new !abc | ACL SETUSER new +nosuch | ACL SETUSER new -nosuch | ACL SETUSER new +@nosuch
AUTH master | ACL SETUSER new +client|nosuch | ACL SETUSER new -get|x | ACL SETUSER new +config|get|x | ACL SETUSER new +client| | ACL SETUSER new +
AUTH master | ACL SETUSER new "~a b" | ACL SETUSER new %Q~x | ACL SETUSER new % | ACL SETUSER new %RR~x | ACL SETUSER new "&a b" | ACL SETUSER new bogus
AUTH master | ACL SETUSER new (+get | ACL SETUSER new (+get ~x | ACL SETUSER new (bogus) | ACL SETUSER new (on) | ACL SETUSER new ((+get)) | ACL SETUSER "a b"
AUTH master | ACL SETUSER new allkeys ~x | ACL SETUSER new allchannels &x | ACL SETUSER new off on bogus | ACL GETUSER new
AUTH master | ACL SETUSER new (+get ~x) off (+set %R~y ) | ACL GETUSER new | ACL SETUSER new clearselectors | ACL GETUSER new | ACL SETUSER new reset | ACL GETUSER new
AUTH master | ACL SETUSER new nopass | ACL GETUSER new | ACL SETUSER new >a >b >a <b | ACL GETUSER new | ACL SETUSER new resetpass skip-sanitize-payload | ACL GETUSER new
AUTH master | ACL SETUSER new +@string -set | ACL GETUSER new | ACL SETUSER new -@all +@all -get +get | ACL GETUSER new | ACL SETUSER new -config +config|get | ACL GETUSER new
AUTH master | ACL SETUSER new -@all +select|0 | ACL GETUSER new | ACL SETUSER new +@hash | ACL GETUSER new | ACL SETUSER new nocommands allcommands | ACL GETUSER new | ACL DELUSER new
AUTH master | CONFIG GET aclfile-nosuch | CONFIG GET acl-pubsub-default | CONFIG GET acllog-max-len | CONFIG SET aclfile x
"""

# What the parser says of those nobody knows.
RAW = ("*11\r\n$4\r\nMGET\r\n", "*2\r\n$4\r\nECHO\r\n$16385\r\n", "*10\r\n$16384\r\n" + "x" * 16384 + "\r\n$16385\r\n",
       "*1048577\r\n", "*2147483648\r\n", "*1\r\n$536870913\r\n", "*2\r\n$4\r\nAUTH\r\n$6\r\nmaster\r\n*11\r\n" + "$4\r\nECHO\r\n" * 11,
       "*2\r\n$4\r\nAUTH\r\n$6\r\nmaster\r\n*2\r\n$4\r\nECHO\r\n$20000\r\n" + "x" * 20000 + "\r\n",
       "*1\r\n$5\r\nRESET\r\n*11\r\n", "AUTH wrong\r\n*11\r\n")


def converse(port, line):
    """What is answered to a line of CONVERSATIONS."""
    replies = []
    with Client(port) as client:
        for command in line.split(" | "):
            client.send_raw(command.encode() + b"\r\n")
            try:
                reply = client.raw_reply()
            except Closed:
                reply = b"closed"
            # The number of a connection is the one thing that is new each time.
            replies.append((command, re.sub(rb"(\$2\r\nid\r\n):\d+", rb"\1:1", reply)))
    return replies


class AsRedis(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = Server("--aclfile", write(USERS))
        cls.redis = Redis.start(USERS)
        if cls.redis is None:
            raise unittest.SkipTest("no redis-server 7.0 is installed")

    def test_conversations(self):
        for line in CONVERSATIONS.strip().split("\n"):
            for ours, theirs in zip(converse(self.server.port, line), converse(self.redis, line)):
                if "COMMAND COUNT" in ours[0] and ours[1].startswith(b":"):
                    continue
                with self.subTest(line=line, command=ours[0]):
                    self.assertEqual(ours[1].decode(), theirs[1].decode())

    def test_what_nobody_knows_may_be_small_only(self):
        def answer(port, raw):
            with Client(port) as client:
                client.send_raw(raw.encode())
                client.socket.shutdown(socket.SHUT_WR)
                return client.rest().decode()
        for raw in RAW:
            with self.subTest(raw=raw[:60]):
                self.assertEqual(answer(self.server.port, raw), answer(self.redis, raw))


class Users(unittest.TestCase):
    def setUp(self):
        self.path = write(USERS)
        self.server = Server("--aclfile", self.path)
        self.addCleanup(self.server.kill)
        self.master = self.server.connect()
        self.assertEqual(self.master.call("AUTH", "master"), "OK")

    def log_in(self, user, password):
        client = self.server.connect()
        self.assertEqual(client.call("AUTH", user, password), "OK")
        return client

    def refused(self, client, *words):
        with self.assertRaises(ReplyError) as caught:
            client.call(*words)
        return str(caught.exception)

    def test_rules_change_while_their_user_is_connected(self):
        clerk = self.log_in("clerk", "one")
        self.assertEqual(clerk.call("SET", "k", "v"), "OK")
        self.assertEqual(self.master.call("ACL", "SETUSER", "clerk", "-set"), "OK")
        self.assertIn("NOPERM", self.refused(clerk, "SET", "k", "w"))
        self.assertEqual(self.master.call("ACL", "SETUSER", "clerk", "resetkeys", "~x"), "OK")
        self.assertIn("one of the keys", self.refused(clerk, "GET", "k"))
        self.assertEqual(self.master.call("ACL", "SETUSER", "clerk", "allkeys", "+@all"), "OK")
        self.assertEqual(clerk.call("SET", "k", "x"), "OK")

    def test_rules_change_between_multi_and_exec(self):
        clerk, talker = self.log_in("clerk", "one"), self.log_in("talker", "talk")
        self.assertEqual(self.master.call("ACL", "SETUSER", "clerk", "+multi", "+exec"), "OK")
        for words in (("MULTI",), ("SET", "k", "v"), ("GET", "k"), ("CLIENT", "ID")):
            clerk.call(*words)
        self.assertEqual(self.master.call("ACL", "SETUSER", "clerk", "-set", "-client|id"), "OK")
        clerk.send("EXEC")
        changed = (b"-NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This "
                   b"command is no longer allowed for the following reason: ")
        no_command = changed + b"no permission to execute the command or subcommand\r\n"
        self.assertEqual(clerk.raw_reply(), b"*3\r\n" + no_command + b"$-1\r\n" + no_command)
        for words in (("MULTI",), ("SET", "a1", "v"), ("PUBLISH", "one", "m"), ("GET", "a2")):
            talker.call(*words)
        self.assertEqual(self.master.call("ACL", "SETUSER", "talker", "resetkeys", "~a2", "resetchannels"), "OK")
        talker.send("EXEC")
        self.assertEqual(talker.raw_reply(), b"*3\r\n" + changed + b"no permission to touch the specified keys\r\n" +
                         changed + b"no permission to access one of the channels used as arguments\r\n$-1\r\n")
        self.assertIsNone(self.master.call("GET", "a1"))

    def test_who_loses_a_channel_loses_the_connection_that_subscribed(self):
        subscriber, other = self.log_in("talker", "talk"), self.log_in("talker", "talk")
        self.assertEqual(subscriber.call("SUBSCRIBE", "one"), [b"subscribe", b"one", 1])
        self.assertEqual(self.master.call("ACL", "SETUSER", "talker", "&more"), "OK")
        self.assertEqual(other.call("PUBLISH", "one", "m"), 1)
        self.assertEqual(subscriber.reply(), [b"message", b"one", b"m"])
        self.assertEqual(self.master.call("ACL", "SETUSER", "talker", "resetchannels", "&more"), "OK")
        self.assertEqual(subscriber.rest(), b"")
        self.assertIn("channels used as arguments", self.refused(other, "PUBLISH", "one", "m"))
        self.assertEqual(other.call("PUBLISH", "more", "m"), 0)

    def test_who_has_subscribed_to_what_is_still_allowed_stays(self):
        for before, subscribe, after in (("&*", ("SUBSCRIBE", "abc"), "&abc"), ("&a*", ("SUBSCRIBE", "abc"), "&ab*"),
                                         ("&*", ("PSUBSCRIBE", "a*"), "&a*")):
            with self.subTest(before=before, after=after):
                self.assertEqual(self.master.call("ACL", "SETUSER", "ear", "reset", "on", "nopass", before, "+@all"), "OK")
                stays, goes = self.log_in("ear", "x"), self.log_in("ear", "x")
                stays.call(*subscribe)
                goes.call("SUBSCRIBE", "other", "abc") if before == "&*" else goes.call("PSUBSCRIBE", "a*")
                self.assertEqual(self.master.call("ACL", "SETUSER", "ear", "resetchannels", after), "OK")
                goes.rest()
                self.assertEqual(self.master.call("PUBLISH", "abc", "m"), 1)
                self.assertEqual(stays.reply()[-1], b"m")
                stays.close()

    def test_rules_count_for_what_is_behind_them_in_a_transaction(self):
        self.assertEqual(self.master.call("ACL", "SETUSER", "self", "reset", "on", "nopass", "~*", "+@all"), "OK")
        client = self.log_in("self", "x")
        for words in (("MULTI",), ("SET", "own", "1"), ("ACL", "SETUSER", "self", "-get", "-ping"), ("GET", "own"), ("PING",)):
            client.call(*words)
        client.send("EXEC")
        refused = (b"-NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This "
                   b"command is no longer allowed for the following reason: no permission to execute the command or "
                   b"subcommand\r\n")
        self.assertEqual(client.raw_reply(), b"*4\r\n+OK\r\n+OK\r\n" + refused + refused)
        for words in (("MULTI",), ("ACL", "DELUSER", "self"), ("SET", "own", "2")):
            client.call(*words)
        client.send("EXEC")
        self.assertEqual(client.rest(), b"*2\r\n:1\r\n")
        self.assertEqual(self.master.call("GET", "own"), b"1", "a user who is gone changes nothing")

    def test_who_ends_its_own_connection_in_a_transaction_has_it_run(self):
        client = self.log_in("default", "master")
        own = str(client.call("CLIENT", "ID"))
        for words in (("MULTI",), ("CLIENT", "KILL", "ID", own, "SKIPME", "no"), ("SET", "last", "1"),
                      ("AUTH", "default", "master"), ("SET", "last", "2")):
            client.call(*words)
        client.send("EXEC")
        self.assertEqual(client.rest(), b"*4\r\n:1\r\n")
        self.assertEqual(self.master.call("GET", "last"), b"2")

    def test_who_shows_all_commands_is_kept_from_the_keys(self):
        client = self.log_in("default", "master")
        self.assertEqual(client.call("MONITOR"), "OK")
        for words in (("GET", "k"), ("SET", "k", "v"), ("DBSIZE",), ("PUBLISH", "c", "m")):
            self.assertEqual(self.refused(client, *words), "ERR Replica can't interact with the keyspace")
        client.send("RESET")
        self.assertIn(b"+RESET\r\n", client.raw_reply() + client.raw_reply())

    def test_a_user_who_is_disabled_stays_and_cannot_come_again(self):
        clerk = self.log_in("clerk", "one")
        self.assertEqual(self.master.call("ACL", "SETUSER", "clerk", "off"), "OK")
        self.assertIsNone(clerk.call("GET", "none"))
        self.assertIn("WRONGPASS", self.refused(self.server.connect(), "AUTH", "clerk", "one"))

    def test_connections_of_a_removed_user_end(self):
        clerks = [self.log_in("clerk", "one") for _ in range(3)]
        reader = self.log_in("reader", "read")
        self.assertEqual(self.master.call("ACL", "DELUSER", "clerk"), 1)
        for clerk in clerks:
            self.assertEqual(clerk.rest(), b"")
        self.assertEqual(reader.call("ACL", "WHOAMI"), b"reader")
        writer = self.log_in("writer", "write")
        self.assertEqual(self.master.call("ACL", "SETUSER", "writer", "+@all"), "OK")
        writer.send("ACL", "DELUSER", "writer")
        self.assertEqual(writer.rest(), b":1\r\n")

    def test_what_is_saved_can_be_read_again(self):
        for rules in (("", "on", "nopass", "+acl|whoami", "~*"), ("parts", "%R~*", "%W~*", "~b"), ("word", "+get|X")):
            self.assertEqual(self.master.call("ACL", "SETUSER", *rules), "OK")
        before = self.master.call("ACL", "LIST")
        self.assertIn(b"user word off resetchannels -@all +get|X", before)
        self.assertEqual(self.master.call("ACL", "SAVE"), "OK")
        self.assertEqual(self.master.call("ACL", "LOAD"), "OK")
        self.assertEqual(self.master.call("ACL", "LIST"), before)
        self.assertEqual(self.log_in("", "x").call("ACL", "WHOAMI"), b"")

    def test_the_file_is_written_with_hashes_only_and_read_again(self):
        self.assertEqual(self.master.call("ACL", "SETUSER", "new", "on", ">fresh", "~*", "+get"), "OK")
        self.assertEqual(self.master.call("ACL", "SAVE"), "OK")
        text = read(self.path)
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)
        for secret in ("master", "fresh", "write "):
            self.assertNotIn(f">{secret}", text)
        self.assertIn(f"user new on #{hashlib.sha256(b'fresh').hexdigest()} ~* resetchannels -@all +get\n", text)
        clerk = self.log_in("clerk", "two")
        reader = self.log_in("reader", "read")
        with open(self.path, "w", encoding="utf-8") as file:
            file.write("\n".join(line for line in text.split("\n") if "clerk" not in line))
        self.assertEqual(self.master.call("ACL", "LOAD"), "OK")
        self.assertEqual(clerk.rest(), b"")
        self.assertEqual(reader.call("ACL", "WHOAMI"), b"reader")
        with open(self.path, "a", encoding="utf-8") as file:
            file.write("user bad +nosuch\n")
        self.assertIn("no change to the previously active ACL rules", self.refused(self.master, "ACL", "LOAD"))
        self.server.kill()
        with self.assertRaises(NotStarted) as caught:
            Server("--aclfile", self.path)
        self.assertIn("Unknown command or category name in ACL", caught.exception.errors)
        self.assertEqual(caught.exception.code, 1)

    def test_failures_are_slowed_and_others_are_not_held_up(self):
        attempts = 8
        slow = self.server.connect()
        began = time.monotonic()
        for _ in range(attempts):
            slow.send("AUTH", "reader", "wrong")
        done = threading.Event()
        thread = threading.Thread(target=lambda: ([slow.raw_reply() for _ in range(attempts)], done.set()))
        thread.start()
        latencies = []
        while not done.is_set():
            before = time.monotonic()
            self.assertEqual(self.master.call("PING"), "PONG")
            latencies.append(time.monotonic() - before)
        thread.join()
        self.assertGreater(time.monotonic() - began, 0.05 + 0.1 + 0.2 + 0.4)
        latencies.sort()
        self.assertLess(latencies[len(latencies) // 2], 0.02)
        self.assertEqual(self.log_in("writer", "write").call("ACL", "DRYRUN", "writer", "PING"), "OK")

    def test_no_password_is_shown_or_logged(self):
        self.assertEqual(self.master.call("CONFIG", "SET", "requirepass", "newmaster"), "OK")
        self.assertEqual(self.master.call("CONFIG", "GET", "requirepass"), [b"requirepass", b"(hidden)"])
        self.refused(self.server.connect(), "AUTH", "reader", "guessed")
        shown = [str(self.master.call(*words)) for words in (("ACL", "LIST"), ("ACL", "LOG"), ("INFO",), ("CLIENT", "LIST"),
                                                            ("CONFIG", "GET", "*"), ("ACL", "GETUSER", "reader"))]
        shown.append(self.server.errors())
        for text in shown:
            for secret in ("newmaster", "guessed", "'read'"):
                self.assertNotIn(secret, text)
        self.assertIn("user=default", shown[3])

    @unittest.skipUnless(shutil.which("redis-cli"), "redis-tools is not installed")
    def test_redis_cli(self):
        def cli(*arguments, env=None):
            return subprocess.run(["redis-cli", "-p", str(self.server.port), *arguments], capture_output=True, text=True,
                                  timeout=_program.DEADLINE_S, check=False, env={**os.environ, **(env or {})})
        self.assertEqual(cli("-a", "master", "ACL", "WHOAMI").stdout, "default\n")
        self.assertEqual(cli("--user", "reader", "--pass", "read", "-3", "ACL", "WHOAMI").stdout, "reader\n")
        self.assertEqual(cli("--user", "reader", "ACL", "WHOAMI", env={"REDISCLI_AUTH": "read"}).stdout, "reader\n")
        self.assertIn("WRONGPASS", cli("-a", "wrong", "PING").stderr)
        self.assertIn("NOAUTH", cli("PING").stdout)
        self.assertIn("NOPERM", cli("--user", "reader", "--pass", "read", "--no-auth-warning", "SET", "app:1", "x").stdout)


class Settings(unittest.TestCase):
    def refused(self, *arguments, **environment):
        with self.assertRaises(NotStarted) as caught:
            Server(*arguments, env=_program.environment(**environment))
        self.assertIn(caught.exception.code, (1, 2))
        return caught.exception.errors

    def test_a_required_password(self):
        for how in (dict(env=_program.environment(UNDERSTUDY_REQUIREPASS="secret")),
                    dict(arguments=("--requirepass", "secret")),
                    dict(arguments=("--config", write('requirepass = "secret"\n', "understudy.toml")))):
            with Server(*how.get("arguments", ()), env=how.get("env")) as server, server.connect() as client:
                with self.assertRaises(ReplyError):
                    client.call("PING")
                self.assertEqual(client.call("AUTH", "secret"), "OK")
                self.assertEqual(client.call("PING"), "PONG")

    def test_a_required_password_beside_a_file_that_was_saved(self):
        path = write("")
        with Server("--requirepass", "secret", "--aclfile", path) as server, server.connect() as client:
            self.assertEqual(client.call("AUTH", "secret"), "OK")
            self.assertEqual(client.call("ACL", "SAVE"), "OK")
        with Server("--requirepass", "secret", "--aclfile", path) as server, server.connect() as client:
            self.assertEqual(client.call("AUTH", "secret"), "OK")
            self.assertEqual(client.call("ACL", "SETUSER", "default", "resetpass", ">other"), "OK")
            self.assertEqual(client.call("ACL", "SAVE"), "OK")
        with Server("--requirepass", "secret", "--aclfile", path) as server, server.connect() as client:
            with self.assertRaises(ReplyError):
                client.call("AUTH", "secret")
            self.assertEqual(client.call("AUTH", "other"), "OK")
        errors = self.refused("--requirepass", "secret", "--aclfile", write("user default on nopass ~* &* +@all\n"))
        for part in ("users.acl", "nopass", "requirepass"):
            self.assertIn(part, errors)

    def test_users_in_the_settings(self):
        path = write("""
            [users]
            default = "off"
            alice = "on >secret ~* +@read (+set ~a:*)"
            bob = "on #81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9 +ping"
            """, "understudy.toml")
        with Server("--config", path) as server, server.connect() as client:
            for words in (("PING",), ("AUTH", "default", ""), ("AUTH", "bob", "alice")):
                with self.assertRaises(ReplyError):
                    client.call(*words)
            self.assertEqual(client.call("AUTH", "alice", "secret"), "OK")
            self.assertEqual(client.call("SET", "a:1", "x"), "OK")
            self.assertEqual(client.call("AUTH", "bob", "bob"), "OK")
            self.assertEqual(client.call("PING"), "PONG")

    def test_what_is_wrong_is_told_with_its_place(self):
        config = lambda text: ("--config", write(text, "understudy.toml"))
        for arguments, parts in (
                (config('[users]\nalice = "on bogus"\n'), ["understudy.toml:2", "users.alice", "Syntax error"]),
                (config('[users]\nalice = "on +nosuch"\n'), ["understudy.toml:2", "users.alice", "'+nosuch'"]),
                (config('[users]\nalice = 5\n'), ["understudy.toml:2", "users.alice", "text"]),
                (config('[users]\n"a b" = "on"\n'), ["understudy.toml:2", "spaces"]),
                (config('users = "alice on"\n'), ["understudy.toml:1", "users", "table"]),
                (config('requirepass = "x"\n[users]\ndefault = "on"\n'), ["default", "requirepass"]),
                (config(f'aclfile = "{write(USERS)}"\n[users]\nalice = "on"\n'), ["users", "file"]),
                (("--aclfile", "/nonexistent/users.acl"), ["/nonexistent/users.acl"]),
                (("--aclfile", write("user alice bogus\n")), ["users.acl:1", "Syntax error"]),
                (("--aclfile", write("user alice on <hunter2\n")), ["users.acl:1: The password you are trying to remove"]),
                (("--requirepass", "x" * 16385), ["requirepass", "16384"]),
        ):
            with self.subTest(arguments=arguments):
                errors = self.refused(*arguments)
                for part in parts:
                    self.assertIn(part, errors)
                self.assertNotIn("hunter2", errors)


if __name__ == "__main__":
    _program.main()
