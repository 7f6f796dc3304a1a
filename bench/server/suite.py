"""The server: processor time a command, rates, and latencies at given rates; beside Redis.

What each row is: docs/benchmarking.md. As fast as it goes is redis-benchmark's load; at a given rate it is that of
bench_server, which sends each command when it is due, whatever has been answered.
"""

import os
import re
import shutil

from harness import contest, measure, peers
from harness.contest import REDIS
from harness.measure import RunFailed
from server import latencies, speeds

description = __doc__.splitlines()[0]
BIN = os.path.join(peers.ROOT, "build", "release", "bin")
OUT = os.path.join(peers.ROOT, "build", "bench")
CASES = (*speeds.CASES, *latencies.CASES)


def add_options(parser):
    parser.add_argument("--repetitions", type=measure.at_least_five, default=5, metavar="R",
                        help="runs of each (%(default)s)")
    parser.add_argument("--case", type=re.compile, default=re.compile(""), metavar="REGEX",
                        help="only the cases in whose name this is found: " + ", ".join(case.name for case in CASES))
    parser.add_argument("--plot", default=os.path.join(OUT, "server.svg"), metavar="FILE",
                        help="a bar plot of the ratios, as SVG (build/bench/server.svg)")
    parser.add_argument("--data", default=os.path.join(OUT, "data"), metavar="FOLDER",
                        help="where the servers write (build/bench/data)")
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="of our server; 0: its default")
    parser.add_argument("--quick", action="store_true", help="twice, and a small part of the work: shows that all runs")
    parser.add_argument("--tiny", action="store_true", help="ours alone, once, a small part of the work: a test")
    parser.add_argument("--programs", default=BIN, metavar="FOLDER", help="where ours are (build/release/bin)")


def run(options):
    short = options.quick or options.tiny
    if options.record and short:
        raise RunFailed("a short run is no figure to record")
    cases = [case for case in CASES if options.case.search(case.name)]
    if not cases:
        raise RunFailed(f"no case matches '{options.case.pattern}'; there are: {', '.join(case.name for case in CASES)}")
    if shutil.which("redis-benchmark") is None:
        raise RunFailed("redis-benchmark is not installed (redis-tools; cmake/packages.txt, group bench)")
    programs = {"ours": "understudy", "load": "bench_server"}
    programs = {name: os.path.join(options.programs, program) for name, program in programs.items()}
    for path in programs.values():
        if not os.path.isfile(path):
            raise RunFailed(f"there is no {path}; build it with ./dev build release")
    missing = {}
    if options.tiny:
        missing[REDIS] = "a tiny run has no peers"
    elif shutil.which("redis-server") is None:
        missing[REDIS] = "redis-server is not installed"
    repetitions = 1 if options.tiny else 2 if options.quick else options.repetitions
    given = contest.Bench(programs, missing, options.data, repetitions, options.quick, options.tiny, options.workers)
    title = f"server: median of {repetitions} (least–most)"
    if options.workers:
        title += f", {options.workers} workers"
    return given.report(title + (", a short run: no figures to keep" if short else ""), cases, options.plot)
