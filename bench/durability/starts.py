"""`start/…` and `memory/…`: how long a start takes with data, what it needs of memory, and what a key takes, beside Redis."""

import contextlib
import dataclasses
import shutil

from harness import measure, servers
from harness.contest import REDIS, REDIS_AOF, REDIS_RDB, Figure
from harness.measure import RunFailed

START_FIGURES = (Figure("seconds", "s"), Figure("peak_mib", "MiB", "/peak"), Figure("settled_mib", "MiB", "/settled"),
                 Figure("bytes_per_key", "B", "/key"))
MEMORY_FIGURES = (Figure("bytes_per_key", "B"),)
LABELS = {1_000_000: "1M", 10_000_000: "10M"}


def fill(bench, server, keys, value_bytes):
    measure.run_once([bench.programs["ours"], "load", "--port", str(server.port), "--fill", "--keys", str(keys),
                      "--value-bytes", str(value_bytes), "--connections", "50", "--pipeline", "16"])
    with server.client() as client:
        held = client.call("DBSIZE")
    if held != keys:
        raise RunFailed(f"{server.command[0]} was given {keys} keys, and has {held}")


def memory_of_empty(bench, command):
    with servers.new_directory(bench.data) as directory, servers.Server(command, directory) as server:
        return server.settled_bytes()


@dataclasses.dataclass(frozen=True)
class Start:
    """Ours with a journal alone, and with a snapshot alone, beside Redis with an AOF, and with an RDB file."""

    keys: int
    value_bytes: int = 64

    @property
    def name(self):
        return f"start/{LABELS[self.keys]}"

    def run(self, bench):
        keys = bench.amount(self.keys, self.keys // 100)
        with contextlib.ExitStack() as stack:
            journal, snapshot = (stack.enter_context(servers.new_directory(bench.data)) for _ in range(2))
            self._prepare_ours(bench, keys, journal, snapshot)
            ours = servers.ours(bench.programs["server"])
            commands = {"journal": (ours, journal), "snapshot": (ours, snapshot)}
            if REDIS not in bench.missing:
                theirs = stack.enter_context(servers.new_directory(bench.data))
                self._prepare_redis(bench, keys, theirs)
                commands |= {REDIS_AOF: (servers.redis(), theirs), REDIS_RDB: (servers.redis(appendonly=False), theirs)}
            contenders = {}
            for name, (command, directory) in commands.items():
                empty = memory_of_empty(bench, command)
                contenders[name] = lambda command=command, directory=directory, empty=empty: self._once(
                    command, directory, keys, empty)
            results = bench.results(self.name, contenders, lambda result: None)
        rows = []
        for ours, peers in (("journal", [REDIS_AOF]), ("snapshot", [REDIS_AOF, REDIS_RDB])):
            rows += bench.rows_of(f"{self.name}/{ours}", START_FIGURES, results, ours, peers)
        return rows

    def _prepare_ours(self, bench, keys, journal, snapshot):
        measure.progress(f"{self.name}: {keys:,} keys for ours")
        command = servers.ours(bench.programs["server"], "interval")
        with servers.Server(command, journal) as server:
            fill(bench, server, keys, self.value_bytes)
            server.stop()
        shutil.copytree(journal, snapshot, dirs_exist_ok=True)
        with servers.Server(command, snapshot) as server:
            with server.client() as client:
                client.socket.settimeout(servers.START_SECONDS_MAX)
                client.call("UNDERSTUDY", "SNAPSHOT")
            server.stop()

    def _prepare_redis(self, bench, keys, directory):
        measure.progress(f"{self.name}: {keys:,} keys for Redis")
        with servers.Server(servers.redis("no"), directory) as server:
            fill(bench, server, keys, self.value_bytes)
            with server.client() as client:
                client.socket.settimeout(servers.START_SECONDS_MAX)
                client.call("SAVE")
            server.stop()

    def _once(self, command, directory, keys, empty_bytes):
        last = f"key:{keys - 1:012}"
        with servers.Server(command, directory, probe=("GET", last)) as server:
            if not isinstance(server.answer, bytes) or len(server.answer) != self.value_bytes:
                raise RunFailed(f"{server.command[0]} was started with {keys} keys and answers GET {last} with {server.answer}")
            with server.client() as client:
                held = client.call("DBSIZE")
            if held != keys:
                raise RunFailed(f"{server.command[0]} was started with {keys} keys, and has {held}")
            settled = server.settled_bytes()
            return {"seconds": server.ready_seconds, "peak_mib": server.peak_bytes() / servers.MIB,
                    "settled_mib": settled / servers.MIB, "bytes_per_key": (settled - empty_bytes) / keys}


@dataclasses.dataclass(frozen=True)
class Memory:
    """What a key takes that was set by a client: resident memory beyond that of an empty process."""

    value_bytes: int
    keys: int = 1_000_000

    @property
    def name(self):
        return f"memory/{LABELS[self.keys]}/value-{self.value_bytes}"

    def run(self, bench):
        keys = bench.amount(self.keys, self.keys // 20)
        commands = {"ours": servers.ours(bench.programs["server"], "interval"), REDIS: servers.redis("everysec")}
        contenders = {}
        for name, command in bench.here(commands).items():
            empty = memory_of_empty(bench, command)
            contenders[name] = lambda command=command, empty=empty: self._once(bench, command, keys, empty)
        return bench.rows(self.name, MEMORY_FIGURES, contenders, lambda result: None, peers=[REDIS],
                          extra=("peak_mib", "settled_mib"))

    def _once(self, bench, command, keys, empty_bytes):
        with servers.new_directory(bench.data) as directory, servers.Server(command, directory) as server:
            fill(bench, server, keys, self.value_bytes)
            settled = server.settled_bytes()
            return {"bytes_per_key": (settled - empty_bytes) / keys, "settled_mib": settled / servers.MIB,
                    "peak_mib": server.peak_bytes() / servers.MIB}


CASES = (Start(1_000_000), Start(10_000_000), Memory(8), Memory(64))
