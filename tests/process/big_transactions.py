#!/usr/bin/env python3
"""All changes of a transaction are one batch of the journal, which holds a gigabyte: what is more is refused, and costs
nobody anything."""

import threading
import time
import unittest

import _program
from _program import ReplyError, Server

MIB = 1 << 20
REFUSED = "ERR these changes are more than one batch of the journal can hold"


class BigTransactions(unittest.TestCase):
    def setUp(self):
        # What is acknowledged with `none` would be lost with a writer that crashes.
        self.server = Server("--durability", "none", "--snapshot-after", "0")
        self.client = self.server.connect()
        self.client.socket.settimeout(300)

    def tearDown(self):
        self.server.kill()

    def transact(self, *commands):
        self.assertEqual(self.client.call("MULTI"), "OK")
        for words in commands:
            self.assertEqual(self.client.call(*words), "QUEUED")
        return [str(reply) if isinstance(reply, ReplyError) else reply for reply in self.client.call("EXEC")]

    def check_healthy(self):
        status = self.client.call("UNDERSTUDY", "STATUS")
        self.assertEqual(status[status.index(b"key-value-incarnation") + 1], 1, self.server.errors())
        self.assertEqual(self.client.call("UNDERSTUDY", "INCIDENTS"), [])

    def test_renames_there_and_back(self):
        self.client.call("SET", "big", b"v" * (200 * MIB))
        self.client.call("SET", "small", "kept")
        replies = self.transact(*[["RENAME", *names] for _ in range(4) for names in (("big", "other"), ("other", "big"))],
                                ["SET", "last", "1"])
        self.assertEqual(replies[:5], ["OK"] * 5)
        self.assertEqual(replies[5], REFUSED)
        self.assertEqual(replies[-1], "OK", "a small change still fits")
        self.assertEqual(self.client.call("STRLEN", "other"), 200 * MIB)
        self.check_healthy()
        self.server.stop()
        self.server = Server("--durability", "none", directory=self.server.directory)
        self.client = self.server.connect()
        self.assertEqual(self.client.call("MGET", "small", "last"), [b"kept", b"1"])
        self.assertEqual(self.client.call("STRLEN", "other"), 200 * MIB)

    def test_beside_writers(self):
        """What others have just written goes into the same group, but not into the same batch if it does not fit."""
        self.client.call("SET", "a", b"a" * (255 * MIB))
        self.client.call("SET", "b", b"b" * (512 * MIB - 2048))
        ended = threading.Event()
        written = [0] * 3

        def write(number):
            client = self.server.connect()
            while not ended.is_set():
                client.call("SET", f"beside:{number}", b"%d " % (written[number] + 1) + b"x" * 900_000)
                written[number] += 1

        writers = [threading.Thread(target=write, args=(number,)) for number in range(len(written))]
        for writer in writers:
            writer.start()
        try:
            deadline = time.monotonic() + _program.DEADLINE_S
            while min(written) < 10 and time.monotonic() < deadline:
                self.client.call("PING")
            replies = self.transact(["COPY", "a", "a1"], ["COPY", "a", "a2"], ["COPY", "b", "b1"])
        finally:
            ended.set()
            for writer in writers:
                writer.join()
        # The last fits or does not, by what others had put into the batch before.
        self.assertEqual(replies[:2], [1, 1])
        self.assertIn(replies[2], [1, REFUSED])
        self.check_healthy()
        for number, count in enumerate(written):
            self.assertTrue(self.client.call("GETRANGE", f"beside:{number}", "0", "9").startswith(b"%d " % count))

    def test_replies(self):
        self.client.call("SET", "big", b"v" * (300 * MIB))
        replies = self.transact(*[["STRLEN", "big"]] * 3)
        self.assertEqual(replies, [300 * MIB] * 3)
        with self.assertRaisesRegex(ReplyError, "longer than 1073741824 bytes together"):
            self.client.call("MGET", *["big"] * 1000)
        self.client.call("MULTI")
        for _ in range(6):
            self.client.call("GET", "big")
        self.client.send("EXEC")
        error = b"-ERR the replies of this transaction are longer than 1073741824 bytes\r\n"
        header = b"$%d\r\n" % (300 * MIB)
        expected = len(b"*6\r\n") + 4 * (len(header) + 300 * MIB + 2) + 2 * len(error)
        room = bytearray(MIB)
        end = b""
        while expected > 0:
            count = self.client.socket.recv_into(room, min(expected, MIB))
            self.assertGreater(count, 0, "the connection has ended")
            expected -= count
            end = (end + room[:count])[-2 * len(error):]
        self.assertEqual(end, 2 * error)
        self.check_healthy()

    def test_long_keys(self):
        with self.assertRaisesRegex(ReplyError, "a key can be 1048576 bytes long at most"):
            self.client.call("SET", b"k" * (MIB + 1), "v")
        self.assertEqual(self.client.call("SET", b"k" * MIB, "v"), "OK")
        self.assertEqual(self.client.call("GET", b"k" * MIB), b"v")


class Watches(unittest.TestCase):
    def test_a_key_named_again_and_again(self):
        server = Server("--durability", "none")
        client = server.connect()
        other = server.connect()
        self.assertEqual(client.call("WATCH", *["k"] * 500_000), "OK")
        for _ in range(100):
            client.send("WATCH", *["k"] * 1000)
        for _ in range(100):
            self.assertEqual(client.reply(), "OK")
        self.assertEqual(other.call("SET", "k", "1"), "OK")
        client.call("MULTI")
        client.call("PING")
        self.assertIsNone(client.call("EXEC"))
        # Names that need more than a connection may watch.
        with self.assertRaisesRegex(ReplyError, "may need at most 268435456 bytes"):
            for first in range(0, 3000, 10):
                client.call("WATCH", *(b"%d" % i + b"k" * (MIB // 2) for i in range(first, first + 10)))
        self.assertEqual(other.call("PING"), "PONG")
        server.kill()


if __name__ == "__main__":
    _program.main()
