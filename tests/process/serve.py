#!/usr/bin/env python3
"""`understudy serve`: how it starts, how it stops, and how it refuses to start."""

import os
import signal
import unittest

import _program
from _program import Server, run


class Start(unittest.TestCase):
    def test_prints_one_line_when_it_is_ready(self):
        with Server() as server:
            self.assertEqual(server.address, "127.0.0.1")
            self.assertEqual(server.keys, 0)
            self.assertEqual(server.durability, "always")
            self.assertRegex(server.ready_line, r"data in " + server.directory)
            self.assertEqual(server.connect().call("PING"), "PONG")

    def test_counts_the_keys_it_has_loaded(self):
        with Server() as server:
            server.connect().call("MSET", "a", 1, "b", 2)
            self.assertEqual(server.stop(), 0)
            with Server(directory=server.directory) as again:
                self.assertEqual(again.keys, 2)
                self.assertEqual(again.connect().call("GET", "b"), b"2")

    def test_listens_on_ipv6(self):
        try:
            server = Server("--bind", "::1")
        except AssertionError as error:
            if "Cannot assign requested address" in str(error) or "not supported" in str(error):
                self.skipTest("this machine has no IPv6")
            raise
        with server:
            self.assertIn("on [::1]:", server.ready_line)


class Stop(unittest.TestCase):
    def test_ends_with_0_on_each_signal(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number), Server() as server:
                idle = server.connect()
                self.assertEqual(idle.call("SET", "key", "value"), "OK")
                server.signal(number)
                self.assertEqual(server.wait(), 0)
                self.assertEqual(idle.rest(), b"")

    def test_the_signs_it_gives_itself_mean_nothing_from_others(self):
        with Server("--log-level", "warning") as server, server.connect() as client:
            for number in (signal.SIGUSR1, signal.SIGUSR2):
                server.signal(number)
                _program.until(lambda number=number: f"signal {int(number)} of process" in server.errors(), "a line that says so")
                self.assertEqual(client.call("PING"), "PONG")
            self.assertEqual(server.stop(), 0)

    def test_what_was_answered_is_kept_and_what_was_kept_was_asked(self):
        """A pipeline is under way when the signal comes: each answered command is in the store afterwards."""
        with Server() as server:
            client = server.connect()
            count = 20_000
            client.send_raw(b"".join(client.encode("SET", f"key:{i}", i) for i in range(count)))
            self.assertEqual(client.raw_reply(), b"+OK\r\n")
            server.signal(signal.SIGTERM)
            answered = 1 + client.rest().count(b"+OK\r\n")
            self.assertEqual(server.wait(), 0, server.errors())
            with Server(directory=server.directory) as again:
                kept = again.connect().call("DBSIZE")
                self.assertEqual(again.connect().call("GET", f"key:{answered - 1}"), str(answered - 1).encode())
                self.assertGreaterEqual(kept, answered)
                self.assertLessEqual(kept, count)

    def test_every_durability_keeps_what_a_clean_end_has_flushed(self):
        for durability in ("always", "interval", "none"):
            with self.subTest(durability=durability), Server("--durability", durability) as server:
                self.assertEqual(server.durability, durability)
                server.connect().call("SET", "key", "value")
                self.assertEqual(server.stop(), 0)
                with Server(directory=server.directory) as again:
                    self.assertEqual(again.connect().call("GET", "key"), b"value")


class Refusal(unittest.TestCase):
    """Each with exit code 1 and one line that says why."""

    def refused(self, *arguments):
        code, out, errors = run("serve", "--log-level", "off", *arguments)
        self.assertEqual((code, out), (1, ""), errors)
        self.assertEqual(errors.count("\n"), 1, errors)
        return errors

    def test_port_in_use(self):
        with Server() as server:
            errors = self.refused("--port", str(server.port), "--dir", os.path.join(_program.folder(), "data"))
            self.assertIn(f"port {server.port}", errors)
            self.assertIn("in use", errors)

    def test_no_address(self):
        self.assertIn("'localhost'", self.refused("--bind", "localhost", "--port", "0", "--dir", _program.folder()))

    def test_directory_in_use(self):
        with Server() as server:
            errors = self.refused("--port", "0", "--dir", server.directory)
            self.assertIn(str(server.process.pid), errors)
            self.assertIn(server.directory, errors)
            self.assertEqual(server.connect().call("PING"), "PONG")

    def test_directory_that_cannot_be_made(self):
        file = os.path.join(_program.folder(), "file")
        with open(file, "w", encoding="utf-8"):
            pass
        errors = self.refused("--port", "0", "--dir", os.path.join(file, "data"))
        self.assertIn(file, errors)

    def test_damage_is_named_and_left_as_it_is(self):
        with Server() as server:
            client = server.connect()
            for i in range(100):
                client.call("SET", f"key:{i}", "value" * 10)
            server.stop()
        segments = sorted(name for name in os.listdir(server.directory) if name != "LOCK")
        path = os.path.join(server.directory, segments[0])
        with open(path, "rb") as file:
            before = file.read()
        damaged = bytearray(before)
        damaged[len(damaged) // 2] ^= 0xFF
        with open(path, "wb") as file:
            file.write(damaged)
        errors = self.refused("--port", "0", "--dir", server.directory)
        self.assertIn(segments[0], errors)
        with open(path, "rb") as file:
            self.assertEqual(file.read(), damaged)

    def test_no_subcommand_prints_the_help(self):
        code, out, errors = run()
        self.assertEqual((code, out), (2, ""))
        self.assertIn("serve", errors)

    def test_help_and_version(self):
        for arguments in (["help"], ["--help"]):
            code, out, errors = run(*arguments)
            self.assertEqual((code, errors), (0, ""))
            for command in ("serve", "import", "export", "demo"):
                self.assertIn(command, out)
        code, out, errors = run("--version")
        self.assertEqual((code, errors), (0, ""))
        self.assertRegex(out, r"\Aunderstudy \d+\.\d+\.\d+\n\Z")

    def test_usage_errors(self):
        for arguments in (["dance"], ["serve", "--prot", "1"], ["serve", "--port"], ["import"], ["serve", "extra"]):
            with self.subTest(arguments=arguments):
                self.assertEqual(run(*arguments)[0], 2)


class StoreGone(unittest.TestCase):
    def test_a_store_that_cannot_be_brought_back_ends_the_program(self):
        """So that whoever watches the program sees it: a server that can answer nothing is worse than none."""
        with Server() as server:
            client = server.connect()
            for i in range(100):
                client.call("SET", f"key:{i}", "value" * 10)
            segment = sorted(name for name in os.listdir(server.directory) if name != "LOCK")[0]
            with open(os.path.join(server.directory, segment), "r+b") as file:
                content = bytearray(file.read())
                content[len(content.rstrip(b"\0")) // 2] ^= 0xFF  # Not in the room that is reserved.
                file.seek(0)
                file.write(content)
            self.assertEqual(client.call("UNDERSTUDY", "RESET", "key-value"), "OK")
            with self.assertRaisesRegex(_program.ReplyError, "stopped"):
                client.call("GET", "key:1")
            self.assertEqual(server.wait(), 1)
            self.assertIn("has ended", server.errors())
            code, _, errors = run("serve", "--port", "0", "--dir", server.directory)
            self.assertEqual(code, 1)
            self.assertIn(segment, errors)


class Limits(unittest.TestCase):
    def test_one_connection_too_many_is_told_so(self):
        with Server("--maxclients", "2") as server:
            first, second = server.connect(), server.connect()
            self.assertEqual([first.call("PING"), second.call("PING")], ["PONG", "PONG"])
            self.assertEqual(server.connect().rest(), b"-ERR max number of clients reached\r\n")
            second.call("QUIT")
            second.rest()
            # The place is free once the server has noticed: at most a few tries.
            for _ in range(1000):
                third = server.connect()
                third.send("PING")
                try:
                    if third.raw_reply() == b"+PONG\r\n":
                        return
                except (_program.Closed, ConnectionResetError):
                    pass
            self.fail("the place of a connection that ended was never free again")

    def test_a_thousand_connections(self):
        with Server() as server:
            clients = [server.connect() for _ in range(1000)]
            for i, client in enumerate(clients):
                client.send("SET", f"key:{i}", i)
            self.assertEqual({client.raw_reply() for client in clients}, {b"+OK\r\n"})
            self.assertIn(b"connected_clients:1000\r\n", clients[0].call("INFO", "clients"))
            self.assertEqual(server.stop(), 0)

    def test_large_values_and_deep_pipelines(self):
        with Server() as server:
            client = server.connect()
            large = os.urandom(20 << 20)
            self.assertEqual(client.call("SET", "large", large), "OK")
            self.assertEqual(client.call("GET", "large"), large)
            # The replies are many times larger than any buffer: the server must send as it goes.
            client.send_raw(client.encode("GET", "large") * 20 + client.encode("PING"))
            for _ in range(20):
                self.assertEqual(len(client.reply()), len(large))
            self.assertEqual(client.reply(), "PONG")
            client.send_raw(client.encode("INCR", "count") * 100_000)
            self.assertEqual([client.reply() for _ in range(100_000)], list(range(1, 100_001)))

    def test_a_client_that_does_not_read_holds_up_itself_alone(self):
        with Server() as server:
            lazy, other = server.connect(), server.connect()
            lazy.call("SET", "key", "x" * (1 << 20))
            lazy.send_raw(lazy.encode("GET", "key") * 100)
            for i in range(100):
                self.assertEqual(other.call("SET", f"key:{i}", i), "OK")
            self.assertEqual(len(lazy.reply()), 1 << 20)
            lazy.close()
            self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    _program.main()
