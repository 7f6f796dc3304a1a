"""`write/…`: writers in process, each write flushed before it is acknowledged, beside RocksDB and SQLite."""

import dataclasses
import os

from harness import measure, servers
from harness.contest import ROCKSDB, SQLITE_GROUP, SQLITE_THREADS, Figure
from harness.measure import RunFailed

FIGURES = (Figure("per_second", "/s", more_is_better=True),)
EXTRA = ("p50_us", "p99_us", "most_us", "cpu_seconds")


@dataclasses.dataclass(frozen=True)
class Writes:
    writers: int
    seconds: float = 5

    @property
    def name(self):
        return f"write/{self.writers}"

    def run(self, bench):
        arguments = ["--writers", str(self.writers), "--seconds", str(bench.amount(self.seconds, 0.3))]
        commands = {"ours": [bench.programs["ours"], "write"]}
        if ROCKSDB in bench.programs:
            commands[ROCKSDB] = [bench.programs[ROCKSDB]]
        for form in (SQLITE_THREADS, SQLITE_GROUP):
            if form in bench.programs:
                commands[form] = [bench.programs[form], "--form", form.removeprefix("sqlite-")]

        def once(command):
            with servers.new_directory(bench.data) as directory:
                return measure.run_once([*command, *arguments, "--directory", os.path.join(directory, "store")])

        contenders = {name: (lambda command=command: once(command)) for name, command in commands.items()}
        return bench.rows(self.name, FIGURES, contenders, check, peers=[ROCKSDB, SQLITE_THREADS, SQLITE_GROUP], extra=EXTRA)


def check(result):
    """The programs read everything back themselves, and fail if it is not what was acknowledged."""
    if result.get("wrong_keys") != 0 or not result.get("operations"):
        raise RunFailed(f"{result.get('operations')} writes, {result.get('wrong_keys')} wrong keys")


@dataclasses.dataclass(frozen=True)
class Floor:
    """What an append and a flush take on this disk, alone: what a single writer cannot be faster than."""

    name: str = "floor/append-and-flush"
    count: int = 5_000

    def run(self, bench):
        def once():
            with servers.new_directory(bench.data) as directory:
                return measure.run_once([bench.programs["ours"], "floor", "--directory", directory,
                                         "--count", str(bench.amount(self.count, 200))])

        return bench.rows(self.name, (Figure("p50_us", "µs"),), {"ours": once}, lambda result: None, peers=["none"],
                          extra=("p99_us",))


CASES = (Floor(), Writes(1), Writes(8), Writes(64))
