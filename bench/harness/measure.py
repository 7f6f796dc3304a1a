"""Runs programs in turn and sums up what they print: one line of JSON each."""

import argparse
import dataclasses
import json
import resource
import statistics
import subprocess
import sys
import time


class RunFailed(Exception):
    """A program could not be run, failed, or printed something that cannot be right."""


@dataclasses.dataclass
class Spread:
    """The median of repeated measurements, and how far they lay apart."""

    median: float
    low: float
    high: float

    @staticmethod
    def of(values):
        return Spread(statistics.median(values), min(values), max(values))


def at_least_five(text):
    """The repetitions of a benchmark, from its command line."""
    value = int(text)
    if value < 5:
        raise argparse.ArgumentTypeError("a median needs at least 5")
    return value


def progress(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


RUN_SECONDS_MAX = 900  # a program that takes longer hangs


def children_cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_once(command):
    """The JSON object that `command` prints as its last line, with what the whole process took: `wall_seconds`, and
    `cpu_seconds` of all its threads, which other work on the machine disturbs less."""
    shown = " ".join(command)
    begin, cpu_begin = time.monotonic(), children_cpu_seconds()
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=RUN_SECONDS_MAX)
    except subprocess.TimeoutExpired as problem:
        raise RunFailed(f"{shown} was ended after {RUN_SECONDS_MAX} s") from problem
    except OSError as problem:
        raise RunFailed(f"cannot run {shown}: {problem.strerror}") from problem
    took = {"wall_seconds": time.monotonic() - begin, "cpu_seconds": children_cpu_seconds() - cpu_begin}
    if done.returncode != 0:
        cause = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
        raise RunFailed(f"{shown} failed ({cause}): {done.stderr.strip()[-500:]}")
    lines = done.stdout.strip().splitlines()
    try:
        return {**json.loads(lines[-1]), **took}
    except (IndexError, ValueError) as problem:
        raise RunFailed(f"{shown} did not end with a line of JSON") from problem


def alternate(contenders, repetitions, check):
    """Runs the contenders (name -> command, or a function that gives what a command would print) in turn, each `repetitions`
    times, and the other way round in every second round, so that neither always runs on the machine that the other has
    warmed. `check(result)` raises RunFailed where a result cannot be right. Returns name -> list of results; for one that
    failed, the RunFailed instead."""
    results = {name: [] for name in contenders}
    for repetition in range(repetitions):
        order = list(contenders) if repetition % 2 == 0 else list(reversed(contenders))
        for name in order:
            if isinstance(results[name], RunFailed):
                continue
            try:
                contender = contenders[name]
                result = contender() if callable(contender) else run_once(contender)
                check(result)
                results[name].append(result)
            except RunFailed as problem:
                results[name] = problem
    return results
