#!/usr/bin/env python3
"""System calls on the data directory that fail, under the real server; all of them, one by one: `./dev soak faults`."""

import unittest

import _faults
import _program
from _faults import Attempt


class OneCallFails(unittest.TestCase):
    """The Nth call of a kind fails, once."""

    def fails(self, call, what, *numbers):
        happened = 0
        for number in numbers:
            with self.subTest(fault=f"{call}:{number}:1:{what}"):
                attempt = Attempt(f"{call}:{number}:1:{what}").run()
                happened += attempt.happened
                if attempt.started and what != "short":
                    self.assertEqual(attempt.code, 0, attempt.errors)  # It has healed.
        self.assertGreater(happened, 0, f"there was no {call} that could fail")

    def test_a_write_fails(self):
        self.fails("write", "EIO", 1, 2, 3, 8)
        self.fails("write", "ENOSPC", 2, 9)

    def test_a_write_writes_half(self):
        for number in (1, 2, 6):
            attempt = Attempt(f"write:{number}:1:short").run()
            self.assertTrue(attempt.happened)
            self.assertEqual((attempt.code, attempt.refused), (0, 0), attempt.errors)

    def test_a_flush_fails(self):
        self.fails("fdatasync", "EIO", 1, 2, 3, 7)

    def test_a_flush_of_the_directory_fails(self):
        self.fails("fsync", "EIO", 1, 2, 4)

    def test_a_file_cannot_be_made(self):
        self.fails("openat", "ENOSPC", 1, 2, 3)

    def test_a_file_cannot_be_renamed_or_removed(self):
        self.fails("renameat", "EIO", 1)
        self.fails("unlinkat", "EIO", 1, 2)

    def test_a_read_fails(self):
        self.fails("pread", "EIO", 1, 2)


class CallsGoOnFailing(unittest.TestCase):
    """A disk that is gone: the program says so, and ends; what it had acknowledged is there."""

    def test_the_program_ends_with_a_reason(self):
        for fault in ("fdatasync:6:*:EIO", "write:6:*:EIO"):
            with self.subTest(fault=fault):
                attempt = Attempt(fault).run()
                self.assertTrue(attempt.happened and attempt.started)
                self.assertEqual(attempt.code, 1, attempt.errors)
                self.assertGreater(attempt.refused, 0)
                self.assertIn("has ended", attempt.errors)


class FilesMayNotGrow(unittest.TestCase):
    def test_writes_stop_in_the_middle_and_are_refused(self):
        """RLIMIT_FSIZE: a short write, then EFBIG, and the signal SIGXFSZ, which must not end the program."""
        attempt = Attempt(prefix=("prlimit", "--fsize=9000"), settings=("--segment-size", "60000", "--snapshot-after", "0"),
                          exchanges=20, heals=False).run()
        self.assertEqual(attempt.code, 0, attempt.errors)
        self.assertGreater(attempt.refused, 0)


if __name__ == "__main__":
    _program.main()
