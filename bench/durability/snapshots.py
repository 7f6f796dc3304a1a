"""`snapshot/…`: memory, latency and rate while a snapshot runs under full write load, beside Redis's BGSAVE and BGREWRITEAOF.

Fifty clients write random keys of a million as fast as they are answered; beside them one write is sent every half
millisecond whatever happens, and counted from when it was due. What changes from the seconds before the snapshot to the
time in which it runs makes the rows.
"""

import dataclasses
import json
import subprocess
import time

from durability.starts import fill
from harness import servers
from harness.contest import BGREWRITEAOF, BGSAVE, REDIS, Figure
from harness.measure import RunFailed

FIGURES = (Figure("memory_percent", "% more", "/memory"), Figure("probe_p99_ms", "ms", "/p99"),
           Figure("probe_p99_growth_ms", "ms more", "/p99-growth"), Figure("slower_percent", "% fewer", "/writes"),
           Figure("snapshot_seconds", "s", "/takes"))
EXTRA = ("before_mib", "before_per_second", "before_probe_p50_ms", "before_probe_p99_ms", "before_load_p99_ms",
         "during_mib", "during_per_second", "during_probe_p50_ms", "during_probe_most_ms", "during_load_p99_ms")
SAMPLE_SECONDS, SNAPSHOT_SECONDS_MAX = 0.05, 300


def take_ours(client):
    """Answered when it counts; so the answer is what is waited for."""
    client.socket.sendall(servers.encode("UNDERSTUDY", "SNAPSHOT"))
    client.socket.setblocking(False)

    def runs():
        try:
            reply = client.socket.recv(4096)
        except BlockingIOError:
            return True
        if not reply.startswith((b"*", b"%")):
            raise RunFailed(f"UNDERSTUDY SNAPSHOT: {reply!r}")
        return False

    return runs


def take_redis(command, field):
    """Redis answers at once, and INFO says how long it goes on."""
    def take(client):
        client.call(command)
        return lambda: client.info(field) != 0

    return take


class Load:
    """The clients, in a process of their own."""

    def __init__(self, program, port, keys):
        self.process = subprocess.Popen(
            [program, "load", "--port", str(port), "--connections", "50", "--keys", str(keys), "--probe-us", "500"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()

    def phase(self, name):
        try:
            self.process.stdin.write(name + "\n")
            self.process.stdin.flush()
        except OSError:
            self.finish()  # It has ended: says why.
            raise

    def finish(self):
        """Phase -> figures."""
        try:
            out, problems = self.process.communicate("end\n", timeout=60)
        except subprocess.TimeoutExpired as problem:
            raise RunFailed("the clients do not end") from problem
        if self.process.returncode != 0:
            raise RunFailed(f"the clients failed: {problems.strip()[-500:]}")
        return json.loads(out)["phases"]


def most_memory(server, goes_on):
    """The most that the server and its children take, looked at while `goes_on()`."""
    most = server.family_bytes()
    while goes_on():
        time.sleep(SAMPLE_SECONDS)
        most = max(most, server.family_bytes())
    return most


def until(seconds):
    end = time.monotonic() + seconds
    return lambda: time.monotonic() < end


@dataclasses.dataclass(frozen=True)
class Snapshot:
    durability: str  # ours
    appendfsync: str  # Redis's name for the same
    keys: int = 1_000_000

    @property
    def name(self):
        return f"snapshot/{self.durability}"

    def run(self, bench):
        ours, theirs = servers.ours(bench.programs["server"], self.durability), servers.redis(self.appendfsync)
        ways = {"ours": (ours, take_ours), BGSAVE: (theirs, take_redis("BGSAVE", "rdb_bgsave_in_progress")),
                BGREWRITEAOF: (theirs, take_redis("BGREWRITEAOF", "aof_rewrite_in_progress"))}
        contenders = {name: (lambda command=command, take=take: self._once(bench, command, take))
                      for name, (command, take) in ways.items() if name == "ours" or REDIS not in bench.missing}
        return bench.rows(self.name, FIGURES, contenders, lambda result: None, peers=[BGSAVE, BGREWRITEAOF], extra=EXTRA)

    def _once(self, bench, command, take):
        keys = bench.amount(self.keys, self.keys // 20)
        with servers.new_directory(bench.data) as directory, servers.Server(command, directory) as server:
            fill(bench, server, keys, 64)
            with Load(bench.programs["ours"], server.port, keys) as load, server.client() as control:
                most_memory(server, until(bench.amount(5, 0.5)))  # What grows until it is warm is not the snapshot's.
                load.phase("before")
                before = most_memory(server, until(bench.amount(5, 0.5)))
                load.phase("during")
                begun = time.monotonic()
                runs = take(control)
                during = most_memory(server, lambda: time.monotonic() - begun < SNAPSHOT_SECONDS_MAX and runs())
                took = time.monotonic() - begun
                if took >= SNAPSHOT_SECONDS_MAX:
                    raise RunFailed(f"{server.command[0]}: the snapshot was not done after {SNAPSHOT_SECONDS_MAX} s")
                load.phase("after")
                phases = load.finish()
        return figures_of(phases, before, during, took)


def figures_of(phases, before_bytes, during_bytes, took):
    figures = {"memory_percent": (during_bytes / before_bytes - 1) * 100, "snapshot_seconds": took,
               "before_mib": before_bytes / servers.MIB, "during_mib": during_bytes / servers.MIB}
    for name in ("before", "during"):
        phase = phases[name]
        figures[f"{name}_per_second"] = phase["per_second"]
        figures |= {f"{name}_{field}_ms": phase[f"{field}_us"] / 1000
                    for field in ("probe_p50", "probe_p99", "probe_most", "load_p99")}
    figures["probe_p99_ms"] = figures["during_probe_p99_ms"]
    figures["probe_p99_growth_ms"] = figures["during_probe_p99_ms"] - figures["before_probe_p99_ms"]
    figures["slower_percent"] = (1 - figures["during_per_second"] / figures["before_per_second"]) * 100
    return figures


CASES = (Snapshot("always", "always"), Snapshot("interval", "everysec"))
