"""Ways to wait for sockets: epoll, as the runtime does, beside io_uring; what the kernel's part of a command costs.

The servers are bench_sockets, which answers PING and does nothing else, in one thread; the load is redis-benchmark's. So
what is measured is what a command of a server costs at least.
"""

import dataclasses
import os
import shutil

from harness import contest, measure, peers, servers
from harness.contest import Figure
from harness.measure import RunFailed
from server import speeds

description = __doc__.splitlines()[0]
BIN = os.path.join(peers.ROOT, "build", "release", "bin")
OUT = os.path.join(peers.ROOT, "build", "bench")
WAYS = {"ours": "epoll", "io-uring": "io-uring", "io-uring-multishot": "io-uring-multishot"}
FIGURES = (Figure("cpu_us", "µs", "/cpu"), Figure("per_second", "/s", "/rate", more_is_better=True))


@dataclasses.dataclass(frozen=True)
class Ping:
    pipeline: int
    count: int

    @property
    def name(self):
        return f"ping/pipeline-{self.pipeline}" if self.pipeline > 1 else "ping/plain"

    def run(self, bench):
        runs = {name: (lambda way=way: self._once(bench, way)) for name, way in WAYS.items()}
        return bench.rows(self.name, FIGURES, runs, lambda result: None, extra=("user_us", "system_us", "p50_ms", "p99_ms"))

    def _once(self, bench, way):
        def command(port, _):
            return [bench.programs["ours"], "--port", str(port), "--way", way]

        with servers.Server(command, None) as server:
            return speeds.measured(server, "ping_mbulk", self.pipeline, bench.amount(self.count, self.count // 50))


CASES = (Ping(1, 400_000), Ping(16, 3_000_000))


def add_options(parser):
    parser.add_argument("--repetitions", type=measure.at_least_five, default=7, metavar="R",
                        help="runs of each (%(default)s)")
    parser.add_argument("--plot", default=os.path.join(OUT, "sockets.svg"), metavar="FILE",
                        help="a bar plot of the ratios, as SVG (build/bench/sockets.svg)")
    parser.add_argument("--tiny", action="store_true", help="ours alone, once, a small part of the work: a test")
    parser.add_argument("--programs", default=BIN, metavar="FOLDER", help="where ours are (build/release/bin)")


def run(options):
    if options.record and options.tiny:
        raise RunFailed("a short run is no figure to record")
    if shutil.which("redis-benchmark") is None:
        raise RunFailed("redis-benchmark is not installed (redis-tools; cmake/packages.txt, group bench)")
    program = os.path.join(options.programs, "bench_sockets")
    if not os.path.isfile(program):
        raise RunFailed(f"there is no {program}; build it with ./dev build release")
    missing = dict.fromkeys((way for way in WAYS if way != "ours"), "a tiny run has no peers") if options.tiny else {}
    repetitions = 1 if options.tiny else options.repetitions
    given = contest.Bench({"ours": program}, missing, OUT, repetitions, False, options.tiny)
    title = f"sockets: epoll (ours) and io_uring, median of {repetitions} (least–most)"
    return given.report(title + (", a short run: no figures to keep" if options.tiny else ""), CASES, options.plot)
