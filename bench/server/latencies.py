"""`latency/…`: how long an answer takes at rates that are parts of what Redis can do at most."""

import dataclasses

from harness import measure, servers
from harness.contest import REDIS, Figure
from server import contenders, speeds

FIGURES = (Figure("p50_us", "µs", "/p50"), Figure("p95_us", "µs", "/p95"), Figure("p99_us", "µs", "/p99"),
           Figure("p999_us", "µs", "/p99.9"), Figure("due_p99_us", "µs", "/p99-from-due"))
EXTRA = ("worst_us", "late_p99_us", "rate")


@dataclasses.dataclass(frozen=True)
class Latency:
    command: str
    part: float  # of the highest rate that redis-benchmark gets out of Redis (of ours, where there is no Redis)
    seconds: float
    kept: str = "none"  # as contenders.commands takes it

    @property
    def name(self):
        kept = "" if self.kept == "none" else f"{self.kept}/"
        return f"latency/{self.command}/{kept}{self.part:g}-of-max"

    def run(self, bench):
        commands = contenders.commands(bench, self.kept)
        yardstick = REDIS if REDIS not in bench.missing else "ours"
        with servers.new_directory(bench.data) as directory, servers.Server(commands[yardstick], directory) as server:
            speeds.benchmark(server.port, "set", 16, bench.amount(4 * speeds.KEYS, speeds.KEYS // 10))
            most = speeds.benchmark(server.port, self.command, 1, bench.amount(400_000, 20_000))["per_second"]
        rate = self.part * most
        measure.progress(f"{self.name}: {rate:.0f} a second")
        runs = {name: (lambda command=command: self._once(bench, command, rate)) for name, command in commands.items()}
        rows = bench.rows(self.name, FIGURES, runs, lambda result: None, extra=EXTRA)
        for row in rows:
            row.more["offered_per_second"] = round(rate)
        return rows

    def _once(self, bench, command, rate):
        with servers.new_directory(bench.data) as directory, servers.Server(command, directory) as server:
            speeds.benchmark(server.port, "set", 16, bench.amount(4 * speeds.KEYS, speeds.KEYS // 10))
            return measure.run_once([bench.programs["load"], "--port", str(server.port), "--command", self.command,
                                     "--rate", f"{rate:.0f}", "--seconds", str(bench.amount(self.seconds, 0.5)),
                                     "--connections", str(speeds.CONNECTIONS)])


CASES = (*(Latency(command, part, 5) for command in ("set", "get") for part in (0.25, 0.5, 0.75)),
         Latency("set", 0.5, 10, "interval"))
