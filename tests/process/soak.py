#!/usr/bin/env python3
"""The long version of crash.py: `./dev soak crash [--rounds N] [--seed S]`, `./dev soak mixed ...`."""

import argparse
import random

import _crash

MODES = {"crash": (_crash.rounds_of_crashes, 100), "mixed": (_crash.rounds_of_everything, 50)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("--rounds", type=int, help="default: 100 (crash), 50 (mixed)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32), help="what decides when is killed; default: random")
    options = parser.parse_args()
    run, rounds = MODES[options.mode]
    print(f"{options.mode}: {options.rounds or rounds} rounds, seed {options.seed}", flush=True)
    print(run(options.rounds or rounds, options.seed, lambda line: print(line, flush=True)))


if __name__ == "__main__":
    main()
