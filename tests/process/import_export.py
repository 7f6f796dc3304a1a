#!/usr/bin/env python3
"""`understudy import` and `understudy export`: data.json in and out, and harm to nothing."""

import json
import os
import unittest

import _program
from _program import Server, run


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = _program.folder()
        self.directory = os.path.join(self.folder, "data")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, content, name="data.json"):
        with open(self.path(name), "wb") as file:
            file.write(content if isinstance(content, bytes) else json.dumps(content).encode())
        return self.path(name)

    def do(self, *arguments, stdin=None):
        code, out, errors = run(*arguments, "--dir", self.directory, stdin=stdin)
        self.assertEqual((code, errors), (0, ""), errors)
        return out

    def refused(self, *arguments, stdin=None):
        code, out, errors = run(*arguments, "--dir", self.directory, stdin=stdin)
        self.assertEqual((code, out), (1, ""), out)
        self.assertEqual(errors.count("\n"), 1, errors)
        return errors

    def content(self):
        return json.loads(self.do("export", "-"))


class Import(Case):
    def test_the_store_serves_what_was_imported(self):
        out = self.do("import", self.write({"hello": list(b"world"), "empty": []}))
        self.assertIn("imported 2 keys", out)
        with Server(directory=self.directory) as server:
            client = server.connect()
            self.assertEqual(client.call("MGET", "hello", "empty"), [b"world", b""])

    def test_from_standard_input(self):
        self.do("import", "-", stdin=b'{"key":[1,2]}')
        self.assertEqual(self.content(), {"key": [1, 2]})

    def test_only_into_an_empty_store_unless_told(self):
        self.do("import", self.write({"a": [1], "b": [2]}))
        file = self.write({"b": [3], "c": [4]})
        self.assertIn("--overwrite", self.refused("import", file))
        self.assertEqual(self.content(), {"a": [1], "b": [2]})
        self.assertIn("1 of them replaced; 3 keys now", self.do("import", file, "--overwrite"))
        self.assertEqual(self.content(), {"a": [1], "b": [3], "c": [4]})

    def test_a_bad_file_changes_nothing_and_makes_nothing(self):
        good = b'{"a":[1],"b":[2]'
        for bad in (b"", b"  ", good, good + b',"a":[3]}', good + b',"c":[256]}', good + b',"c":[1.5]}', good + b',"c":"x"}',
                    good + b',"\xff":[1]}', b"[]", good + b"}{"):
            with self.subTest(bad=bad):
                errors = self.refused("import", self.write(bad))
                self.assertIn("nothing was imported", errors)
                self.assertFalse(os.path.exists(self.directory))
        self.do("import", self.write({"old": [7]}))
        self.refused("import", self.write(good), "--overwrite")
        self.assertEqual(self.content(), {"old": [7]})

    def test_a_missing_file(self):
        self.assertIn("missing.json", self.refused("import", self.path("missing.json")))
        self.assertFalse(os.path.exists(self.directory))
        self.refused("import", self.folder)

    def test_not_while_the_store_is_in_use(self):
        with Server(directory=self.directory) as server:
            errors = self.refused("import", self.write({"a": [1]}))
            self.assertIn(str(server.process.pid), errors)
            self.refused("export", "-")
            self.assertEqual(server.connect().call("DBSIZE"), 0)


class Export(Case):
    def test_round_trip_of_arbitrary_bytes(self):
        keys = [b"text", "\N{SNOWMAN}".encode(), b"\xff\xfe", b"", b"zero\0byte", b"\0hex:ff", bytes(range(256))]
        with Server(directory=self.directory) as server:
            client = server.connect()
            for i, key in enumerate(keys):
                client.call("SET", key, bytes([i]) * i)
            server.stop()
        out = self.do("export", self.path("out.json"))
        self.assertIn(f"exported {len(keys)} keys", out)
        self.directory = os.path.join(self.folder, "copy")
        self.do("import", self.path("out.json"))
        with Server(directory=self.directory) as server:
            client = server.connect()
            self.assertEqual(client.call("DBSIZE"), len(keys))
            for i, key in enumerate(keys):
                self.assertEqual(client.call("GET", key), bytes([i]) * i)

    def test_never_over_a_file_unless_told(self):
        self.do("import", self.write({"a": [1]}))
        file = self.write(b"precious", "out.json")
        self.assertIn("--force", self.refused("export", file))
        with open(file, "rb") as content:
            self.assertEqual(content.read(), b"precious")
        self.do("export", file, "--force")
        with open(file, "rb") as content:
            self.assertEqual(content.read(), b'{"a":[1]}')
        self.assertEqual(sorted(os.listdir(self.folder)), ["data", "data.json", "out.json"])

    def test_of_no_store_is_an_error_and_makes_none(self):
        self.assertIn("no store", self.refused("export", self.path("out.json")))
        self.assertEqual(os.listdir(self.folder), [])

    def test_into_a_folder_that_is_not_there(self):
        self.do("import", self.write({"a": [1]}))
        self.assertIn("missing", self.refused("export", self.path("missing/out.json")))

    def test_standard_output_is_the_default(self):
        self.do("import", self.write({"a": [1]}))
        self.assertEqual(self.do("export"), '{"a":[1]}')


if __name__ == "__main__":
    _program.main()
