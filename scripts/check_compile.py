#!/usr/bin/env python3
"""Holds that a wrong use does not compile, for the reason it should, and that its corrected twin does.

    check_compile.py BAD GOOD -- COMPILER [FLAG...]

The first line of BAD is `// expect: REGEX`; the compiler's error output must match it. GOOD must compile.
"""

import re
import subprocess
import sys


def compile_file(command, path):
    return subprocess.run([*command, path], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, check=False)


def main():
    bad, good = sys.argv[1:3]
    command = sys.argv[sys.argv.index("--") + 1 :]
    with open(bad, encoding="utf-8") as file:
        first = file.readline().rstrip("\n")
    expectation = re.fullmatch(r"// expect: (.+)", first)
    if not expectation:
        sys.exit(f"{bad}:1: must be `// expect: REGEX`, what the compiler's error output must match")
    twin = compile_file(command, good)
    if twin.returncode != 0:
        sys.exit(f"{good}: must compile, and does not:\n{twin.stderr}")
    wrong = compile_file(command, bad)
    if wrong.returncode == 0:
        sys.exit(f"{bad}: must not compile, and does")
    # What the compiler quotes from the file is not its message: else the pattern would find itself.
    messages = "\n".join(line for line in wrong.stderr.splitlines() if not re.match(r"\s*\d*\s*\|", line))
    if not re.search(expectation.group(1), messages):
        sys.exit(f"{bad}: fails to compile, but not with /{expectation.group(1)}/:\n{wrong.stderr}")


if __name__ == "__main__":
    main()
