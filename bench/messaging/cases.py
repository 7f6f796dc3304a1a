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
CHAPTER = (Figure("seconds", "s"), Figure("peak_rss_mib", "MiB", "/memory"))
TOO_BIG = {MULTI: "it would need 57 GB", CAF: "it would need more memory than there is"}
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


UNBOUNDED = {CAF: "its mailboxes have no bound: the flood would only grow"}
NO_TASKS = {CAF: "it has no tasks; see skynet/1M-actors"}
NO_PEER = dict.fromkeys((CURRENT, MULTI), "its runtime drops tasks, and stops nothing in order") | {
    CAF: "its actors end when nobody refers to them"}


def fan_in(senders):
    return Case(f"fan-in/{senders}", "tell", 2_000_000, senders, workers=2, quick=(100_000, senders))


def savina(name, count, size=1, workload=None, quick=None):
    """With the suite's default parameters, on two workers."""
    return Case(f"savina/{name}", workload or name, count, size, workers=2, quick=(quick or count // 20, size))


def chapter(tasks, label, huge=False):
    return Case(f"chapter/actor-{label}", "chapter", tasks, 1, workers=2, figures=CHAPTER, huge=huge,
                absent=TOO_BIG if huge else {}, quick=(10_000, 1))


CASES = (
    chapter(1_000_000, "1M"),
    chapter(10_000_000, "10M"),
    chapter(100_000_000, "100M", huge=True),
    Case("ask/one-worker", "ask", 2_000_000),
    Case("ask/two-workers", "ask", 500_000, workers=2),
    Case("tell/one-worker", "tell", 2_000_000),
    Case("tell/two-workers", "tell", 2_000_000, workers=2),
    fan_in(1), fan_in(4), fan_in(64), fan_in(1024),
    Case("spawn/finish", "spawn", 200_000),
    Case("spawn/shutdown", "shutdown", 1, 20_000, absent=NO_PEER, quick=(1, 1_000)),
    Case("memory/idle-actor", "idle-memory", 1, 1_000_000, figures=(Figure("bytes_per_actor", "B"),), quick=(1, 10_000)),
    Case("idle/cpu", "idle-cpu", 10_000, 1_000_000, figures=(Figure("cpu_ms", "ms"),), quick=(200, 10_000)),
    Case("growth/1", "growth", 500_000, 1),
    Case("growth/1000", "growth", 500_000, 1_000, quick=(20_000, 1_000)),
    Case("growth/1000000", "growth", 500_000, 1_000_000, quick=(20_000, 10_000)),
    Case("skynet/1M", "skynet-tasks", 1_000_000, 1, workers=2, absent=NO_TASKS, quick=(10_000, 1)),
    Case("skynet/1M-actors", "skynet-actors", 1_000_000, 1, workers=2, quick=(1_000, 1)),
    savina("ping-pong", 1_000_000),  # 25 times the suite's 40,000: those are over before they can be measured
    savina("counting", 1_000_000, workload="tell"),
    savina("fork-join-throughput", 10_000, 60),
    savina("fork-join-create", 40_000),
    savina("thread-ring", 100_000, 100),
    savina("chameneos", 200_000, 100),
    savina("big", 20_000, 120),
    savina("concurrent-dictionary", 10_000, 20),
    savina("bounded-buffer", 1_000, 40, quick=10),
    savina("dining-philosophers", 10_000, 20),
    Case("latency/ask-under-load", "latency-load", 2_000, 8, workers=2, figures=LATENCY, quick=(100, 8)),
    Case("latency/ask-full-mailbox", "latency-full", 20_000, 4, workers=2, figures=LATENCY, absent=UNBOUNDED,
         quick=(500, 4)),
    Case("fairness/flooded-neighbour", "fairness", 20_000, 64, figures=LATENCY, absent=UNBOUNDED, quick=(500, 64)),
)
