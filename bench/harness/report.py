"""What a benchmark found: rows of ours beside a peer's, as a table for people and as JSON for programs."""

import dataclasses
import datetime
import json
import os
import platform
import shlex
import subprocess
import sys
import time

from harness.measure import Spread

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@dataclasses.dataclass
class Row:
    """One case. Smaller values are better, unless `more_is_better`. Where a value is missing, `note` says why; `more` goes
    into the JSON."""

    case: str
    unit: str
    ours: Spread | None
    peer: str
    peer_value: Spread | None
    note: str = ""
    more: dict = dataclasses.field(default_factory=dict)
    more_is_better: bool = False

    @property
    def ratio(self):
        """How many times better ours is; above 1 we are ahead. None without two values that can be compared so: what did
        not grow is no number of times better than what did."""
        if self.peer_value is None or self.ours is None or min(self.ours.median, self.peer_value.median) <= 0:
            return None
        ratio = self.peer_value.median / self.ours.median
        return 1 / ratio if self.more_is_better else ratio

    def as_json(self):
        row = {
            "case": self.case,
            "ours": self.ours.median if self.ours else None,
            "peer": self.peer,
            "peer_value": self.peer_value.median if self.peer_value else None,
            "unit": self.unit,
            "ratio": None if self.ratio is None else round(self.ratio, 3),
            "spread": {
                "ours": [self.ours.low, self.ours.high] if self.ours else None,
                "peer": [self.peer_value.low, self.peer_value.high] if self.peer_value else None,
            },
            **self.more,
        }
        if self.note:
            row["note"] = self.note
        return row


def describe_machine():
    model = "unknown processor"
    memory_gib = 0
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    with open("/proc/meminfo", encoding="utf-8") as lines:
        memory_gib = round(int(lines.readline().split()[1]) / 1024 / 1024)
    cores = len(os.sched_getaffinity(0))
    return f"{model}, {cores} cores, {memory_gib} GiB, Linux {platform.release()}"


def describe_commit():
    def git(*arguments):
        done = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else None

    try:
        commit = git("rev-parse", "--short=12", "HEAD")
        if commit is None:
            return "unknown"
        return commit + ("+changes" if git("status", "--porcelain", "--untracked-files=no") else "")
    except OSError:  # no git here
        return "unknown"


def busy_cores(seconds=1.0):
    """How many cores' worth of work everything on this machine does, looked at while we do nothing."""

    def ticks():
        with open("/proc/stat", encoding="utf-8") as lines:
            fields = [int(field) for field in lines.readline().split()[1:9]]
        return sum(fields) - fields[3] - fields[4]  # all but idle and waiting for the disk

    before = ticks()
    time.sleep(seconds)
    return (ticks() - before) / os.sysconf("SC_CLK_TCK") / seconds


class Report:
    """Made just before the first run: it looks at how busy the machine is without us."""

    def __init__(self, title):
        self.title = title
        self.machine = describe_machine()
        self.date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.commit = describe_commit()
        self.command = "bench/run.py " + " ".join(shlex.quote(argument) for argument in sys.argv[1:])
        self.busy_cores_before = busy_cores()
        self.rows = []
        self.table = ""
        self.failures = []  # what of ours could not be measured, or was not as it must be

    def markdown(self):
        lines = [f"## {self.title}", "", f"{self.date}, commit {self.commit}, `{self.command}`", "", self.machine, ""]
        if self.busy_cores_before > 0.2:
            lines += [f"Other work kept {self.busy_cores_before:.1f} cores busy just before: take these figures with care.",
                      ""]
        notes = sorted({f"{row.peer}: {row.note}" for row in self.rows if row.note})
        lines += [self.table, ""] + [line for note in notes for line in (note, "")]
        return "\n".join(lines)

    def write_json(self, path):
        content = {
            "machine": self.machine,
            "date": self.date,
            "commit": self.commit,
            "command": self.command,
            "busy_cores_before": round(self.busy_cores_before, 2),
            "rows": [row.as_json() for row in self.rows],
        }
        with open(path, "w", encoding="utf-8") as out:
            json.dump(content, out, indent=2)
            out.write("\n")

    def append_to(self, path):
        with open(path, "a", encoding="utf-8") as out:
            out.write("\n" + self.markdown())


def format_table(header, rows):
    """A Markdown table whose columns line up: the first to the left, figures to the right."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]

    def line(cells):
        padded = [cell.ljust(width) if column == 0 else cell.rjust(width)
                  for column, (cell, width) in enumerate(zip(cells, widths))]
        return "| " + " | ".join(padded) + " |"

    rule = [("-" * width) if column == 0 else "-" * (width - 1) + ":" for column, width in enumerate(widths)]
    return "\n".join([line(header), line(rule), *map(line, rows)])
