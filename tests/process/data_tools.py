#!/usr/bin/env python3
"""`understudy check`, `inspect` and `salvage` on real directories; and snapshots of a real server."""

import json
import os
import shutil
import subprocess
import unittest

import _program
from _program import Server, run


def files_of(directory):
    found = {}
    for name in os.listdir(directory):
        with open(os.path.join(directory, name), "rb") as file:
            found[name] = file.read()
    return found


class DataTools(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.whole = os.path.join(_program.folder(), "data")
        with Server(directory=cls.whole) as server:
            client = server.connect()
            for i in range(50):
                client.call("SET", f"key{i}", f"value{i}")
            cls.taken = client.call("UNDERSTUDY", "SNAPSHOT")
            client.call("SET", "after", "snapshot \x01")
            client.call("DEL", "key7")

    def setUp(self):
        self.directory = os.path.join(_program.folder(), "data")
        shutil.copytree(self.whole, self.directory)

    def damage(self, name, offset):
        path = os.path.join(self.directory, name)
        with open(path, "r+b") as file:
            file.seek(offset)
            byte = file.read(1)[0]
            file.seek(offset)
            file.write(bytes([byte ^ 1]))

    def segment(self):
        return max(name for name in os.listdir(self.directory) if name.startswith("journal-"))

    def snapshot(self):
        return next(name for name in os.listdir(self.directory) if name.startswith("snapshot-"))

    def test_a_snapshot_by_hand_says_what_it_holds(self):
        answer = dict(zip(self.taken[::2], self.taken[1::2]))
        self.assertEqual((answer[b"keys"], answer[b"covers-lsn"]), (50, 50))
        self.assertEqual(answer[b"file"].decode(), self.snapshot())
        self.assertEqual(answer[b"bytes"], os.path.getsize(os.path.join(self.directory, self.snapshot())))

    def test_the_next_start_has_all_keys(self):
        with Server(directory=self.directory) as server:
            self.assertEqual(server.keys, 50)
            client = server.connect()
            self.assertEqual(client.call("MGET", "key0", "key7", "after"), [b"value0", None, b"snapshot \x01"])

    def test_a_whole_store_is_checked_and_left_alone(self):
        before = files_of(self.directory)
        code, out, errors = run("check", self.directory)
        self.assertEqual((code, errors), (0, ""), out)
        self.assertIn("50 keys, covers LSN 50", out)
        self.assertIn("ok: 50 keys, last LSN 52", out)
        self.assertEqual(files_of(self.directory), before)

    def test_damage_is_found_and_named(self):
        self.damage(self.snapshot(), 200)
        self.damage(self.segment(), 130)
        before = files_of(self.directory)
        code, out, errors = run("check", self.directory)
        self.assertEqual((code, errors), (1, ""), out)
        self.assertIn(f"{self.snapshot()}: offset 64", out)
        self.assertIn(f"{self.segment()}: offset 64", out)
        self.assertIn("a start would refuse it", out)
        self.assertEqual(files_of(self.directory), before)

    def test_a_torn_tail_is_none(self):
        path = os.path.join(self.directory, self.segment())
        with open(path, "r+b") as file:
            file.seek(len(file.read().rstrip(b"\0")))  # In front of the room that is reserved.
            file.write(b"USBT half a batch")
        code, out, _ = run("check", self.directory)
        self.assertEqual(code, 0, out)
        self.assertIn("would cut 17 bytes of an unfinished write", out)

    def test_no_directory_and_an_empty_one(self):
        code, out, errors = run("check", os.path.join(self.directory, "none"))
        self.assertEqual((code, out), (1, ""))
        self.assertIn("No such file", errors)
        code, out, _ = run("check", _program.folder())
        self.assertEqual(code, 0)
        self.assertIn("there is no journal", out)

    def test_a_directory_in_use_is_refused(self):
        with Server(directory=self.directory):
            for tool in (["check"], ["inspect"], ["salvage", "--to", self.directory + ".new"]):
                code, out, errors = run(tool[0], self.directory, *tool[1:])
                self.assertEqual((code, out), (1, ""), tool)
                self.assertIn("is in use by process", errors)
        self.assertFalse(os.path.exists(self.directory + ".new"))

    def test_inspect_shows_every_record(self):
        code, out, errors = run("inspect", self.directory)
        self.assertEqual((code, errors), (0, ""))
        lines = out.splitlines()
        self.assertEqual(len(lines), 52)
        self.assertEqual(sum(1 for line in lines if line.split()[:2] == ["snapshot", "set"]), 50)
        self.assertEqual(lines[-2].split(None, 2), ["51", "set", '"after"  "snapshot \\x01"'])
        self.assertEqual(lines[-1].split(), ["52", "erase", '"key7"'])

    def test_inspect_in_json_from_an_lsn_on(self):
        code, out, errors = run("inspect", self.directory, "--json", "--from", "51")
        self.assertEqual((code, errors), (0, ""))
        records = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([(r["lsn"], r["change"], r["key"]) for r in records], [(51, "set", "after"), (52, "erase", "key7")])
        self.assertEqual(records[0]["value_hex"], b"snapshot \x01".hex())

    def test_what_cannot_be_printed_is_no_success(self):
        for words in (("check",), ("inspect",), ("inspect", "--json")):
            with self.subTest(words=words), open("/dev/full", "wb") as full:
                done = subprocess.run([_program.PROGRAM, words[0], self.directory, *words[1:]], stdout=full,
                                      stderr=subprocess.PIPE, timeout=_program.DEADLINE_S, check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn(b"cannot write", done.stderr)

    def test_who_cannot_be_told_of_a_mistake_is_no_reason_to_abort(self):
        for words, code in ((("check", "/nonexistent"), 1), (("serve", "--port", "bad"), 2)):
            with self.subTest(words=words), open("/dev/full", "wb") as full:
                done = subprocess.run([_program.PROGRAM, *words], stdout=full, stderr=full, timeout=_program.DEADLINE_S,
                                      check=False)
                self.assertEqual(done.returncode, code)

    def test_salvage_of_a_whole_store_loses_nothing(self):
        new = self.directory + ".new"
        code, out, errors = run("salvage", self.directory, "--to", new)
        self.assertEqual((code, errors), (0, ""), out)
        with Server(directory=new) as server:
            self.assertEqual(server.keys, 50)
            self.assertEqual(server.connect().call("GET", "after"), b"snapshot \x01")

    def test_salvage_keeps_what_is_whole_and_says_what_is_lost(self):
        self.damage(self.segment(), 130)  # In the batch that sets "after"; the one that removes key7 stands behind it.
        with self.assertRaises(AssertionError):
            Server(directory=self.directory)
        before = files_of(self.directory)
        new = self.directory + ".new"
        code, out, errors = run("salvage", self.directory, "--to", new)
        self.assertEqual((code, errors), (3, ""), out)
        self.assertIn(f"lost: {self.segment()}: offset 64", out)
        self.assertIn("records 51 to 51 stood there", out)
        self.assertIn("1 gap, ", out)
        self.assertEqual(files_of(self.directory), before)
        with Server(directory=new) as server:
            client = server.connect()
            self.assertEqual(server.keys, 49)
            self.assertEqual(client.call("MGET", "key0", "key7", "after"), [b"value0", None, None])

    def test_salvage_never_writes_into_a_store(self):
        code, _, errors = run("salvage", self.directory, "--to", self.whole)
        self.assertEqual(code, 1)
        self.assertIn("is not empty", errors)


class Snapshots(unittest.TestCase):
    def test_a_server_keeps_its_journal_short_by_itself(self):
        with Server("--snapshot-after", "100000") as server:
            client = server.connect()
            for i in range(2000):
                client.send("SET", f"key{i % 20}", "v" * 100)
            for _ in range(2000):
                client.reply()
            status = client.call("UNDERSTUDY", "STATUS")
            status = dict(zip(status[::2], status[1::2]))
            client.call("UNDERSTUDY", "SNAPSHOT")
            info = client.call("INFO", "persistence").decode()
            self.assertIn("failed_snapshots:0", info)
            client.call("SET", "last", "one")  # In a segment of its own: the one before it is covered, and goes.
            self.assertGreaterEqual(int(info.split("snapshots:")[1].split()[0]), 1)
            # Without the room that is reserved.
            files = files_of(server.directory).items()
            held = sum(len(content.rstrip(b"\0")) for name, content in files if name != "LOCK")
            self.assertLess(held, 100_000)


if __name__ == "__main__":
    _program.main()
