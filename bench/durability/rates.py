"""`set/…`: SETs through the server, by redis-benchmark, beside Redis."""

import dataclasses
import subprocess

from harness import servers
from harness.contest import REDIS, Figure
from harness.measure import RunFailed

FIGURES = (Figure("per_second", "/s", more_is_better=True),)
EXTRA = ("p50_ms", "p99_ms", "server_cpu_us", "keys_lost")
KEYS = 100_000


@dataclasses.dataclass(frozen=True)
class Rate:
    durability: str  # ours
    appendfsync: str  # Redis's name for the same
    connections: int
    pipeline: int
    count: int

    @property
    def name(self):
        return f"set/{self.durability}/{self.connections}" + (f"/pipeline-{self.pipeline}" if self.pipeline > 1 else "")

    def run(self, bench):
        commands = {"ours": servers.ours(bench.programs["server"], self.durability), REDIS: servers.redis(self.appendfsync)}
        contenders = {name: (lambda name=name, command=command: self._once(bench, name, command))
                      for name, command in commands.items()}
        return bench.rows(self.name, FIGURES, contenders, lambda result: None, extra=EXTRA)

    def _once(self, bench, name, command):
        count = max(bench.amount(self.count, self.count // 50), self.connections * self.pipeline)
        with servers.new_directory(bench.data) as directory:
            with servers.Server(command, directory) as server:
                self._benchmark(server, max(count // 10, self.connections))  # not counted
                cpu = server.cpu_seconds()
                result = self._benchmark(server, count)
                result["server_cpu_us"] = (server.cpu_seconds() - cpu) * 1e6 / count
                with server.client() as client:
                    keys = client.call("DBSIZE")
            result["keys_lost"] = keys - keys_after_a_kill(command, directory)
        # Redis's everysec holds writes back, in memory, while a flush takes long: it promises nothing about a kill.
        if keys == 0 or (result["keys_lost"] != 0 and not (name == REDIS and self.durability == "interval")):
            raise RunFailed(f"{name} had {keys} keys, was killed, and lacks {result['keys_lost']} when started anew")
        return result

    def _benchmark(self, server, count):
        command = ["redis-benchmark", "-p", str(server.port), "-c", str(self.connections), "-n", str(count),
                   "-P", str(self.pipeline), "-d", "64", "-r", str(KEYS), "-t", "set", "--csv"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=servers.START_SECONDS_MAX)
        except (OSError, subprocess.TimeoutExpired) as problem:
            raise RunFailed(f"{' '.join(command)}: {problem}") from problem
        lines = [line.replace('"', "").split(",") for line in done.stdout.splitlines()]
        if done.returncode != 0 or len(lines) < 2 or lines[-1][0] != "SET":
            raise RunFailed(f"{' '.join(command)} failed: {(done.stdout + done.stderr).strip()[-500:]}")
        fields = dict(zip(lines[-2], lines[-1]))
        return {"per_second": float(fields["rps"]), "p50_ms": float(fields["p50_latency_ms"]),
                "p99_ms": float(fields["p99_latency_ms"])}


def keys_after_a_kill(command, directory):
    """How many keys the server, which was killed, has when started anew."""
    with servers.Server(command, directory, probe=("DBSIZE",)) as server:
        return server.answer


def always(connections, pipeline, count):
    return Rate("always", "always", connections, pipeline, count)


def interval(connections, pipeline, count):
    """Ours with its default interval of a second, as Redis's everysec."""
    return Rate("interval", "everysec", connections, pipeline, count)


CASES = (
    always(1, 1, 20_000), always(50, 1, 200_000), always(1000, 1, 300_000),
    always(1, 16, 200_000), always(50, 16, 1_500_000), always(1000, 16, 1_500_000),
    interval(1, 1, 100_000), interval(50, 1, 400_000), interval(50, 16, 3_000_000),
)
