#!/usr/bin/env python3
"""docs/commands.md and docs/operations.md say what there is: every command, every setting, and no other."""

import os
import re
import subprocess
import sys
import unittest

import _program
from _program import run

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
DOCS = os.path.join(ROOT, "docs")
WRITER = os.path.join(ROOT, "scripts", "commands_page.py")
COMMANDS_PAGE = os.path.join(os.path.dirname(os.path.abspath(_program.PROGRAM)), "commands_page")


def rows(page, title=""):
    """The first cells of the tables of a page, or of the part of it below a title, without their back-quotes."""
    with open(os.path.join(DOCS, page), encoding="utf-8") as file:
        text = file.read()
    text = text[text.index(title):] if title else text
    return [(match[1], match[2].strip()) for match in re.finditer(r"^\| `([^`]+)` \|([^\n]*)\|$", text, re.MULTILINE)]


class Pages(unittest.TestCase):
    def test_commands(self):
        if not os.path.exists(COMMANDS_PAGE):
            raise AssertionError(f"{COMMANDS_PAGE} is missing: build the target process_helpers")
        done = subprocess.run([sys.executable, WRITER, "--check", "--program", COMMANDS_PAGE], stderr=subprocess.PIPE,
                              timeout=_program.DEADLINE_S, check=False)
        self.assertEqual(done.returncode, 0, done.stderr.decode())

    def test_settings(self):
        code, out, _ = run("serve", "--help")
        self.assertEqual(code, 0)
        flags = set(re.findall(r"--([a-z-]+)", out)) - {"help", "config"}
        page = dict(rows("operations.md", "## Settings"))
        self.assertEqual(set(page) & flags, flags)
        self.assertEqual([name for name in page if name not in flags and name not in ("always", "interval", "none")], [])


if __name__ == "__main__":
    _program.main()
