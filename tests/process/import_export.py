#!/usr/bin/env python3
"""`understudy import` and `understudy export`: data.json in and out, and harm to nothing."""

import json
import os
import signal
import subprocess
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


    def test_keys_that_died_are_left_out(self):
        file = self.write({"a": [1], "dead": {"value": [2], "expires_at_ms": 5}, "dies": {"value": [3], "expires_at_ms": 4102444800000}})
        out = self.do("import", file)
        self.assertIn("imported 2 keys", out)
        self.assertIn("1 keys had died", out)
        self.assertEqual(self.content(), {"a": [1], "dies": {"value": [3], "expires_at_ms": 4102444800000}})

    def test_an_interrupted_import_into_a_new_directory_leaves_nothing(self):
        lines = b'{"key":"%d","value":"x"}\n'
        process = subprocess.Popen([_program.PROGRAM, "import", "-", "--format", "jsonl", "--dir", self.directory],
                                   stdin=subprocess.PIPE)
        process.stdin.write(b"".join(lines % i for i in range(100_000)))
        process.stdin.flush()
        process.kill()
        process.wait()
        process.stdin.close()
        self.assertFalse(os.path.exists(self.directory))
        self.do("import", self.write({"a": [1]}))
        self.assertEqual(self.content(), {"a": [1]})


class JsonLines(Case):
    LINES = (b'{"key":"a","value":"one"}\n'
             b'{"key_hex":"68ff","value_hex":"00ff","expires_at_ms":4102444800000}\n')

    def test_in_and_out(self):
        self.do("import", self.write(self.LINES, "data.jsonl"))
        self.do("export", self.path("out.ndjson"))
        with open(self.path("out.ndjson"), "rb") as out:
            self.assertEqual(sorted(out.read().splitlines()), sorted(self.LINES.splitlines()))
        self.assertEqual(json.loads(self.do("export")),
                         {"a": list(b"one"), "\0hex:68ff": {"value": [0, 255], "expires_at_ms": 4102444800000}})

    def test_the_last_line_of_a_key_counts(self):
        self.assertIn("1 of them replaced; 1 keys now",
                      self.do("import", "-", "--format", "jsonl", stdin=b'{"key":"a","value":"1"}\n{"key":"a","value":"2"}'))
        self.assertEqual(self.content(), {"a": list(b"2")})

    def test_a_bad_line_is_named_and_nothing_imported(self):
        for bad, said in ((b'{"key":"b"}', '"value"'), (b'{"key":"b","value":1}', "not a string"), (b"[]", "not an object"),
                          (b'{"key":"b","value":"x"', "before its object does"), (b'{"key":"b","value":"x"} y', "follows"),
                          (b'{"key":"\xff","value":""}', "UTF-8"), (b'{"key":"b","value":"","ttl":1}', '"ttl"')):
            with self.subTest(bad=bad):
                errors = self.refused("import", self.write(self.LINES + bad, "data.jsonl"))
                self.assertIn("line 3, byte offset", errors)
                self.assertIn(said, errors)
                self.assertIn("nothing was imported", errors)
                self.assertFalse(os.path.exists(self.directory))

    def test_what_came_through_a_pipe_before_an_error_is_told(self):
        self.do("import", self.write({"old": [7]}))
        lines = b"".join(b'{"key":"%d","value":"x"}\n' % i for i in range(5000))
        errors = self.refused("import", "-", "--format", "jsonl", "--overwrite", stdin=lines + b"no line")
        self.assertIn("line 5001", errors)
        self.assertIn("the first 5000 entries are in the store", errors)
        self.assertEqual(len(self.content()), 5001)

    def test_an_unknown_format(self):
        code, _, errors = run("export", "--format", "xml", "--dir", self.directory)
        self.assertNotEqual(code, 0)
        self.assertIn("xml", errors)

    def test_a_closed_pipe_ends_it_as_any_tool_and_harms_nothing(self):
        self.do("import", "-", "--format", "jsonl", stdin=b"".join(b'{"key":"%d","value":"%s"}\n' % (i, b"x" * 100) for i in range(20_000)))
        process = subprocess.Popen([_program.PROGRAM, "export", "--dir", self.directory], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.read(10)
        process.stdout.close()
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()
        self.assertEqual(process.wait(), -signal.SIGPIPE)
        self.assertEqual(len(self.content()), 20_000)


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
