"""Servers under measurement, ours and Redis: started on a free port with a data directory, watched from outside, killed."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from harness.measure import RunFailed

START_SECONDS_MAX = 600
SETTLED_SECONDS, SETTLED_SECONDS_MAX = 1.0, 20.0
PAGE = os.sysconf("SC_PAGE_SIZE")
TICK = os.sysconf("SC_CLK_TCK")
MIB = 1024 * 1024


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def encode(*words):
    words = [str(word).encode() for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


class Client:
    """A connection for commands with short replies."""

    def __init__(self, port, seconds_max=60):
        self.socket = socket.create_connection(("127.0.0.1", port), seconds_max)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def call(self, *words):
        """The reply: a text, a number, bytes, None, or a list of these. RunFailed for an error."""
        self.socket.sendall(encode(*words))
        return self.reply()

    def reply(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise OSError("the connection was closed")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RunFailed(f"the server says: {rest.decode()}")
        if kind == b"+":
            return rest.decode()
        if kind == b":":
            return int(rest)
        if rest == b"-1" or kind == b"_":
            return None
        if kind in b"$=":
            return self.file.read(int(rest) + 2)[:-2]
        return [self.reply() for _ in range(int(rest) * (2 if kind == b"%" else 1))]

    def info(self, field):
        """A number of INFO persistence."""
        found = re.search(rf"^{field}:(\d+)\r?$", self.call("INFO", "persistence").decode(), re.MULTILINE)
        if not found:
            raise RunFailed(f"INFO persistence has no {field}")
        return int(found[1])


@contextlib.contextmanager
def new_directory(parent):
    """A directory for a server's data, removed at the end."""
    os.makedirs(parent, exist_ok=True)
    path = tempfile.mkdtemp(dir=parent)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def ours(program, durability="always"):
    """The command of our server. Snapshots only when asked for, so that a row measures one thing."""
    return lambda port, directory: [program, "serve", "--port", str(port), "--dir", os.path.join(directory, "data"),
                                    "--durability", durability, "--snapshot-after", "0", "--log-level", "warning"]


def redis(appendfsync="always", appendonly=True):
    """The command of Redis; it rewrites and saves only when asked to, and its AOF is one (no RDB in front)."""
    return lambda port, directory: ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", directory,
                                    "--save", "", "--appendonly", "yes" if appendonly else "no",
                                    "--appendfsync", appendfsync, "--auto-aof-rewrite-percentage", "0",
                                    "--aof-use-rdb-preamble", "no", "--loglevel", "warning"]


class Server:
    """A server from its start until it is killed. `begun` says when it was started, `ready_seconds` how long it then took
    until it answered with its data loaded."""

    def __init__(self, command, directory, probe=("PING",)):
        self.port = free_port()
        self.command = command(self.port, directory)
        self.log = tempfile.TemporaryFile()
        begun = time.monotonic()
        try:
            self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        except OSError as problem:
            raise RunFailed(f"cannot run {self.command[0]}: {problem.strerror}") from problem
        try:
            self.answer = self._first_answer(begun, probe)
        except BaseException:
            self.kill()
            raise
        self.ready_seconds = time.monotonic() - begun

    def _first_answer(self, begun, probe):
        """The reply to the first command that it answers; until then it refuses, or says that it is loading."""
        while time.monotonic() - begun < START_SECONDS_MAX:
            try:
                with Client(self.port) as client:
                    return client.call(*probe)
            except (OSError, RunFailed) as problem:
                if isinstance(problem, RunFailed) and "LOADING" not in str(problem):
                    raise
            if self.process.poll() is not None:
                self.log.seek(0)
                raise RunFailed(f"{' '.join(self.command)} ended: {self.log.read().decode(errors='replace')[-500:]}")
            time.sleep(0.0005)
        raise RunFailed(f"{self.command[0]} did not answer in {START_SECONDS_MAX} s")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log.close()

    def stop(self):
        """Ends it well, so that all is on the disk."""
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(START_SECONDS_MAX) != 0:
            raise RunFailed(f"{self.command[0]} ended with {self.process.returncode}")

    def client(self):
        return Client(self.port)

    def cpu_times(self):
        """Processor time of all its threads so far, in seconds: its own, and the system's for it."""
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return int(fields[11]) / TICK, int(fields[12]) / TICK

    def cpu_seconds(self):
        """Both together."""
        return sum(self.cpu_times())

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/statm", encoding="utf-8") as statm:
            return int(statm.read().split()[1]) * PAGE

    def peak_bytes(self):
        """The most it has had resident since its start."""
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as status:
            return int(re.search(r"^VmHWM:\s+(\d+) kB", status.read(), re.MULTILINE)[1]) * 1024

    def settled_bytes(self):
        """Resident memory once it has stopped to change."""
        least_change = 0.002
        begun = since = time.monotonic()
        last = self.resident_bytes()
        while time.monotonic() - since < SETTLED_SECONDS and time.monotonic() - begun < SETTLED_SECONDS_MAX:
            time.sleep(0.1)
            now = self.resident_bytes()
            if abs(now - last) > least_change * last:
                last, since = now, time.monotonic()
        return last

    def family_bytes(self):
        """Memory of the process and its children, what they share counted once (PSS): a forked child costs what it does
        not share any more."""
        total = 0
        for process in (self.process.pid, *self._children()):
            try:
                with open(f"/proc/{process}/smaps_rollup", encoding="utf-8") as rollup:
                    total += int(re.search(r"^Pss:\s+(\d+) kB", rollup.read(), re.MULTILINE)[1]) * 1024
            except (OSError, TypeError):  # A child that has just ended.
                continue
        return total

    def _children(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="utf-8") as children:
            return [int(child) for child in children.read().split()]
