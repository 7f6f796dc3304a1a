#!/usr/bin/env python3
"""docs/commands.md and docs/operations.md name what there is: every command, every setting, and no other."""

import os
import re
import unittest

import _program
from _program import Server, run

DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs")


def rows(page, title=""):
    """The first cells of the tables of a page, or of the part of it below a title, without their back-quotes."""
    with open(os.path.join(DOCS, page), encoding="utf-8") as file:
        text = file.read()
    text = text[text.index(title):] if title else text
    return [(match[1], match[2].strip()) for match in re.finditer(r"^\| `([^`]+)` \|([^\n]*)\|$", text, re.MULTILINE)]


class Pages(unittest.TestCase):
    def test_commands(self):
        with Server() as server:
            client = server.connect()
            names = [name.decode().replace("|", " ") for name in client.call("COMMAND", "LIST")]
            containers = {name.split(" ")[0] for name in names if " " in name} - {"command"}
            written = [row[0].lower() for row in rows("commands.md") if row[0].isupper()]
            self.assertEqual(sorted(written), sorted(set(names) - containers))

    def test_settings(self):
        code, out, _ = run("serve", "--help")
        self.assertEqual(code, 0)
        flags = set(re.findall(r"--([a-z-]+)", out)) - {"help", "config"}
        page = dict(rows("operations.md", "## Settings"))
        self.assertEqual(set(page) & flags, flags)
        self.assertEqual([name for name in page if name not in flags and name not in ("always", "interval", "none")], [])


if __name__ == "__main__":
    _program.main()
