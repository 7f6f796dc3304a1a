#!/usr/bin/env python3
"""Runs a benchmark of ours beside its peers, in turn, and prints a table of what was measured.

Usage: bench/run.py NAME [OPTION...]     (bench/run.py NAME --help says which options)

A benchmark is a folder bench/NAME: its C++ sources become build/release/bin/bench_NAME, and its suite.py, which has
`description`, `add_options(parser)` and `run(options) -> harness.report.Report`, says what to run against whom.
"""

import argparse
import importlib
import os
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

from harness import measure  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


def benchmark_names():
    return sorted(name for name in os.listdir(HERE) if os.path.isfile(os.path.join(HERE, name, "suite.py")))


def main(arguments):
    names = benchmark_names()
    if arguments and arguments[0] in ("-h", "--help"):
        print(__doc__.strip())
        print("\nThere are:", ", ".join(names))
        return 0
    if not arguments or arguments[0] not in names:
        problem = f"no benchmark '{arguments[0]}';" if arguments else "which benchmark?"
        print(f"bench: {problem} there are: {', '.join(names)}", file=sys.stderr)
        return 2
    name = arguments[0]
    suite = importlib.import_module(f"{name}.suite")
    parser = argparse.ArgumentParser(prog=f"bench/run.py {name}", description=suite.description)
    parser.add_argument("--json", metavar="FILE", help="also write the rows to FILE as JSON")
    parser.add_argument("--record", action="store_true", help="also add the table to the end of bench/results.md")
    suite.add_options(parser)
    options = parser.parse_args(arguments[1:])
    try:
        report = suite.run(options)
        print(report.markdown(), end="")
        if options.json:
            report.write_json(options.json)
        if options.record:
            report.append_to(os.path.join(HERE, "results.md"))
        for failure in report.failures:
            print(f"bench: {failure}", file=sys.stderr)
        if report.failures:
            return 1
    except (measure.RunFailed, OSError) as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
