#!/usr/bin/env python3
"""System calls on the data directory that fail, under the real server; all of them, one by one: `./dev soak faults`."""

import os
import subprocess
import unittest

import _faults
import _program
from _faults import Attempt
from _program import ReplyError, Server


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
    """RLIMIT_FSIZE: a short write, then EFBIG, and the signal SIGXFSZ, which must not end the program."""

    SETTINGS = ("--segment-size", "60000", "--snapshot-after", "0", "--log-level", "error")

    def test_the_journal_goes_on_in_the_next_file(self):
        attempt = Attempt(prefix=("prlimit", "--fsize=9000"), settings=self.SETTINGS, exchanges=20).run()
        self.assertEqual((attempt.code, attempt.refused), (0, 0), attempt.errors)
        sizes = [os.path.getsize(os.path.join(attempt.directory, name)) for name in os.listdir(attempt.directory)
                 if name.startswith("journal-")]
        self.assertGreater(sum(sizes), 9000)
        self.assertLessEqual(max(sizes), 9000)

    def test_a_limit_that_is_set_while_it_runs(self):
        def limit(server):
            subprocess.run(["prlimit", f"--pid={server.process.pid}", "--fsize=2000"], check=True)

        attempt = Attempt(settings=self.SETTINGS, exchanges=20, midway=limit).run()
        self.assertEqual(attempt.code, 0, attempt.errors)
        self.assertGreater(attempt.refused, 0)

    def test_only_a_change_that_is_larger_is_refused(self):
        with Server(*self.SETTINGS, prefix=("prlimit", "--fsize=9000")) as server, server.connect() as client:
            for _ in range(3):
                with self.assertRaisesRegex(ReplyError, "MISCONF.*File too large"):
                    client.call("SET", "large", "v" * 10_000)
                # A read, too, may meet the incarnation whose writer has just failed, and be told so.
                self.assertEqual(_faults.until_healed(client, "GET", "large"), None)
                self.assertEqual(_faults.until_healed(client, "SET", "small", "v" * 1_000), "OK")
            self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    _program.main()
