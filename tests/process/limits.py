#!/usr/bin/env python3
"""Limits with Redis's names: what they hold back, what CONFIG says of them, and that the others go on."""

import os
import resource
import select
import shutil
import socket
import subprocess
import time
import unittest

import _program
from _program import Client, ReplyError, Server, until


def get(client, name):
    return client.call("CONFIG", "GET", name)[1].decode()


class RemoteClient(Client):
    """A connection to `address`, which is not the loopback interface."""

    def __init__(self, address, port):
        self.socket = socket.create_connection((address, port), _program.DEADLINE_S)
        self.unread = b""


def address_beyond_loopback():
    """A numeric IPv4 address of this machine that is not loopback, or None."""
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        probe.connect(("192.0.2.1", 9))
        address = probe.getsockname()[0]
    except OSError:
        return None
    finally:
        probe.close()
    return None if address.startswith("127.") else address


class Configuration(unittest.TestCase):
    def test_defaults_are_those_of_redis(self):
        with Server() as server, server.connect() as client:
            for name, value in (("maxclients", "10000"), ("timeout", "0"), ("tcp-keepalive", "300"), ("tcp-backlog", "511"),
                                ("client-query-buffer-limit", "1073741824"), ("proto-max-bulk-len", "536870912"),
                                ("client-output-buffer-limit",
                                 "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"),
                                ("protected-mode", "yes"), ("tls-port", "0"), ("tls-auth-clients", "yes"), ("unixsocket", "")):
                self.assertEqual(get(client, name), value, name)

    def test_from_flags(self):
        with Server("--timeout", "7", "--tcp-keepalive", "8", "--tcp-backlog", "9", "--client-query-buffer-limit", "2mb",
                    "--proto-max-bulk-len", "3mb", "--client-output-buffer-limit", "pubsub 1mb 0 0 normal 1gb 0 0", "--protected-mode", "no", "--handshake-timeout", "4") as server:
            client = server.connect()
            for name, value in (("timeout", "7"), ("tcp-keepalive", "8"), ("tcp-backlog", "9"),
                                ("client-query-buffer-limit", "2097152"), ("proto-max-bulk-len", "3145728"),
                                ("client-output-buffer-limit",
                                 "normal 1073741824 0 0 slave 268435456 67108864 60 pubsub 1048576 0 0"),
                                ("protected-mode", "no"), ("handshake-timeout", "4")):
                self.assertEqual(get(client, name), value, name)

    # As Redis 7.0.15 answers them.
    CASES = (
        (("timeout", "-1"), "(possibly related to argument 'timeout') - argument must be between 0 and 2147483647 inclusive"),
        (("timeout", "x"), "(possibly related to argument 'timeout') - argument couldn't be parsed into an integer"),
        (("timeout", "2147483648"), "(possibly related to argument 'timeout') - argument must be between 0 and 2147483647 inclusive"),
        (("tcp-keepalive", "-1"), "(possibly related to argument 'tcp-keepalive') - argument must be between 0 and 2147483647 inclusive"),
        (("tcp-backlog", "5"), "(possibly related to argument 'tcp-backlog') - can't set immutable config"),
        (("maxclients", "0"), "(possibly related to argument 'maxclients') - argument must be between 1 and 4294967295 inclusive"),
        (("client-query-buffer-limit", "1"), "(possibly related to argument 'client-query-buffer-limit') - argument must be "
                                             "between 1048576 and 9223372036854775807 inclusive"),
        (("client-output-buffer-limit", "pubsub 1 2"), "(possibly related to argument 'client-output-buffer-limit') - Wrong "
                                                       "number of arguments in buffer limit configuration."),
        (("client-output-buffer-limit", "nobody 1 2 3"), "(possibly related to argument 'client-output-buffer-limit') - Invalid "
                                                         "client class specified in buffer limit configuration."),
        (("client-output-buffer-limit", "normal 1 2 x"), "(possibly related to argument 'client-output-buffer-limit') - Error in "
                                                         "hard, soft or soft_seconds setting in buffer limit configuration."),
        (("dir", "/tmp"), "(possibly related to argument 'dir') - can't set protected config"),
        (("proto-max-bulk-len", "x"), "(possibly related to argument 'proto-max-bulk-len') - argument must be a memory value"),
        (("protected-mode", "maybe"), "(possibly related to argument 'protected-mode') - argument must be 'yes' or 'no'"),
        (("tls-auth-clients", "maybe"), "(possibly related to argument 'tls-auth-clients') - argument(s) must be one of the "
                                        "following: no, yes, optional"),
        (("unixsocket", "/tmp/x"), "(possibly related to argument 'unixsocket') - can't set immutable config"),
        (("timeout", "5", "timeout", "6"), "(possibly related to argument 'timeout') - duplicate parameter"),
        (("timeout", "5", "maxclients", "abc"), "(possibly related to argument 'maxclients') - argument couldn't be parsed into "
                                                "an integer"),
    )

    def check_refusals(self, client):
        for words, expected in self.CASES:
            with self.subTest(words=words), self.assertRaises(ReplyError) as raised:
                client.call("CONFIG", "SET", *words)
            self.assertEqual(str(raised.exception), "ERR CONFIG SET failed " + expected)
        with self.assertRaisesRegex(ReplyError, "^ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'$"):
            client.call("CONFIG", "SET", "timeout", "5", "nosuch", "1")
        self.assertEqual(get(client, "timeout"), "0")

    def test_refusals_change_nothing(self):
        with Server() as server, server.connect() as client:
            self.check_refusals(client)
            self.assertEqual(client.call("CONFIG", "SET", "TIMEOUT", "5", "maxclients", "77"), "OK")
            self.assertEqual((get(client, "timeout"), get(client, "maxclients")), ("5", "77"))

    @unittest.skipUnless(shutil.which("redis-server"), "no redis-server is installed")
    def test_a_real_redis_refuses_alike(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        _program.spawn(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", _program.folder()],
                       stdout=subprocess.DEVNULL)

        def answers():
            try:
                return Client(port).call("PING") == "PONG"
            except (OSError, ReplyError):
                return False

        until(answers, "a redis-server that answers")
        self.check_refusals(Client(port))


class Silence(unittest.TestCase):
    def test_a_silent_connection_is_closed_and_a_busy_one_is_not(self):
        with Server("--timeout", "1") as server:
            silent, half, busy = server.connect(), server.connect(), server.connect()
            self.assertEqual(silent.call("PING"), "PONG")
            half.send_raw(b"*2\r\n$3\r\nGET\r\n")
            begun = time.monotonic()
            waiting = {silent.socket: None, half.socket: None}
            while waiting:
                self.assertEqual(busy.call("PING"), "PONG")
                for closed in select.select(list(waiting), [], [], 0.05)[0]:
                    self.assertEqual(closed.recv(100), b"")
                    waiting.pop(closed)
                self.assertLess(time.monotonic() - begun, _program.DEADLINE_S)
            self.assertGreaterEqual(time.monotonic() - begun, 0.9)
            self.assertEqual(busy.call("CONFIG", "SET", "timeout", "0"), "OK")
            self.assertEqual(busy.call("PING"), "PONG")

    def test_who_listens_may_be_silent(self):
        with Server("--timeout", "1") as server:
            silent, subscriber, monitor = server.connect(), server.connect(), server.connect()
            subscriber.call("SUBSCRIBE", "news")
            self.assertEqual(monitor.call("MONITOR"), "OK")
            self.assertEqual(silent.rest(), b"")
            with server.connect() as client:
                self.assertEqual(client.call("PUBLISH", "news", "hello"), 1)
            self.assertEqual(subscriber.reply(), [b"message", b"news", b"hello"])
            self.assertIn("PUBLISH", monitor.reply())

    @unittest.skipUnless(shutil.which("ss"), "ss is not installed: Debian's package iproute2 (cmake/packages.txt)")
    def test_keepalive_is_set(self):
        with Server("--tcp-keepalive", "120") as server, server.connect() as client:
            client.call("PING")
            shown = subprocess.run(["ss", "-tno", "state", "established", f"sport = :{server.port}"], capture_output=True,
                                   text=True, check=True).stdout
            self.assertIn("timer:(keepalive,1min", shown)


class Requests(unittest.TestCase):
    def test_the_longest_argument(self):
        with Server("--proto-max-bulk-len", "1mb") as server:
            with server.connect() as client:
                self.assertEqual(client.call("SET", "key", b"x" * (1 << 20)), "OK")
                client.send_raw(b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$1048577\r\n")
                self.assertEqual(client.rest(), b"-ERR Protocol error: invalid bulk length\r\n")
            with server.connect() as client:
                self.assertEqual(client.call("CONFIG", "SET", "proto-max-bulk-len", "2mb"), "OK")
                self.assertEqual(client.call("SET", "key", b"x" * (2 << 20)), "OK")

    def test_the_longest_unfinished_request(self):
        with Server("--client-query-buffer-limit", "1mb") as server:
            other = server.connect()
            with server.connect() as client:
                client.send_raw(b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5000000\r\n")
                try:
                    client.send_raw(b"x" * 4_000_000)
                except OSError:
                    pass
                self.assertEqual(client.rest(), b"")
            self.assertEqual(other.call("EXISTS", "key"), 0)
            self.assertIn("of a request that is not complete", server.errors())
            # What is complete does not count, however much of it comes at once.
            with server.connect() as client:
                client.send_raw(client.encode("SET", "key", b"x" * 1000) * 5000)
                self.assertEqual({client.raw_reply() for _ in range(5000)}, {b"+OK\r\n"})


@unittest.skipUnless(address_beyond_loopback(), "this machine has no address beyond loopback")
class ProtectedMode(unittest.TestCase):
    def setUp(self):
        self.address = address_beyond_loopback()

    def test_others_are_refused_until_it_is_off(self):
        with Server("--bind", "127.0.0.1 " + self.address) as server:
            self.assertEqual(len(server.listens_on), 2)
            refused = RemoteClient(self.address, server.port).rest()
            self.assertTrue(refused.startswith(b"-DENIED Redis is running in protected mode because protected mode is enabled "
                                               b"and no password is set for the default user."), refused)
            self.assertTrue(refused.endswith(b"\r\n"))
            with server.connect() as client:
                self.assertIn(b"rejected_connections:1\r\n", client.call("INFO", "stats"))
                self.assertEqual(client.call("CONFIG", "SET", "protected-mode", "no"), "OK")
                with RemoteClient(self.address, server.port) as remote:
                    self.assertEqual(remote.call("PING"), "PONG")
                    self.assertIn(f"addr={self.address}:".encode(), remote.call("CLIENT", "INFO"))
                self.assertEqual(client.call("CONFIG", "SET", "protected-mode", "yes"), "OK")
            self.assertTrue(RemoteClient(self.address, server.port).rest().startswith(b"-DENIED"))

    def test_a_password_lets_others_in(self):
        with Server("--bind", "127.0.0.1 " + self.address, env=_program.environment(UNDERSTUDY_REQUIREPASS="secret")) as server:
            with RemoteClient(self.address, server.port) as remote:
                with self.assertRaisesRegex(ReplyError, "^NOAUTH"):
                    remote.call("GET", "key")
                self.assertEqual(remote.call("AUTH", "secret"), "OK")
                self.assertIsNone(remote.call("GET", "key"))
                self.assertEqual(remote.call("CONFIG", "SET", "requirepass", ""), "OK")
            self.assertTrue(RemoteClient(self.address, server.port).rest().startswith(b"-DENIED"))

    def test_all_addresses(self):
        with Server("--bind", "* -::*", "--protected-mode", "no") as server:
            for address in ("127.0.0.1", self.address):
                with RemoteClient(address, server.port) as client:
                    self.assertEqual(client.call("PING"), "PONG")

    def test_an_address_of_another_machine(self):
        code, _, errors = _program.run("serve", "--port", "0", "--dir", _program.folder(), "--bind", "127.0.0.1 192.0.2.77")
        self.assertEqual(code, 1)
        self.assertIn("192.0.2.77", errors)
        with Server("--bind", "127.0.0.1 -192.0.2.77") as server:
            self.assertEqual(len(server.listens_on), 1)


class FileHandles(unittest.TestCase):
    def test_running_out_is_survived_and_told_once(self):
        with Server() as server:
            clients = [server.connect() for _ in range(5)]
            for client in clients:
                self.assertEqual(client.call("SET", "key", "value"), "OK")
            handles = len(os.listdir(f"/proc/{server.process.pid}/fd"))
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (handles, 20_000))
            waiting = [socket.create_connection(("127.0.0.1", server.port), _program.DEADLINE_S) for _ in range(20)]
            until(lambda: "accept a connection" in server.errors(), "the line in the log")
            before = time.process_time(), self.processor_time(server)
            begun = time.monotonic()
            # Those that are there are served, and it does not spin.
            while time.monotonic() - begun < 2:
                for client in clients:
                    self.assertEqual(client.call("SET", "key", "value"), "OK")
                select.select([], [], [], 0.1)
            used = self.processor_time(server) - before[1]
            self.assertLess(used, 1.0, "seconds of processor time in two seconds of nothing")
            self.assertEqual(server.errors().count("accept a connection"), 1, server.errors())
            # When handles are free again, who waited is served.
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (20_000, 20_000))
            for each in waiting:
                each.sendall(b"PING\r\n")
                self.assertEqual(each.recv(100), b"+PONG\r\n")
            # A next run of failures is told again.
            handles = len(os.listdir(f"/proc/{server.process.pid}/fd"))
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (handles, 20_000))
            waiting += [socket.create_connection(("127.0.0.1", server.port), _program.DEADLINE_S)]
            until(lambda: server.errors().count("accept a connection") == 2, "the second line in the log")
            self.assertEqual(server.stop(), 0)

    @staticmethod
    def processor_time(server):
        with open(f"/proc/{server.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_the_limit_is_raised_or_a_warning_says_how_far(self):
        with Server("--maxclients", "500", prefix=["prlimit", "--nofile=100:1000"]) as server, server.connect() as client:
            self.assertEqual(get(client, "maxclients"), "500")
            self.assertNotIn("open files", server.errors())
            with self.assertRaisesRegex(ReplyError, "^ERR CONFIG SET failed \\(possibly related to argument 'maxclients'\\) - The "
                                                    "operating system is not able to handle the specified number of clients, "
                                                    "try with 936$"):
                client.call("CONFIG", "SET", "maxclients", "5000")
            self.assertEqual(client.call("CONFIG", "SET", "maxclients", "900"), "OK")
        with Server("--maxclients", "5000", prefix=["prlimit", "--nofile=100:1000"]) as server, server.connect() as client:
            self.assertEqual(get(client, "maxclients"), "936")
            self.assertIn("the limit of 1000 open files leaves room for 936 of 5000 connections", server.errors())

    def test_fewer_clients_by_config(self):
        with Server() as server:
            first, second = server.connect(), server.connect()
            self.assertEqual((first.call("PING"), second.call("PING")), ("PONG", "PONG"))
            self.assertEqual(first.call("CONFIG", "SET", "maxclients", "1"), "OK")
            self.assertEqual(second.call("PING"), "PONG")  # Those that are there may stay.
            self.assertEqual(server.connect().rest(), b"-ERR max number of clients reached\r\n")


if __name__ == "__main__":
    _program.main()
