"""Messages between actors: asks, tells, fan-in, spawning, memory, skynet, Savina, latencies; beside Tokio and CAF.

Ours is bench_messaging, the peers are bench/peers/tokio (tokio-messaging) and bench/peers/caf (caf-messaging): the same
workloads, counts and shapes, the same options, the same line of JSON. What each row is: docs/benchmarking.md.
"""

import os
import re

from harness import measure, peers, plot, report
from harness.measure import RunFailed, Spread
from messaging.cases import CAF, CASES, CURRENT, MULTI

description = __doc__.splitlines()[0]
BIN = os.path.join(peers.ROOT, "build", "release", "bin")
QUICK_DIVISOR = 100


def add_options(parser):
    parser.add_argument("--repetitions", type=measure.at_least_five, default=5, metavar="R",
                        help="runs of each (%(default)s)")
    parser.add_argument("--case", type=re.compile, default=re.compile(""), metavar="REGEX",
                        help="only the cases in whose name this is found")
    parser.add_argument("--plot", default=os.path.join(peers.ROOT, "build", "bench", "messaging.svg"), metavar="FILE",
                        help="a bar plot of the ratios, as SVG (build/bench/messaging.svg)")
    parser.add_argument("--quick", action="store_true", help="a hundredth of the work: shows that all runs, no figures")
    parser.add_argument("--tiny", action="store_true", help="ours alone, once, a hundredth of the work: a test of the programs")
    parser.add_argument("--programs", default=BIN, metavar="FOLDER", help="where ours are (build/release/bin)")
    parser.add_argument("--huge", action="store_true", help="also chapter/actor with 100,000,000 tasks (ours alone)")


def programs(options):
    """name -> path of those that are here, and name -> why the others are not."""
    ours = os.path.join(options.programs, "bench_messaging")
    if not os.path.isfile(ours):
        raise RunFailed(f"there is no {ours}; build it with ./dev build release")
    found, missing = {"ours": ours}, {}
    if options.tiny:
        return found, dict.fromkeys((CURRENT, MULTI, CAF), "a tiny run has no peers")
    for names, build in (((CURRENT, MULTI), lambda: peers.build_tokio("tokio-messaging")), ((CAF,), peers.build_caf)):
        try:
            path = build()
            found |= {name: path for name in names}
        except peers.PeerMissing as reason:
            missing |= {name: str(reason) for name in names}
            measure.progress(f"{names[-1]} is missing: {reason}")
    return found, missing


def command(name, path, case, quick):
    count, size = case.count, case.size
    if quick:
        count, size = case.quick or (max(count // QUICK_DIVISOR, 1), size)
    if case.workload == "chapter" and name != CAF:  # that has a program of its own, bench_chapter and tokio-peer
        program = "bench_chapter" if name == "ours" else "tokio-peer"
        return [os.path.join(os.path.dirname(path), program), "--form", "actor", "--tasks", str(count),
                "--workers", str(case.workers)]
    flavor = ["--flavor", "current-thread" if name == CURRENT else "multi-thread"] if name in (CURRENT, MULTI) else []
    return [path, "--workload", case.workload, "--count", str(count), "--size", str(size),
            "--workers", str(case.workers), *flavor]


def same_work(case):
    """A check that every run did what the first one did: as many operations, coming to the same."""
    first = {}

    def check(result):
        for field in ("seconds", "peak_rss_kib"):
            if not isinstance(result.get(field), (int, float)) or result[field] <= 0:
                raise RunFailed(f"{case.name}: {field} is {result.get(field)}")
        result.setdefault("operations", result.get("tasks"))  # so bench_chapter and its peer call them
        result.setdefault("check", result.get("total"))
        result["peak_rss_mib"] = result["peak_rss_kib"] / 1024
        for field in ("operations", "check"):
            expected = first.setdefault(field, result.get(field))
            if result.get(field) != expected:
                raise RunFailed(f"{case.name}: {field} is {result.get(field)}, elsewhere {expected}")

    return check


def rows_of(case, results, missing):
    """One row for each figure of the case and each peer."""

    def spread(runs, field, scale=1.0):
        usable = isinstance(runs, list) and all(field in run for run in runs)
        return Spread.of([run[field] * scale for run in runs]) if usable else None

    rows = []
    ours = results["ours"]
    for figure in case.figures:
        for peer in case.peers or ("none",):
            theirs = results.get(peer)
            note = ""
            if isinstance(ours, RunFailed):
                note = f"ours failed: {ours}"
            elif isinstance(theirs, RunFailed):
                note = f"failed: {theirs}"
            elif theirs is None:
                note = f"not compared: {case.absent[peer]}" if peer in case.absent else f"missing: {missing.get(peer)}"
            more = {}  # of the whole process
            for name, field, scale in (("peak_mib", "peak_rss_kib", 1 / 1024), ("wall_s", "wall_seconds", 1),
                                       ("cpu_s", "cpu_seconds", 1)):
                sides = {"ours": spread(ours, field, scale), "peer": spread(theirs, field, scale)}
                more[name] = {side: round(value.median, 3) if value else None for side, value in sides.items()}
            rows.append(report.Row(case.name + figure.suffix, figure.unit, spread(ours, figure.field), peer,
                                   spread(theirs, figure.field), note, more))
    return rows


def cells(row):
    def shown(spread):
        return f"{spread.median:.4g} ({spread.low:.4g}–{spread.high:.4g})" if spread else "-"

    def peak(side):
        return "-" if row.more["peak_mib"][side] is None else f"{row.more['peak_mib'][side]:.1f}"

    state = row.note.split(":")[0] if row.note else shown(row.peer_value)
    return [row.case, row.unit, shown(row.ours), row.peer, state, "-" if row.ratio is None else f"{row.ratio:.2f}",
            peak("ours"), peak("peer")]


def measure_case(case, found, missing, options):
    contenders = {name: command(name, found[name], case, options.quick or options.tiny)
                  for name in ("ours", *case.peers) if name in found and name not in case.absent}
    measure.progress(f"{case.name}: {options.repetitions} runs of {', '.join(contenders)}")
    results = measure.alternate(contenders, 1 if options.tiny else options.repetitions, same_work(case))
    rows = rows_of(case, results, missing)
    for row in rows:
        measure.progress("    " + "  ".join(cells(row)[:6]))
    return rows


def run(options):
    if options.record and (options.quick or options.tiny):
        raise RunFailed("a short run is no figure to record")
    cases = [case for case in CASES if options.case.search(case.name) and (options.huge or not case.huge)]
    if not cases:
        raise RunFailed(f"no case matches '{options.case.pattern}'")
    found, missing = programs(options)
    result = report.Report(f"messaging: median of {options.repetitions} (least–most)"
                           + (", a short run: no figures to keep" if options.quick or options.tiny else ""))
    for case in cases:
        result.rows += measure_case(case, found, missing, options)
    result.failures = sorted({f"{row.case}: {row.note}" for row in result.rows if row.note.startswith("ours failed")})
    result.table = report.format_table(["case", "unit", "ours", "peer", "its value", "ratio", "peak MiB", "its peak"],
                                       [cells(row) for row in result.rows])
    write_plot(options.plot, result)
    return result


def write_plot(path, result):
    folder = os.path.dirname(path)
    if folder:
        os.makedirs(folder, exist_ok=True)
    rows = [(row.case, row.peer, row.ratio, row.note) for row in result.rows]
    with open(path, "w", encoding="utf-8") as out:
        out.write(plot.ratios_svg("How many times better ours is (above 1: ahead)",
                                  f"{result.machine}; {result.date}; commit {result.commit}", rows))
    measure.progress(f"plot: {path}")
