#!/usr/bin/env python3
"""A small file system that is full: writes fail and say why, reads go on, and writes are taken again when there is room.

It is mounted in a mount namespace of this process alone, which needs root, or user namespaces; without, it is skipped.
"""

import os
import shutil
import subprocess
import sys
import threading
import time
import unittest

import _program
from _program import Closed, ReplyError, Server

INSIDE = "FULL_DISK_INSIDE"
SIZE = 4 << 20
ROOM_WITHIN_S = 3
SETTINGS = ("--segment-size", "65536", "--log-level", "error")


def go_inside():
    """Runs this file again where it may mount; gives only if that can't be had."""
    for options in (["--mount"], ["--map-root-user", "--mount"]):
        trial = ["unshare", *options, "mount", "-t", "tmpfs", "-o", "size=64k", "none", "/mnt"]
        if shutil.which("unshare") and subprocess.run(trial, capture_output=True, check=False).returncode == 0:
            os.environ[INSIDE] = "1"
            os.execvp("unshare", ["unshare", *options, sys.executable, os.path.abspath(__file__), *sys.argv[1:]])


class Reader(threading.Thread):
    """Reads one key over and over, and keeps the first thing that goes wrong."""

    def __init__(self, port, key, value):
        super().__init__(daemon=True)
        self.client = _program.Client(port)
        self.key, self.value = key, value
        self.count = 0
        self.wrong = None
        self.stopped = threading.Event()
        self.start()

    def run(self):
        try:
            while not self.stopped.is_set():
                found = self.client.call("GET", self.key)
                if found != self.value:
                    self.wrong = f"{self.key} is {found!r}"
                    return
                self.count += 1
        except (ReplyError, OSError, Closed) as error:
            self.wrong = repr(error)

    def stop(self):
        self.stopped.set()
        self.join(_program.DEADLINE_S)


class Ballast:
    """A file that takes room."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "ballast")

    def take(self, leave):
        """Takes all but so many bytes."""
        status = os.statvfs(os.path.dirname(self.path))
        with open(self.path, "ab") as file:
            file.write(bytes(max(0, status.f_bavail * status.f_frsize - leave)))

    def give_back(self):
        os.remove(self.path)


class FullDisk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if INSIDE not in os.environ:
            raise unittest.SkipTest("a file system can be mounted neither as root nor in a user namespace here")
        cls.folder = _program.folder()

    def setUp(self):
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", self.folder], check=True)
        self.addCleanup(subprocess.run, ["umount", "--lazy", self.folder], check=True)
        self.directory = os.path.join(self.folder, "data")
        self.acknowledged = {}
        self.written = 0

    def write(self, client, size=1_000):
        """One more key; the error's text, or None."""
        self.written += 1
        key, value = b"key:%d" % (self.written % 500), b"%d:" % self.written + os.urandom(size)
        try:
            client.call("SET", key, value)
        except ReplyError as error:
            # It may have happened or not: not to be looked at any more.
            self.acknowledged[key] = None
            return str(error)
        self.acknowledged[key] = value
        return None

    def write_until_full(self, client):
        for _ in range(20_000):
            error = self.write(client)
            if error:
                return error
        raise AssertionError("the disk was never full")

    def check(self, client):
        expected = {key: value for key, value in self.acknowledged.items() if value is not None}
        found = dict(zip(expected, client.call("MGET", *expected)))
        self.assertEqual([key for key in expected if found[key] != expected[key]], [])

    def check_reads_of_a_pipeline(self, client):
        """They are answered though the writes around them are refused."""
        client.send_raw(client.encode("SET", "steady", "other") + client.encode("GET", "steady") + client.encode("DEL", "steady"))
        with self.assertRaisesRegex(ReplyError, "MISCONF"):
            client.reply()
        self.assertEqual(client.reply(), b"value")
        with self.assertRaisesRegex(ReplyError, "MISCONF"):
            client.reply()

    def test_writes_fail_reads_go_on_and_writes_come_back_with_room(self):
        ballast = Ballast(self.folder)
        with Server(*SETTINGS, "--snapshot-after", "400000", directory=self.directory) as server:
            client = server.connect()
            client.call("SET", "steady", "value")
            reader = Reader(server.port, "steady", b"value")
            for _ in range(3):
                ballast.take(leave=150_000)
                error = self.write_until_full(client)
                self.assertRegex(error.lower(), "disk is full|no space left")
                for _ in range(20):
                    self.assertRegex((self.write(client) or "no error").lower(), "disk is full|no space left")
                self.check(client)
                self.check_reads_of_a_pipeline(client)
                self.assertIn(b"disk_full:1\r\n", client.call("INFO", "persistence"))
                ballast.give_back()
                deadline = time.monotonic() + ROOM_WITHIN_S
                while self.write(client):
                    self.assertLess(time.monotonic(), deadline, "there is room, and writes still fail")
                self.assertIn(b"disk_full:0\r\n", client.call("INFO", "persistence"))
            reader.stop()
            self.assertIsNone(reader.wrong, "reads did not go on")
            self.assertGreater(reader.count, 0)
            self.assertEqual(server.stop(), 0, server.errors())
        self.start_again()

    def test_nothing_acknowledged_is_lost_whatever_becomes_of_the_server(self):
        """The store fills the disk itself, up to its end if it comes to that."""
        with Server(*SETTINGS, "--snapshot-after", "0", directory=self.directory) as server:
            try:
                client = server.connect()
                self.assertRegex(self.write_until_full(client), "MISCONF.*(No space left|disk is full)")
                for _ in range(30):
                    self.write(client)
                server.stop()
            except (OSError, Closed):
                self.assertEqual(server.wait(), 1)
                self.assertIn("has ended", server.errors())
        self.start_again()

    def start_again(self):
        """A full disk keeps nobody out of their data."""
        with Server("--log-level", "error", directory=self.directory) as server:
            self.check(server.connect())


if __name__ == "__main__":
    if INSIDE not in os.environ:
        go_inside()
    _program.main()
