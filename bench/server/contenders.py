"""The two servers of a case, with what is kept of what they are told: nothing, or what a second ago was said."""

from harness import servers
from harness.contest import REDIS


def commands(bench, kept):
    """name -> the command of a server. `kept`: "none" (no persistence) or "interval" (flushed every second)."""
    extra = ["--workers", str(bench.workers)] if bench.workers else []
    program = servers.ours(bench.programs["ours"], kept)

    def ours(port, directory):
        return program(port, directory) + extra

    return {"ours": ours, REDIS: servers.redis("everysec", appendonly=kept != "none")}
