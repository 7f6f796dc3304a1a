"""The cases of `bench messaging`: which workload, how much of it, and what of its figures makes a row."""

import dataclasses

CURRENT, MULTI, CAF = "tokio-current-thread", "tokio-multi-thread", "caf"


@dataclasses.dataclass(frozen=True)
class Figure:
    """A value of a run that makes a row: its field, the row's unit, and what the case's name is followed by."""

    field: str
    unit: str
    suffix: str = ""


NS = (Figure("ns_per_operation", "ns"),)
LATENCY = (Figure("p50_us", "µs", "/p50"), Figure("p99_us", "µs", "/p99"), Figure("p999_us", "µs", "/p99.9"))


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    workload: str
    count: int
    size: int = 1
    workers: int = 1
    figures: tuple = NS
    absent: dict = dataclasses.field(default_factory=dict)  # peer -> why it does not take part
    quick: tuple = ()  # count and size of a short run, where dividing the count is not right
    huge: bool = False

    @property
    def peers(self):
        return (CURRENT if self.workers == 1 else MULTI, CAF)


UNBOUNDED = {CAF: "CAF has no bounded mailbox: the flood would only grow"}
NO_TASKS = {CAF: "CAF has no tasks: see skynet/1M-actors"}


def senders(count):
    return Case(f"fan-in/{count}", "tell", 5_000_000, count, workers=2, quick=(100_000, count))


CASES = (
    Case("ask/one-worker", "ask", 5_000_000),
    Case("ask/two-workers", "ask", 1_000_000, workers=2),
    Case("tell/one-worker", "tell", 10_000_000),
    Case("tell/two-workers", "tell", 10_000_000, workers=2),
    senders(1), senders(4), senders(64), senders(1024),
    Case("spawn/finish", "spawn", 500_000),
    Case("memory/idle-actor", "idle-memory", 1, 1_000_000, figures=(Figure("bytes_per_actor", "B"),), quick=(1, 10_000)),
    Case("idle/cpu", "idle-cpu", 10_000, 1_000_000, figures=(Figure("cpu_ms", "ms"),), quick=(500, 10_000)),
    Case("growth/1", "growth", 2_000_000, 1),
    Case("growth/1000", "growth", 2_000_000, 1_000, quick=(20_000, 1_000)),
    Case("growth/1000000", "growth", 2_000_000, 1_000_000, quick=(20_000, 10_000)),
)
