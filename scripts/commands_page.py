#!/usr/bin/env python3
"""Writes the tables of docs/commands.md from the server's table of commands.

    commands_page.py [--check] [--program PROGRAM]

PROGRAM (build/release/bin/commands_page, which `./dev build` makes) prints each table between its marks,
`<!-- commands: TITLE -->` and `<!-- end -->`; what stands between the same marks of the page is replaced.
--check changes nothing: it says how the page differs, and ends with 1 if it does.
"""

import argparse
import difflib
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = "docs/commands.md"
TABLE = re.compile(r"^<!-- commands: ([^\n]+) -->\n.*?^<!-- end -->\n", re.MULTILINE | re.DOTALL)


def written_anew(page, printed):
    """The page with the tables that were printed."""
    tables = {match[1]: match[0] for match in TABLE.finditer(printed)}
    places = [match[1] for match in TABLE.finditer(page)]
    if places != list(tables):
        sys.exit(f"{PAGE}: marks of {', '.join(places) or 'no table'}, but the sections of the table of commands are "
                 f"{', '.join(tables)} (command_sections)")
    return TABLE.sub(lambda match: tables[match[1]], page)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--program", default=os.path.join(ROOT, "build", "release", "bin", "commands_page"))
    options = parser.parse_args()
    if not os.path.exists(options.program):
        sys.exit(f"{options.program} is missing: ./dev build")
    printed = subprocess.run([options.program], stdout=subprocess.PIPE, timeout=60, check=True).stdout.decode()
    path = os.path.join(ROOT, PAGE)
    with open(path, encoding="utf-8") as file:
        page = file.read()
    wanted = written_anew(page, printed)
    if options.check and page != wanted:
        sys.stderr.writelines(difflib.unified_diff(page.splitlines(True), wanted.splitlines(True), PAGE,
                                                   "the table of commands", n=0))
        sys.exit(f"{PAGE} is not what the table of commands says; write it anew: python3 scripts/commands_page.py")
    if not options.check:
        with open(path, "w", encoding="utf-8") as file:
            file.write(wanted)


if __name__ == "__main__":
    main()
