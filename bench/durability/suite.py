"""Durability: flushed writes through the server and in process, starts, memory, snapshots; beside Redis, RocksDB, SQLite.

What each row is: docs/benchmarking.md. Clients, and our writers in process, are bench_durability; peers in process are
bench/peers/rocksdb and bench/peers/sqlite.
"""

import os
import re
import shutil

from durability import rates, snapshots, starts, writes
from harness import contest, measure, peers
from harness.contest import BGREWRITEAOF, BGSAVE, REDIS, REDIS_AOF, REDIS_RDB, ROCKSDB, SQLITE_GROUP, SQLITE_THREADS
from harness.measure import RunFailed

description = __doc__.splitlines()[0]
BIN = os.path.join(peers.ROOT, "build", "release", "bin")
OUT = os.path.join(peers.ROOT, "build", "bench")
CASES = (*rates.CASES, *writes.CASES, *starts.CASES, *snapshots.CASES)
REDIS_ROWS = (REDIS, REDIS_AOF, REDIS_RDB, BGSAVE, BGREWRITEAOF)
EVERY_PEER = (*REDIS_ROWS, ROCKSDB, SQLITE_THREADS, SQLITE_GROUP)


def add_options(parser):
    parser.add_argument("--repetitions", type=measure.at_least_five, default=5, metavar="R",
                        help="runs of each (%(default)s)")
    parser.add_argument("--case", type=re.compile, default=re.compile(""), metavar="REGEX",
                        help="only the cases in whose name this is found: " + ", ".join(case.name for case in CASES))
    parser.add_argument("--plot", default=os.path.join(OUT, "durability.svg"), metavar="FILE",
                        help="a bar plot of the ratios, as SVG (build/bench/durability.svg)")
    parser.add_argument("--data", default=os.path.join(OUT, "data"), metavar="FOLDER",
                        help="where the data is written; its disk is what is measured (build/bench/data)")
    parser.add_argument("--quick", action="store_true", help="twice, and a small part of the work: shows that all runs")
    parser.add_argument("--tiny", action="store_true", help="ours alone, once, a small part of the work: a test")
    parser.add_argument("--programs", default=BIN, metavar="FOLDER", help="where ours are (build/release/bin)")


def find_programs(options):
    """name -> path of those that are here, and peer -> why it is not."""
    found, missing = {}, {}
    for name, program in (("ours", "bench_durability"), ("server", "understudy")):
        found[name] = os.path.join(options.programs, program)
        if not os.path.isfile(found[name]):
            raise RunFailed(f"there is no {found[name]}; build it with ./dev build release")
    if options.tiny:
        return found, dict.fromkeys(EVERY_PEER, "a tiny run has no peers")
    if shutil.which("redis-server") is None:
        missing |= dict.fromkeys(REDIS_ROWS, "redis-server is not installed")
    for names, build in (((ROCKSDB,), peers.build_rocksdb), ((SQLITE_THREADS, SQLITE_GROUP), peers.build_sqlite)):
        try:
            path = build()
            found |= dict.fromkeys(names, path)
        except peers.PeerMissing as reason:
            missing |= dict.fromkeys(names, str(reason))
            measure.progress(f"{names[0]} is missing: {reason}")
    return found, missing


def run(options):
    short = options.quick or options.tiny
    if options.record and short:
        raise RunFailed("a short run is no figure to record")
    cases = [case for case in CASES if options.case.search(case.name)]
    if not cases:
        raise RunFailed(f"no case matches '{options.case.pattern}'; there are: {', '.join(case.name for case in CASES)}")
    if shutil.which("redis-benchmark") is None:
        raise RunFailed("redis-benchmark is not installed (redis-tools; cmake/packages.txt, group bench)")
    disk = contest.file_system_of(options.data)
    found, missing = find_programs(options)
    repetitions = 1 if options.tiny else 2 if options.quick else options.repetitions
    given = contest.Bench(found, missing, options.data, repetitions, options.quick, options.tiny)
    title = f"durability: on {disk}, median of {repetitions} (least–most)"
    return given.report(title + (", a short run: no figures to keep" if short else ""), cases, options.plot)
