"""Instructions a message costs, against those stored in bench/guard.json: fails where one costs more than 5 % more.

Counted by valgrind's callgrind on one worker: of a run with N operations and one with 3 N, the difference; so what a
process does once cancels out, and the count is the same on a busy machine and an idle one. Instructions are not time: this
notices work that was added to a path, and nothing else.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile

from harness import measure, peers, report
from harness.measure import RunFailed, Spread

description = __doc__.splitlines()[0]
STORED = os.path.join(peers.BENCH, "guard.json")
PROGRAM = os.path.join(peers.ROOT, "build", "release", "bin", "bench_messaging")
TOLERANCE = 0.05
UNIT = "instructions"

# case -> the workload's options, and its N
CASES = {
    "ask/one-worker": (["--workload", "ask"], 10_000),
    "tell/one-worker": (["--workload", "tell"], 10_000),
    "fan-in/4": (["--workload", "tell", "--size", "4"], 10_000),
    "savina/ping-pong": (["--workload", "ping-pong"], 5_000),
    "spawn/finish": (["--workload", "spawn"], 3_000),
}


def add_options(parser):
    parser.add_argument("--update", action="store_true", help="store what is measured now in bench/guard.json")
    parser.add_argument("--case", type=re.compile, default=re.compile(""), metavar="REGEX",
                        help="only the cases in whose name this is found")
    parser.add_argument("--program", default=PROGRAM, metavar="PATH", help="build/release/bin/bench_messaging")


def collected(command):
    """Instructions of the whole process."""
    with tempfile.TemporaryDirectory() as folder:
        tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out"]
        done = subprocess.run([*tool, *command], capture_output=True, text=True, check=False, timeout=600)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found:
        raise RunFailed(f"{' '.join([*tool, *command])} failed: {done.stderr.strip()[-500:]}")
    return int(found.group(1))


def instructions_an_operation(program, arguments, count):
    few = collected([program, *arguments, "--workers", "1", "--count", str(count)])
    many = collected([program, *arguments, "--workers", "1", "--count", str(3 * count)])
    return round((many - few) / (2 * count), 1)


def compiler():
    done = subprocess.run(["g++", "--version"], capture_output=True, text=True, check=False)
    return done.stdout.splitlines()[0] if done.returncode == 0 and done.stdout else "unknown"


def load():
    if not os.path.isfile(STORED):
        return {"compiler": compiler(), "instructions": {}}
    with open(STORED, encoding="utf-8") as file:
        return json.load(file)


def judge(case, measured, stored):
    """What is wrong with a row, or None."""
    if stored is None:
        return f"{case}: nothing is stored for it; run ./dev bench guard --update, and commit bench/guard.json"
    if measured > stored * (1 + TOLERANCE):
        return (f"{case}: {measured:g} {UNIT} an operation, {stored:g} are stored: {measured / stored - 1:+.1%}, "
                f"{TOLERANCE:.0%} is allowed. Find what was added to this path; if it is worth its price: --update")
    return None


def note_of(measured, stored):
    if stored is None:
        return "nothing is stored"
    if measured < stored * (1 - TOLERANCE):
        return "better than what is stored: keep it with --update"
    return ""


def run(options):
    if shutil.which("valgrind") is None:
        raise RunFailed("valgrind is not installed (cmake/packages.txt, group bench)")
    if not os.path.isfile(options.program):
        raise RunFailed(f"there is no {options.program}; build it with ./dev build release")
    kept = load()
    stored = dict(kept["instructions"])
    result = report.Report("guard: instructions an operation, one worker")
    for case, (arguments, count) in CASES.items():
        if not options.case.search(case):
            continue
        measure.progress(f"{case}: {count:,} and {3 * count:,} operations under callgrind")
        measured = instructions_an_operation(options.program, arguments, count)
        before = stored.get(case)
        if options.update:
            stored[case] = measured
        elif problem := judge(case, measured, before):
            result.failures.append(problem)
        result.rows.append(report.Row(case, UNIT, Spread.of([measured]), "stored",
                                      None if before is None else Spread.of([before]), note_of(measured, before)))
    if not result.rows:
        raise RunFailed(f"no case matches '{options.case.pattern}'; there are: {', '.join(CASES)}")
    if result.failures and kept["compiler"] != compiler():
        result.failures.append(f"the stored counts are of another compiler ({kept['compiler']}; here: {compiler()})")
    if options.update:
        with open(STORED, "w", encoding="utf-8") as out:
            json.dump({"compiler": compiler(), "instructions": stored}, out, indent=2)
            out.write("\n")
        measure.progress(f"stored in {STORED}")
    result.table = report.format_table(
        ["case", "measured", "stored", "change"],
        [[row.case, f"{row.ours.median:g}", f"{row.peer_value.median:g}" if row.peer_value else "-",
          f"{row.ours.median / row.peer_value.median - 1:+.1%}" if row.peer_value else "-"] for row in result.rows])
    return result
