#!/usr/bin/env python3
"""Bits flipped in the files of a store, and files cut short, under the real program: never a wrong value, never an end
by a signal, nothing made worse. A sample, by seed; in process every bit and every length is tried (unit.*)."""

import os
import random
import shutil
import unittest

import _program
from _program import NotStarted, Server, run

SEED = 1
FLIPS = 40
CUTS = 25


class Damage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """A small store: a snapshot, segments after it, and a clean end, so that everything has a durable mark behind
        it. Kept: what it held after each change."""
        cls.whole = os.path.join(_program.folder(), "data")
        cls.states = [{}]
        rng = random.Random(SEED)
        for last in (False, True):
            with Server("--segment-size", "4096", "--snapshot-after", "0", directory=cls.whole) as server:
                client = server.connect()
                for _ in range(40):
                    state = dict(cls.states[-1])
                    key = b"key:%d" % rng.randrange(12)
                    if state.get(key) and rng.random() < 0.2:
                        client.call("DEL", key)
                        state.pop(key)
                    else:
                        state[key] = rng.randbytes(rng.randrange(1, 150))
                        client.call("SET", key, state[key])
                    cls.states.append(state)
                if not last:
                    client.call("UNDERSTUDY", "SNAPSHOT")
                server.stop()
        cls.files = sorted(name for name in os.listdir(cls.whole) if name != "LOCK")
        cls.weights = [os.path.getsize(os.path.join(cls.whole, name)) for name in cls.files]

    def damaged(self, damage):
        """A copy of the store, and `damage(content)` done to one of its files."""
        directory = os.path.join(_program.folder(), "data")
        shutil.copytree(self.whole, directory)
        name = self.random.choices(self.files, self.weights)[0]
        path = os.path.join(directory, name)
        with open(path, "rb") as file:
            content = bytearray(file.read())
        what = damage(content)
        with open(path, "wb") as file:
            file.write(content)
        return directory, name, what

    def outcome(self, directory, name):
        """None if the store refused to start, and named the file; else what it holds, and what it said of a cut."""
        before = {each: self.content(directory, each) for each in self.files}
        check_code, check_out, check_errors = run("check", directory)
        self.assertIn(check_code, (0, 1), check_errors)
        try:
            with Server("--log-level", "warning", directory=directory) as server:
                client = server.connect()
                keys = client.call("KEYS", "*")
                values = client.call("MGET", *keys) if keys else []
                self.assertEqual(check_code, 0, f"check finds damage, and the store starts: {check_out}")
                return dict(zip(keys, values)), server.errors()
        except NotStarted as refusal:
            self.assertEqual(refusal.code, 1)
            self.assertIn(name, refusal.errors)
            self.assertEqual(check_code, 1, f"check finds no damage, and the store refuses: {refusal.errors}")
            self.assertIn(name, check_out)
            self.assertEqual({each: self.content(directory, each) for each in self.files}, before)
            return None

    @staticmethod
    def content(directory, name):
        with open(os.path.join(directory, name), "rb") as file:
            return file.read()

    def test_a_flipped_bit_is_found_or_does_no_harm(self):
        self.random = random.Random(SEED)
        refused = 0

        def flip(content):
            at, bit = self.random.randrange(len(content)), self.random.randrange(8)
            content[at] ^= 1 << bit
            return f"bit {bit} of byte {at}"

        for _ in range(FLIPS):
            directory, name, what = self.damaged(flip)
            with self.subTest(file=name, flipped=what):
                found = self.outcome(directory, name)
                refused += found is None
                if found is not None:
                    self.assertEqual(found[0], self.states[-1])  # In the closing mark, say: all that it guards is there.
        print(f"{FLIPS} flipped bits: {refused} refused, the others did no harm")
        self.assertGreater(refused, FLIPS // 2)

    def test_what_stands_in_the_room_behind_the_last_batch_is_cut_off(self):
        """A kill leaves the zeros that were reserved, and power loss perhaps garbage in them: none of it is data."""
        rng = random.Random(SEED)
        killed = os.path.join(_program.folder(), "data")
        with Server("--snapshot-after", "0", directory=killed) as server:
            client = server.connect()
            expected = {b"key:%d" % number: rng.randbytes(50) for number in range(20)}
            for key, value in expected.items():
                client.call("SET", key, value)
            server.kill()
        last = sorted(name for name in os.listdir(killed) if name.startswith("journal-"))[-1]
        whole = self.content(killed, last)
        end = len(whole.rstrip(b"\0"))
        self.assertGreater(len(whole), end + (1 << 18), "no room was reserved")
        for at in (end + 8, end + 100, len(whole) - 1, *(rng.randrange(end + 8, len(whole)) for _ in range(5))):
            with self.subTest(flipped=at):
                directory = os.path.join(_program.folder(), "data")
                shutil.copytree(killed, directory)
                with open(os.path.join(directory, last), "r+b") as file:
                    file.seek(at)
                    file.write(b"\x40")
                with Server("--log-level", "warning", directory=directory) as server:
                    client = server.connect()
                    self.assertEqual(dict(zip(expected, client.call("MGET", *expected))), expected)
                    self.assertEqual(server.keys, len(expected))
                    self.assertIn("unfinished", server.errors())
                    self.assertIn(last, server.errors())

    def test_a_file_cut_short_is_found_or_reported(self):
        """The last segment may have been cut by a crash: then what is left is what the store once held."""
        self.random = random.Random(SEED)
        refused = 0

        def cut(content):
            length = self.random.randrange(len(content))
            del content[length:]
            return f"to {length} bytes"

        for _ in range(CUTS):
            directory, name, what = self.damaged(cut)
            with self.subTest(file=name, cut=what):
                found = self.outcome(directory, name)
                refused += found is None
                if found is not None:
                    self.assertEqual(name, self.files[-2] if "snapshot" in self.files[-1] else self.files[-1])
                    self.assertIn(found[0], self.states)
        print(f"{CUTS} files cut short: {refused} refused, the others began as the store once was")
        self.assertGreater(refused, 0)


if __name__ == "__main__":
    _program.main()
