"""Actors against mutexes: N tasks, spawned by one, each make one request to one shared counter.

Four forms: `actor` (an actor owns the counter and answers each request), `actor-now` (the same, where each task runs before
the next is spawned; Tokio has no such spawn, and runs `actor`), `mutex` (an asynchronous mutex guards it) and
`mutex-detached` (the same, where the task may do something else while the update runs). Ours is bench_chapter, the peer
Tokio's multi-threaded runtime; both take the same flags and print the same line.
"""

import os

from harness import measure, peers, report
from harness.measure import Spread

description = __doc__.splitlines()[0]
FORMS = ("actor", "actor-now", "mutex", "mutex-detached")
PEER_FORMS = {"actor-now": "actor"}  # Where its form is not called as ours is.
PEER = "tokio-multi-thread"
OURS = os.path.join("build", "release", "bin", "bench_chapter")
WARM_UP_TASKS = 10_000


def positive(text):
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


def add_options(parser):
    parser.add_argument("--tasks", type=positive, default=1_000_000, metavar="N", help="tasks in flight (%(default)s)")
    parser.add_argument("--repetitions", type=positive, default=3, metavar="R", help="runs of each (%(default)s)")
    parser.add_argument("--form", choices=FORMS, action="append", metavar="FORM",
                        help=f"only this form; may be repeated ({', '.join(FORMS)})")
    parser.add_argument("--workers", type=positive, default=len(os.sched_getaffinity(0)), metavar="K",
                        help="worker threads of each (%(default)s)")
    parser.add_argument("--ours", default=os.path.join(peers.ROOT, OURS), metavar="PATH", help=f"our program ({OURS})")


def contenders(programs, form, tasks, workers):
    """Name -> function that runs it once, and checks that it has done what it was told."""

    def run_once(name, path):
        its_form = form if name == "ours" else PEER_FORMS.get(form, form)
        result = measure.run_once([path, "--form", its_form, "--tasks", str(tasks), "--workers", str(workers)])
        check_result(its_form, tasks)(result)
        return result

    return {name: lambda name=name, path=path: run_once(name, path) for name, path in programs.items()}


def check_result(form, tasks):
    """The requests are the values 0 to N - 1: their sum shows that each was served once."""
    expected = {"form": form, "tasks": tasks, "total": tasks * (tasks - 1) // 2}

    def check(result):
        for field in ("seconds", "ns_per_task", "peak_rss_kib"):
            if not isinstance(result.get(field), (int, float)) or result[field] <= 0:
                raise measure.RunFailed(f"form {form}: {field} is {result.get(field)}")
        for field, value in expected.items():
            if result.get(field) != value:
                raise measure.RunFailed(f"form {form}: {field} is {result.get(field)}, expected {value}")

    return check


def rows_of(form, results, missing):
    """The rows for time and memory of one form."""
    if isinstance(results["ours"], measure.RunFailed):
        raise results["ours"]
    peer = results.get(PEER, missing)
    failed = isinstance(peer, Exception)
    note = "" if not failed else f"failed: {peer}" if isinstance(peer, measure.RunFailed) else f"missing: {peer}"

    def row(case, unit, field, scale):
        spread = [None if runs is None else Spread.of([run[field] * scale for run in runs])
                  for runs in (results["ours"], None if failed else peer)]
        return report.Row(case, unit, spread[0], PEER, spread[1], note)

    return [row(form, "s", "seconds", 1), row(f"memory/{form}", "MiB", "peak_rss_kib", 1 / 1024)]


def cells(time, memory, tasks):
    """The line of the table for one form: ours, the peer's, and how they compare."""

    def side(seconds, mebibytes, absent):
        if seconds is None:
            return [absent, "-", "-"]
        return [f"{seconds.median:.3f} ({seconds.low:.3f}–{seconds.high:.3f})", f"{seconds.median * 1e9 / tasks:.0f}",
                f"{mebibytes.median:.1f} ({mebibytes.low:.1f}–{mebibytes.high:.1f})"]

    def ratio(row):
        return "-" if row.ratio is None else f"{row.ratio:.2f}"

    absent = time.note.split(":")[0]
    return [time.case, *side(time.ours, memory.ours, absent), *side(time.peer_value, memory.peer_value, absent),
            ratio(time), ratio(memory)]


def run(options):
    if not os.path.isfile(options.ours):
        raise measure.RunFailed(f"there is no {options.ours}; build it with ./dev build release")
    programs = {"ours": options.ours}
    missing = None
    try:
        programs[PEER] = peers.build_tokio()
    except peers.PeerMissing as reason:
        missing = reason
        measure.progress(f"{PEER} is missing: {reason}")
    found = report.Report(f"chapter: {options.tasks:,} tasks, {options.workers} workers, "
                          f"median of {options.repetitions} (least–most)")
    table = []
    for form in options.form or FORMS:
        measure.progress(f"{form}: {options.repetitions} × {options.tasks:,} tasks each")
        warm_up = min(WARM_UP_TASKS, options.tasks)
        measure.alternate(contenders(programs, form, warm_up, options.workers), 1, lambda result: None)
        results = measure.alternate(contenders(programs, form, options.tasks, options.workers), options.repetitions,
                                    lambda result: None)
        time, memory = rows_of(form, results, missing)
        found.rows += [time, memory]
        table.append(cells(time, memory, options.tasks))
    header = ["form", "ours s", "ns/task", "peak MiB", "tokio s", "ns/task", "peak MiB", "ratio", "memory ratio"]
    found.table = report.format_table(header, table)
    return found
