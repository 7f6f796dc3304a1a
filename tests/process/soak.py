#!/usr/bin/env python3
"""The long versions of steady.py and crash.py: `./dev soak [steady] [--minutes N] [--json FILE]`, `./dev soak crash
[--rounds N] [--seed S]`, `./dev soak mixed ...`."""

import argparse
import json
import os
import random
import sys

import _crash
import _steady

ROUNDS = {"crash": (_crash.rounds_of_crashes, 100), "mixed": (_crash.rounds_of_everything, 50)}


def say(line):
    print(line, flush=True)


def steady(options):
    print(f"steady: {options.minutes:g} minutes, seed {options.seed}", flush=True)
    result = _steady.run(options.minutes, options.seed, say)
    folder = os.path.dirname(options.json)
    if folder:
        os.makedirs(folder, exist_ok=True)
    with open(options.json, "w", encoding="utf-8") as out:
        json.dump(result, out, indent=1)
        out.write("\n")
    lines, flat = _steady.in_words(result)
    print("\n".join(lines), f"\nsamples: {options.json}", flush=True)
    return 0 if flat else 1


def rounds(options):
    run, count = ROUNDS[options.mode]
    count = options.rounds or count
    print(f"{options.mode}: {count} rounds, seed {options.seed}", flush=True)
    print(run(count, options.seed, say))
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", choices=("steady", *ROUNDS))
    parser.add_argument("--minutes", type=float, default=60, help="of steady; default: 60")
    parser.add_argument("--json", default=os.path.join("build", "soak.json"), metavar="FILE",
                        help="where steady writes all samples; default: build/soak.json")
    parser.add_argument("--rounds", type=int, help="default: 100 (crash), 50 (mixed)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32),
                        help="what decides what is done when; default: random")
    options = parser.parse_args()
    return steady(options) if options.mode == "steady" else rounds(options)


if __name__ == "__main__":
    sys.exit(main())
