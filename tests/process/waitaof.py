#!/usr/bin/env python3
"""WAITAOF has the journal flushed, and waits for nothing that will never come."""

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
