"""What every case of a benchmark of servers or stores is given, and how its runs become rows."""

import dataclasses
import os
import subprocess

from harness import measure, plot, report
from harness.measure import RunFailed, Spread

REDIS, ROCKSDB, SQLITE_THREADS, SQLITE_GROUP = "redis", "rocksdb", "sqlite-threads", "sqlite-group"
REDIS_AOF, REDIS_RDB = "redis-aof", "redis-rdb"
BGSAVE, BGREWRITEAOF = "redis-bgsave", "redis-bgrewriteaof"


@dataclasses.dataclass(frozen=True)
class Figure:
    """A value of a run that makes a row: its field, the row's unit, and what the case's name is followed by."""

    field: str
    unit: str
    suffix: str = ""
    more_is_better: bool = False


@dataclasses.dataclass
class Bench:
    """`programs`: name -> path of those that are here; `missing`: peer -> why it is not."""

    programs: dict
    missing: dict
    data: str  # the folder, on a real disk, in which every directory of data is made
    repetitions: int
    quick: bool
    tiny: bool
    workers: int = 0  # of our server; 0: its default

    def amount(self, full, quick):
        return quick if self.quick or self.tiny else full

    def here(self, contenders):
        """Those of the contenders (name -> what is run) that can be run; ours alone in a tiny run."""
        return {name: run for name, run in contenders.items() if name not in self.missing}

    def rows(self, case, figures, contenders, check, ours="ours", peers=None, extra=()):
        """Runs the contenders in turn; one row for each figure and peer. `extra`: fields of each run whose medians go into
        the JSON."""
        results = self.results(case, contenders, check)
        return self.rows_of(case, figures, results, ours, peers or [name for name in contenders if name != ours], extra)

    def results(self, case, contenders, check):
        contenders = self.here(contenders)
        measure.progress(f"{case}: {self.repetitions} runs of {', '.join(contenders)}")
        return measure.alternate(contenders, self.repetitions, check)

    def rows_of(self, case, figures, results, ours, peers, extra=()):
        def spread(runs, field):
            return Spread.of([run[field] for run in runs]) if isinstance(runs, list) else None

        rows = []
        for figure in figures:
            for peer in peers:
                mine, theirs = results[ours], results.get(peer)
                note = ""
                if isinstance(mine, RunFailed):
                    note = f"ours failed: {mine}"
                elif isinstance(theirs, RunFailed):
                    note = f"failed: {theirs}"
                elif theirs is None and peer != "none":
                    note = f"missing: {self.missing[peer]}"
                sides = {"ours": mine, "peer": theirs}
                more = {field: {side: value.median if (value := spread(runs, field)) else None for side, runs in sides.items()}
                        for field in extra}
                rows.append(report.Row(case + figure.suffix, figure.unit, spread(mine, figure.field), peer,
                                       spread(theirs, figure.field), note, more, figure.more_is_better))
        return rows

    def report(self, title, cases, plot_path):
        """Runs the cases; a report of all their rows, and the plot."""
        result = report.Report(title)
        for case in cases:
            rows = case.run(self)
            result.rows += rows
            for row in rows:
                measure.progress("    " + "  ".join(cells(row)))
        result.failures = sorted({f"{row.case}: {row.note}" for row in result.rows if row.note.startswith("ours failed")})
        result.table = report.format_table(["case", "unit", "ours", "peer", "its value", "ratio"],
                                           [cells(row) for row in result.rows])
        write_plot(plot_path, result)
        return result


def cells(row):
    def shown(spread):
        return f"{spread.median:.4g} ({spread.low:.4g}–{spread.high:.4g})" if spread else "-"

    state = row.note.split(":")[0] if row.note else shown(row.peer_value)
    return [row.case, row.unit, shown(row.ours), row.peer, state, "-" if row.ratio is None else f"{row.ratio:.2f}"]


def write_plot(path, result):
    folder = os.path.dirname(path)
    if folder:
        os.makedirs(folder, exist_ok=True)
    rows = [(row.case, row.peer, row.ratio, row.note) for row in result.rows if row.peer != "none"]
    with open(path, "w", encoding="utf-8") as out:
        out.write(plot.ratios_svg("How many times better ours is (above 1: ahead)",
                                  f"{result.machine}; {result.date}; commit {result.commit}", rows))
    measure.progress(f"plot: {path}")


def file_system_of(path):
    """The kind of file system that `path` is on. RunFailed for one without a disk, where a flush costs nothing."""
    os.makedirs(path, exist_ok=True)
    done = subprocess.run(["stat", "-f", "-c", "%T", path], capture_output=True, text=True, check=False)
    kind = done.stdout.strip()
    if kind in ("tmpfs", "ramfs"):
        raise RunFailed(f"{path} is on {kind}, where a flush means nothing; name a folder on a disk with --data")
    return kind or "unknown file system"
