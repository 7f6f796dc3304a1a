#!/usr/bin/env python3
"""`understudy backup` of servers that run, also under full load and while snapshots are taken, and `restore`."""

import os
import shutil
import threading
import unittest

import _program
from _program import Server, run


def files_of(directory):
    found = {}
    for name in sorted(os.listdir(directory)):
        with open(os.path.join(directory, name), "rb") as file:
            found[name] = file.read()
    return found


def damage(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1]))


class Writer(threading.Thread):
    """Counts a key up, and sets others, until it is told to stop. What is acknowledged is in `acknowledged`."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.client = server.connect()
        self.acknowledged = 0
        self.stopping = False
        self.ten_written = threading.Event()

    def run(self):
        while not self.stopping:
            for i in range(50):
                self.client.send("MSET", "count", self.acknowledged + i + 1, f"key{(self.acknowledged + i) % 1000}", "v" * 200)
            for _ in range(50):
                self.client.reply()
                self.acknowledged += 1
            self.ten_written.set()

    def stop(self):
        self.stopping = True
        self.join(_program.DEADLINE_S)


class Backup(unittest.TestCase):
    def setUp(self):
        self.folder = _program.folder()
        self.backup = os.path.join(self.folder, "backup")
        self.restored = os.path.join(self.folder, "restored")

    def back_up(self, directory):
        code, out, errors = run("backup", directory, "--to", self.backup)
        self.assertEqual((code, errors), (0, ""), out)
        self.assertEqual(sorted(os.listdir(os.path.dirname(self.backup))).count("backup.unfinished"), 0)
        return out

    def restore(self, *arguments):
        code, out, errors = run("restore", self.backup, "--to", self.restored, *arguments)
        self.assertEqual((code, errors), (0, ""), out)
        return out

    def refused(self, *arguments):
        code, out, errors = run(*arguments)
        self.assertEqual((code, out), (1, ""))
        self.assertEqual(errors.count("\n"), 1, errors)
        self.assertEqual([name for name in os.listdir(self.folder) if name.endswith(".unfinished")], [])
        return errors

    def filled(self):
        """A stopped store: a snapshot and two changes after it."""
        with Server() as server:
            client = server.connect()
            for i in range(50):
                client.call("SET", f"key{i}", f"value{i}")
            client.call("UNDERSTUDY", "SNAPSHOT")
            client.call("SET", "after", "one")
            client.call("DEL", "key7")
            server.stop()
            return server.directory

    def test_of_a_stopped_store_and_back(self):
        directory = self.filled()
        before = files_of(directory)
        out = self.back_up(directory)
        self.assertIn("a snapshot of 50 keys that covers LSN 50, then 2 records", out)
        self.assertEqual(files_of(directory), before)
        self.assertIn("last LSN 52", self.restore())
        with Server(directory=self.restored) as server:
            self.assertEqual(server.keys, 50)
            self.assertEqual(server.connect().call("MGET", "key0", "key7", "after"), [b"value0", None, b"one"])

    def test_a_backup_can_be_served_as_it_is(self):
        self.back_up(self.filled())
        code, out, _ = run("check", self.backup)
        self.assertEqual(code, 0, out)
        with Server(directory=self.backup) as server:
            self.assertEqual(server.keys, 50)

    def under_load(self, durability):
        with Server("--durability", durability, "--snapshot-after", "300000") as server:
            writer = Writer(server)
            writer.start()
            self.assertTrue(writer.ten_written.wait(_program.DEADLINE_S))
            for _ in range(5):
                known = writer.acknowledged
                self.back_up(server.directory)
                later = writer.acknowledged
                self.restore()
                with Server(directory=self.restored) as copy:
                    count = int(copy.connect().call("GET", "count"))
                    self.assertGreaterEqual(count, known)
                    self.assertLessEqual(count, later + 100)
                    copy.stop()
                shutil.rmtree(self.backup)
                shutil.rmtree(self.restored)
            writer.stop()
            info = server.connect().call("INFO", "persistence").decode()
            self.assertGreaterEqual(int(info.split("\r\nsnapshots:")[1].split()[0]), 1, "snapshots were taken meanwhile")

    def test_under_load_flushed_always(self):
        self.under_load("always")

    def test_under_load_flushed_now_and_then(self):
        self.under_load("interval")

    def test_an_unfinished_write_is_left_out(self):
        directory = self.filled()
        with open(os.path.join(directory, max(n for n in os.listdir(directory) if n.startswith("journal-"))), "ab") as file:
            file.write(b"USBT half a batch")
        self.assertIn("left out: 17 bytes", self.back_up(directory))
        self.restore()

    def test_damage_is_found_before_anything_is_made(self):
        directory = self.filled()
        snapshot = next(name for name in os.listdir(directory) if name.startswith("snapshot-"))
        damage(os.path.join(directory, snapshot), 200)
        self.assertIn(f"{directory}/{snapshot}", self.refused("backup", directory, "--to", self.backup))
        self.assertFalse(os.path.exists(self.backup))

    def test_never_over_what_is_there(self):
        directory = self.filled()
        self.back_up(directory)
        self.assertIn("not empty", self.refused("backup", directory, "--to", self.backup))
        self.assertIn("--move-aside", self.refused("restore", self.backup, "--to", directory))
        self.assertIn("No such file", self.refused("backup", os.path.join(self.folder, "none"), "--to", self.restored))
        self.assertIn("no journal", self.refused("backup", self.folder, "--to", self.restored))

    def test_what_an_interrupted_one_left_is_replaced(self):
        os.mkdir(self.backup + ".unfinished")
        with open(os.path.join(self.backup + ".unfinished", "journal-0000000001.log"), "wb") as file:
            file.write(b"half")
        self.back_up(self.filled())

    def test_restore_moves_aside_only_what_nobody_uses(self):
        self.back_up(self.filled())
        with Server(directory=self.restored) as server:
            server.connect().call("SET", "old", "one")
            self.assertIn(str(server.process.pid),
                          self.refused("restore", self.backup, "--to", self.restored, "--move-aside"))
            server.stop()
        self.assertIn("restored.before-restore-1", self.restore("--move-aside"))
        with Server(directory=self.restored) as server:
            self.assertEqual(server.keys, 50)
        with Server(directory=self.restored + ".before-restore-1") as server:
            self.assertEqual(server.connect().call("GET", "old"), b"one")

    def test_a_damaged_backup_is_never_restored(self):
        self.back_up(self.filled())
        whole = files_of(self.backup)
        for name, content in whole.items():
            if name in ("LOCK", "backup.json"):
                continue
            for size in (0, 70, len(content) // 2, len(content) - 1, None):
                with self.subTest(name=name, size=size):
                    path = os.path.join(self.backup, name)
                    if size is None:
                        damage(path, len(content) - 70)
                    else:
                        os.truncate(path, size)
                    self.refused("restore", self.backup, "--to", self.restored)
                    self.assertFalse(os.path.exists(self.restored))
                    with open(path, "wb") as file:
                        file.write(content)
        os.remove(os.path.join(self.backup, "backup.json"))
        self.assertIn("is no backup", self.refused("restore", self.backup, "--to", self.restored))

    def test_one_that_was_changed_is_not_what_was_backed_up(self):
        self.back_up(self.filled())
        with Server(directory=self.backup) as server:
            server.connect().call("SET", "later", "one")
            self.refused("restore", self.backup, "--to", self.restored)
            server.stop()
        self.assertIn("not what was backed up", self.refused("restore", self.backup, "--to", self.restored))


if __name__ == "__main__":
    _program.main()
