#!/usr/bin/env python3
"""The long versions of the process tests: `./dev soak [MODE] [--minutes N] [--json FILE] [--rounds N] [--seed S]`.

steady       an hour of mixed load in which nothing may grow
crash        rounds of concurrent writers, each ended by kill -9
mixed        the same with resets, and ends of both kinds
power-loss   recorded runs of 60,000 commands, and every crash of each; a round is a run
faults       each kind of system call made to fail: the first, the second, and so on; a round is a pass over all
"""

import argparse
import json
import os
import random
import sys

import _crash
import _faults
import _power_loss
import _steady


def say(line):
    print(line, flush=True)


def power_loss(count, seed, report):
    lines = [_power_loss.run(60_000, fates=16, seed=seed + number, report=report) for number in range(count)]
    return "\n".join(lines)


def faults(count, seed, report):
    return "\n".join(_faults.every_call(seed + number, report) for number in range(count))


ROUNDS = {
    "crash": (_crash.rounds_of_crashes, 100),
    "mixed": (_crash.rounds_of_everything, 50),
    "power-loss": (power_loss, 1),
    "faults": (faults, 1),
}


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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=("steady", *ROUNDS))
    parser.add_argument("--minutes", type=float, default=60, help="of steady; default: 60")
    parser.add_argument("--json", default=os.path.join("build", "soak.json"), metavar="FILE",
                        help="where steady writes all samples; default: build/soak.json")
    parser.add_argument("--rounds", type=int, help="default: 100 (crash), 50 (mixed), 1 (power-loss, faults)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32),
                        help="what decides what is done when; default: random")
    options = parser.parse_args()
    return steady(options) if options.mode == "steady" else rounds(options)


if __name__ == "__main__":
    sys.exit(main())
