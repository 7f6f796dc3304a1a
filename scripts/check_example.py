#!/usr/bin/env python3
"""Runs an example and compares what it prints with its .expected file.

    check_example.py EXPECTED PROGRAM [ARGUMENT...]

Each line of EXPECTED must equal the line printed; parts in {{...}} are regular expressions
("took {{[0-9]+}} ms"). The program must exit with 0.
"""

import re
import subprocess
import sys


def pattern_of(line):
    """The regular expression of one expected line: plain text, with {{...}} as written."""
    parts = re.split(r"\{\{(.*?)\}\}", line)
    return "".join(part if index % 2 else re.escape(part) for index, part in enumerate(parts))


def main():
    expected_path, command = sys.argv[1], sys.argv[2:]
    try:
        with open(expected_path, encoding="utf-8") as file:
            expected = file.read().splitlines()
    except FileNotFoundError:
        sys.exit(f"{expected_path}: missing; each example has its expected output beside it")
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=100, check=False)
    printed = done.stdout.decode("utf-8", "replace").splitlines()
    failed = False
    for number in range(max(len(expected), len(printed))):
        want = expected[number] if number < len(expected) else None
        got = printed[number] if number < len(printed) else None
        if want is None or got is None or not re.fullmatch(pattern_of(want), got):
            print(f"{expected_path}:{number + 1}: differs", file=sys.stderr)
            print(f"  expected: {want if want is not None else '(end of output)'}", file=sys.stderr)
            print(f"  printed:  {got if got is not None else '(end of output)'}", file=sys.stderr)
            failed = True
            break
    if failed:
        print("whole output:\n" + "\n".join(printed), file=sys.stderr)
    if done.returncode != 0:
        print(f"{command[0]}: exit code {done.returncode}, not 0", file=sys.stderr)
        failed = True
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
