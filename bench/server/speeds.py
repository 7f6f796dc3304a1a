"""`cpu/…`: processor time of the server for each command, and `rate/…`: commands a second, as fast as redis-benchmark goes."""

import dataclasses
import subprocess

from harness import servers
from harness.contest import Figure
from harness.measure import RunFailed
from server import contenders

CONNECTIONS = 50
KEYS = 100_000
FIGURES = (Figure("cpu_us", "µs", "/cpu"), Figure("per_second", "/s", "/rate", more_is_better=True))
EXTRA = ("user_us", "system_us", "p50_ms", "p99_ms")


def benchmark(port, command, pipeline, count):
    """One run of redis-benchmark: rate and latencies."""
    words = ["redis-benchmark", "-p", str(port), "-c", str(CONNECTIONS), "-n", str(count), "-P", str(pipeline), "-d", "64",
             "-r", str(KEYS), "-t", command, "--csv"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=servers.START_SECONDS_MAX)
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise RunFailed(f"{' '.join(words)}: {problem}") from problem
    lines = [line.replace('"', "").split(",") for line in done.stdout.splitlines()]
    if done.returncode != 0 or len(lines) < 2 or lines[-1][0].lower() != command:
        raise RunFailed(f"{' '.join(words)} failed: {(done.stdout + done.stderr).strip()[-500:]}")
    fields = dict(zip(lines[-2], lines[-1]))
    return {"per_second": float(fields["rps"]), "p50_ms": float(fields["p50_latency_ms"]),
            "p99_ms": float(fields["p99_latency_ms"])}


def measured(server, command, pipeline, count):
    """One run, and what processor time of the server's each of its commands took."""
    user, system = server.cpu_times()
    result = benchmark(server.port, command, pipeline, count)
    user_now, system_now = server.cpu_times()
    result["user_us"] = (user_now - user) * 1e6 / count
    result["system_us"] = (system_now - system) * 1e6 / count
    result["cpu_us"] = result["user_us"] + result["system_us"]
    return result


@dataclasses.dataclass(frozen=True)
class Speed:
    command: str
    pipeline: int
    kept: str
    count: int

    @property
    def name(self):
        return f"{self.command}/{self.kept}/" + (f"pipeline-{self.pipeline}" if self.pipeline > 1 else "plain")

    def run(self, bench):
        runs = {name: (lambda command=command: self._once(bench, command))
                for name, command in contenders.commands(bench, self.kept).items()}
        return bench.rows(self.name, FIGURES, runs, lambda result: None, extra=EXTRA)

    def _once(self, bench, command):
        count = max(bench.amount(self.count, self.count // 50), CONNECTIONS * self.pipeline)
        with servers.new_directory(bench.data) as directory, servers.Server(command, directory) as server:
            # What is asked for is there, and the server has been warmed up.
            benchmark(server.port, "set", 16, bench.amount(4 * KEYS, KEYS // 10))
            if self.command == "get":
                benchmark(server.port, "get", self.pipeline, max(count // 10, CONNECTIONS * self.pipeline))
            return measured(server, self.command, self.pipeline, count)


CASES = tuple(Speed(command, pipeline, kept, 200_000 if pipeline == 1 else 3_000_000)
              for kept in ("none", "interval") for pipeline in (1, 16) for command in ("set", "get"))
