#!/usr/bin/env python3
"""Operations over many keys or long values take long; supervision never takes them for a stuck actor."""

import threading
import time
import unittest

import _program
from _program import ReplyError, Server

KEYS = 1_500_000
LONG = 512 << 20


class LongOperations(unittest.TestCase):
    def setUp(self):
        self.server = Server("--durability", "none", "--snapshot-after", "0")
        self.client = self.server.connect()
        self.client.socket.settimeout(300)

    def tearDown(self):
        self.server.kill()

    def incarnation(self):
        status = self.client.call("UNDERSTUDY", "STATUS")
        return status[status.index(b"key-value-incarnation") + 1]

    def fill(self, name, count, value=b"v"):
        """Keys by the ten thousand, each time with one MSET."""
        step = 10_000
        for first in range(0, count, step):
            words = [word for i in range(first, first + step) for word in (b"%s:%d" % (name, i), value)]
            self.assertEqual(self.client.call("MSET", *words), "OK")

    def timed(self, *words):
        begin = time.monotonic()
        try:
            return self.client.call(*words), time.monotonic() - begin
        except ReplyError as error:
            return error, time.monotonic() - begin

    def check_healthy(self):
        self.assertEqual(self.incarnation(), 1, self.server.errors())
        self.assertNotIn("reset", self.server.errors())

    def test_many_keys(self):
        self.fill(b"key", KEYS)
        longest = 0
        for words in (["KEYS", "*"], ["KEYS", "nosuch*"], ["KEYS", "*" + "?" * 20 + "b"], ["SCAN", "0", "COUNT", str(KEYS)],
                      ["MGET", *(b"key:%d" % i for i in range(0, KEYS, KEYS // 100_000))],
                      ["EXISTS", *[b"key:1"] * 1_000_000],
                      ["MSET", *(word for i in range(400_000) for word in (b"new:%d" % i, b"v"))],
                      ["DEL", *(b"new:%d" % i for i in range(400_000))]):
            reply, took = self.timed(*words)
            self.assertNotIsInstance(reply, ReplyError)
            longest = max(longest, took)
            self.check_healthy()
        # A pipeline of walks that find nothing, while another client works.
        other = self.server.connect()
        walks = 50
        # How long one of them takes is measured before and after: other work on the machine comes and goes.
        walk = self.timed("KEYS", "nosuch*")[1]
        self.client.send_raw(self.client.encode("KEYS", "nosuch*") * walks)
        waits = []
        for _ in range(10):
            begin = time.monotonic()
            self.assertEqual(other.call("PING"), "PONG")
            self.assertEqual(other.call("GET", "key:7"), b"v")
            waits.append(time.monotonic() - begin)
        for _ in range(walks):
            self.assertEqual(self.client.reply(), [])
        walk = max(walk, self.timed("KEYS", "nosuch*")[1])
        # A pipeline is one piece of work for the store, up to 1024 commands: the other client waits for that once, not again
        # and again.
        self.assertLess(sum(waits), 1.5 * walks * walk + 1)
        reply, took = self.timed("FLUSHALL")
        self.assertEqual(reply, "OK")
        self.check_healthy()
        self.assertEqual(self.client.call("DBSIZE"), 0)
        print(f"the longest took {longest:.2f} s, FLUSHALL {took:.2f} s; another client waited {max(waits):.2f} s at most")

    def test_a_long_pipeline_takes_turns_with_others(self):
        self.fill(b"key", 20_000)
        commands = 4000
        walk = min(self.timed("KEYS", "nosuch*")[1] for _ in range(20))
        with self.server.connect() as other:
            reader = threading.Thread(target=lambda: [self.client.reply() for _ in range(commands)])
            self.client.send_raw(self.client.encode("KEYS", "nosuch*") * commands)
            reader.start()
            waits = []
            while reader.is_alive():
                begin = time.monotonic()
                self.assertEqual(other.call("GET", "key:7"), b"v")
                waits.append(time.monotonic() - begin)
            reader.join()
        self.check_healthy()
        print(f"one walk took {walk * 1000:.1f} ms; another client had {len(waits)} turns and waited {max(waits):.2f} s at most")
        # It does not wait for all of it, which takes seconds, nor for half.
        self.assertLess(max(waits), commands * walk / 2)
        self.assertGreater(len(waits), 10)

    def test_patterns_made_to_take_for_ever(self):
        # Many short keys, and some as long as the pattern.
        self.fill(b"a" * 60, 200_000)
        for i in range(5):
            self.client.call("SET", b"a" * 100_000 + b"%d" % i, "v")
        bombs = [b"*a" * 50_000 + b"*c", b"*" + b"a" * 30 + b"c", b"*[" + b"b" * 100_000 + b"]c", b"[" * 100_000,
                 b"a*" * 1000 + b"c", b"*" + b"?" * 50_000 + b"c*" + b"a" * 40_000 + b"d", b"*[^a]" * 20_000, b"\\" * 100_000]
        refused = 0
        for bomb in bombs:
            for words in (["KEYS", bomb], ["SCAN", "0", "COUNT", "1000000", "MATCH", bomb]):
                reply, took = self.timed(*words)
                if isinstance(reply, ReplyError):
                    self.assertIn("the pattern takes too many steps", str(reply))
                else:
                    self.assertEqual(reply if words[0] == "KEYS" else reply[1], [])
                self.assertLess(took, 10, bomb[:40])
                self.check_healthy()
                refused += isinstance(reply, ReplyError)
        self.assertGreater(refused, 0)

    def read_long(self, *words):
        """Sends a command that gives a value of LONG bytes, and reads past it."""
        self.client.send(*words)
        left = len(b"$%d\r\n" % LONG) + LONG + 2
        piece = bytearray(1 << 20)
        while left > 0:
            count = self.client.socket.recv_into(piece, min(left, len(piece)))
            self.assertGreater(count, 0, "closed")
            left -= count
        self.check_healthy()

    def test_long_values(self):
        too_long = "string exceeds maximum allowed size"
        for offset in (LONG, 2 ** 63 - 1, 2 ** 63 - 10, 2 ** 62, 2 ** 32):
            with self.assertRaisesRegex(ReplyError, too_long):
                self.client.call("SETRANGE", "long", offset, "x")
        self.assertEqual(self.client.call("EXISTS", "long"), 0)
        self.assertEqual(self.client.call("SETRANGE", "long", LONG - 1, "x"), LONG)
        self.check_healthy()
        with self.assertRaisesRegex(ReplyError, too_long):
            self.client.call("APPEND", "long", "x")
        self.assertEqual(self.client.call("GETRANGE", "long", -3, 2 ** 63 - 1), b"\0\0x")
        self.assertEqual(self.client.call("GETRANGE", "long", -2 ** 63, 1), b"\0\0")
        self.assertEqual(self.client.call("GETRANGE", "long", 2 ** 63 - 1, -2 ** 63), b"")
        self.assertEqual(self.client.call("GETRANGE", "long", LONG, LONG + 5), b"")
        self.read_long("GET", "long")
        self.check_healthy()
        self.client.call("UNDERSTUDY", "SNAPSHOT")
        self.check_healthy()
        for words, expected in ((["SETRANGE", "long", 1, "y"], LONG), (["RENAME", "long", "other"], "OK"),
                                (["COPY", "other", "long"], 1),
                                (["DEL", "long", "other"], 2), (["SET", "long", bytes(LONG)], "OK")):
            reply = self.client.call(*words)
            self.check_healthy()
            self.assertEqual(reply, expected)
        self.read_long("GETSET", "long", "")


if __name__ == "__main__":
    _program.main()
