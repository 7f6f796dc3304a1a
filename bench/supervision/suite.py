"""How late an actor that has failed answers again, for each way to fail, and what its neighbours notice.

`late_ms`: from the cutoff (of a crash and a deadlock: from the event itself) to the first answer of the next incarnation.
`storm`: what a child that dies at once costs until it is given up, in per cent of one processor; 5 are allowed.
There is no peer: those that restart what crashes (CAF's monitors, Tokio's join handles) do not notice what hangs. The target
stands in the peer's place: cutoff + 50 ms at the 99th percentile, neighbours' asks under 10 ms.
"""

import json
import os
import subprocess

from harness import measure, peers, report
from harness.measure import RunFailed, Spread

description = __doc__.splitlines()[0]
KINDS = ("crashed", "stuck", "deadlock", "spinning", "blocked")
LATE_MS, NEIGHBOUR_US, STORM_PERCENT = 50.0, 10_000.0, 5.0
PROGRAM = os.path.join(peers.ROOT, "build", "release", "bin", "bench_supervision")


def add_options(parser):
    parser.add_argument("--repetitions", type=int, default=200, metavar="R", help="failures of each kind (%(default)s)")
    parser.add_argument("--kind", choices=KINDS, action="append", help="only this kind; may be given again")
    parser.add_argument("--neighbours", type=int, default=1000, metavar="N", help="actors beside it (%(default)s)")
    parser.add_argument("--cutoff-ms", type=int, default=500, metavar="MS", help="the supervisor's cutoff (%(default)s)")
    parser.add_argument("--program", default=PROGRAM, metavar="PATH", help="build/release/bin/bench_supervision")


def figures_of(kind, options):
    command = [options.program, "--kind", kind, "--repetitions", str(options.repetitions),
               "--neighbours", str(options.neighbours), "--cutoff-ms", str(options.cutoff_ms)]
    return printed_by(command, 120 + options.repetitions * (options.cutoff_ms + 1000) / 1000)


def printed_by(command, limit):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=limit)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError as problem:
        raise RunFailed(f"{' '.join(command)} gave no figures: {done.stderr.strip()[-500:]}") from problem


def problems_of(kind, figures):
    for field in ("lost", "out_of_order", "wrong_errors"):
        if figures[field]:
            yield f"{kind}: {field} is {figures[field]}"
    if figures["late_ms_p99"] > LATE_MS:
        yield f"{kind}: {figures['late_ms_p99']:.1f} ms late at the 99th percentile, {LATE_MS:g} are allowed"
    if figures["neighbour_us_p99"] > NEIGHBOUR_US:
        yield f"{kind}: neighbours' asks take {figures['neighbour_us_p99']:.0f} µs at the 99th percentile"


def run(options):
    if not os.path.isfile(options.program):
        raise RunFailed(f"there is no {options.program}; build it with ./dev build release")
    result = report.Report(f"supervision: {options.repetitions} failures of each kind, cutoff {options.cutoff_ms} ms")
    cells = []
    for kind in options.kind or KINDS:
        measure.progress(f"{kind}: {options.repetitions} failures")
        figures = figures_of(kind, options)
        result.failures += problems_of(kind, figures)
        more = {"kind": kind, **{name: value for name, value in figures.items() if name != "kind"}}
        result.rows.append(report.Row(f"supervision/{kind}", "ms", Spread.of([figures["late_ms_p99"]]), "target",
                                      Spread.of([LATE_MS]), "", more))
        cells.append([kind, f"{figures['late_ms_p50']:.1f}", f"{figures['late_ms_p99']:.1f}", f"{figures['late_ms_max']:.1f}",
                      f"{figures['neighbour_us_p50']:.0f}", f"{figures['neighbour_us_p99']:.0f}",
                      str(figures["lost"]), str(figures["out_of_order"]), str(figures["wrong_errors"])])
    measure.progress("storm: a child that dies at once")
    storm = printed_by([options.program, "--storm"], 120)
    if storm["cpu_percent"] > STORM_PERCENT or storm["escalations"] != 1:
        result.failures.append(f"storm: {storm}; {STORM_PERCENT:g} % of a processor and one escalation are allowed")
    result.rows.append(report.Row("supervision/storm", "%", Spread.of([storm["cpu_percent"]]), "target",
                                  Spread.of([STORM_PERCENT]), "", storm))
    result.table = report.format_table(
        ["kind", "late p50 ms", "p99", "most", "neighbour p50 µs", "p99", "lost", "out of order", "wrong errors"], cells)
    result.table += (f"\n\nA child that dies at once: {storm['failures']} failures in {storm['wall_s']:.1f} s, then escalated; "
                     f"{storm['cpu_percent']:.2f} % of a processor.\n")
    return result
