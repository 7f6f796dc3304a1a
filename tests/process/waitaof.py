#!/usr/bin/env python3
"""WAITAOF has the journal flushed, and waits for nothing that will never come; UNDERSTUDY DURABILITY makes it needless."""

import unittest

import _program
from _program import Server


class WaitAof(unittest.TestCase):
    def flushed(self, client):
        status = client.call("UNDERSTUDY", "STATUS")
        return status[status.index(b"journal-durable-lsn") + 1]

    def test_what_was_changed_is_flushed(self):
        for durability in ("none", "interval", "always"):
            with self.subTest(durability=durability):
                # A minute: nothing is flushed by itself meanwhile.
                server = Server("--durability", durability, "--flush-interval", "60000")
                client = server.connect()
                for i in range(10):
                    client.call("SET", f"k{i}", "v")
                # One that writes nothing asks too: what others have changed is flushed.
                self.assertEqual(server.connect().call("WAITAOF", "1", "0", "0"), [1, 0])
                self.assertEqual(self.flushed(client), 10)
                server.kill()

    def test_a_connection_may_want_more_than_the_server_gives(self):
        with Server("--durability", "interval", "--flush-interval", "60000") as server:
            usual, careful = server.connect(), server.connect()
            self.assertEqual(usual.call("SET", "k", "v"), "OK")
            self.assertEqual(self.flushed(usual), 0)
            self.assertEqual(careful.call("UNDERSTUDY", "DURABILITY"), b"interval")
            self.assertEqual(careful.call("UNDERSTUDY", "DURABILITY", "always"), "OK")
            self.assertEqual(careful.call("SET", "k", "w"), "OK")
            self.assertEqual(self.flushed(usual), 2)
            self.assertEqual(usual.call("SET", "k", "v"), "OK")
            self.assertEqual(self.flushed(usual), 2)

    def test_what_may_be_unwritten_is_not_said_to_be_flushed(self):
        for durability in ("interval", "always"):
            with self.subTest(durability=durability), Server("--durability", durability) as server:
                careless, careful = server.connect(), server.connect()
                self.assertEqual(careful.call("SET", "k", "v"), "OK")
                self.assertEqual(careful.call("WAITAOF", "1", "0", "0"), [1, 0])
                self.assertEqual(careless.call("UNDERSTUDY", "DURABILITY", "none"), "OK")
                self.assertEqual(careless.call("SET", "k", "w"), "OK")
                # What has been promised since does not make up for it.
                for words in (("UNDERSTUDY", "DURABILITY", "default"), ("RESET",)):
                    self.assertEqual(careless.call("WAITAOF", "0", "0", "0"), [0, 0])
                    careless.call("MULTI")
                    careless.call("WAITAOF", "1", "0", "0")
                    self.assertEqual(careless.call("EXEC"), [[0, 0]])
                    careless.call(*words)
                self.assertEqual(careless.call("WAITAOF", "1", "0", "0"), [1, 0])

    def test_what_is_wrong_is_told_in_the_words_of_redis(self):
        with Server() as server, server.connect() as client:
            for words, error in ((("2", "0", "0"), "value is out of range, value must between 0 and 1"),
                                 (("-1", "0", "0"), "value is out of range, value must between 0 and 1"),
                                 (("x", "-1", "-1"), "value is not an integer or out of range"),
                                 (("1", "-1", "-1"), "value is out of range, must be positive"),
                                 (("1", "0", "-1"), "timeout is negative"),
                                 (("1", "0", "x"), "timeout is not an integer or out of range")):
                with self.subTest(words=words), self.assertRaises(_program.ReplyError) as raised:
                    client.call("WAITAOF", *words)
                self.assertEqual(str(raised.exception), "ERR " + error)

    def test_replicas_are_not_waited_for(self):
        server = Server("--durability", "interval", "--flush-interval", "60000")
        client = server.connect()
        client.call("SET", "k", "v")
        self.assertEqual(client.call("WAITAOF", "0", "3", "0"), [0, 0])
        self.assertEqual(client.call("WAITAOF", "1", "3", "0"), [1, 0])
        client.call("SET", "k", "v")
        client.call("MULTI")
        client.call("WAITAOF", "1", "1", "0")
        self.assertEqual(client.call("EXEC"), [[0, 0]], "a transaction does not wait")
        server.stop()


if __name__ == "__main__":
    _program.main()
