"""What the tests of the built program share: starting it, talking to it, and leaving nothing behind.

Nothing here waits by sleeping for a while and hoping: each wait is for an event, and has a deadline.
"""

import atexit
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

DEADLINE_S = 60
SKIPPED = 77  # the exit code that ctest takes for "skipped"
PROGRAM = os.environ.get("UNDERSTUDY_PROGRAM") or os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "release", "bin", "understudy")

_processes = []
_folders = []


def _clean_up():
    for process in _processes:
        if process.poll() is None:
            process.kill()
            process.wait()
    for folder in _folders:
        shutil.rmtree(folder, ignore_errors=True)


atexit.register(_clean_up)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that a time-out of the test runner cleans up as well


def folder():
    """A new folder, removed at exit."""
    path = tempfile.mkdtemp(prefix="understudy-")
    _folders.append(path)
    return path


def environment(**variables):
    """The environment without settings of the program, but with these."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("UNDERSTUDY_")}
    return {**clean, **variables}


def run(*arguments, env=None, stdin=None):
    """Runs the program to its end; gives exit code, standard output, standard error."""
    done = subprocess.run([PROGRAM, *arguments], env=env or environment(), input=stdin, capture_output=True,
                          timeout=DEADLINE_S, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def spawn(command, **options):
    """A process that is killed at exit, whatever happens."""
    process = subprocess.Popen(command, **options)
    _processes.append(process)
    return process


def until(condition, what):
    """Waits until `condition()` holds; `what` says what has not come about if it never does."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"it never came about: {what}")
        time.sleep(0.01)


class NotStarted(AssertionError):
    """The program has ended, or hangs, instead of saying that it is ready."""

    def __init__(self, line, code, errors):
        super().__init__(f"no ready line, but: {line!r}, exit code {code}\n{errors}")
        self.code = code  # None: it hangs.
        self.errors = errors


class Server:
    """`understudy serve` on a free port and, unless told otherwise, a new folder. `prefix`: a command that runs it."""

    READY = re.compile(r"understudy (\S+) ready: redis protocol on (.+), data in (.+) \((\d+) keys, durability (\w+)\)")

    def __init__(self, *arguments, directory=None, port=0, env=None, prefix=()):
        self.directory = directory or os.path.join(folder(), "data")
        given = list(arguments)
        if port is not None:
            given += ["--port", str(port)]
        if directory is not False:
            given += ["--dir", self.directory]
        self.log = tempfile.TemporaryFile()
        self.process = spawn([*prefix, PROGRAM, "serve", *given], env=env or environment(), stdout=subprocess.PIPE,
                             stderr=self.log)
        self.ready_line = self._first_line()
        match = self.READY.fullmatch(self.ready_line)
        if not match:
            raise NotStarted(self.ready_line, self._exit_code(), self.errors())
        self.version, self.listens_on = match[1], match[2].split(", ")
        self.keys, self.durability = int(match[4]), match[5]
        plain = next((place.rsplit(":", 1) for place in self.listens_on if not place.startswith(("tls ", "unix "))), None)
        self.address, self.port = (plain[0], int(plain[1])) if plain else (None, None)
        self.tls_port = next((int(place.rsplit(":", 1)[1]) for place in self.listens_on if place.startswith("tls ")), None)

    def _exit_code(self):
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            return None

    def _first_line(self):
        deadline = time.monotonic() + DEADLINE_S
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            byte = os.read(self.process.stdout.fileno(), 4096) if ready else b""
            if not byte:
                break
            line += byte
        return line.decode().rstrip("\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def errors(self):
        """What it has written to standard error."""
        self.log.seek(0)
        return self.log.read().decode()

    def memory(self, name="VmRSS"):
        """Bytes, as the kernel counts them in /proc/PID/status."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) << 10 for line in file if line.startswith(name + ":"))

    def connect(self):
        return Client(self.port)

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        return self.process.wait(DEADLINE_S)

    def stop(self):
        """SIGTERM; the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        """kill -9, as a crash would."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()


class Closed(Exception):
    """The other side has closed the connection."""


class ReplyError(Exception):
    """An error reply."""


class Client:
    """A connection that speaks the Redis protocol."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), DEADLINE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unread = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    @staticmethod
    def encode(*words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)

    def send(self, *words):
        self.socket.sendall(self.encode(*words))

    def send_raw(self, raw):
        self.socket.sendall(raw)

    def call(self, *words):
        """Sends a command and gives its reply; raises ReplyError for an error."""
        self.send(*words)
        return self.reply()

    def _fill(self):
        received = self.socket.recv(1 << 16)
        if not received:
            raise Closed
        self.unread += received

    def _take(self, count):
        while len(self.unread) < count:
            self._fill()
        taken, self.unread = self.unread[:count], self.unread[count:]
        return taken

    def _line(self):
        while b"\r\n" not in self.unread:
            self._fill()
        return self._take(self.unread.index(b"\r\n") + 2)

    def raw_reply(self):
        """The bytes of one reply."""
        line = self._line()
        kind, rest = line[:1], line[1:-2]
        if kind in b"$=" and rest != b"-1":
            return line + self._take(int(rest) + 2)
        if kind in b"*~>%" and rest != b"-1":
            elements = int(rest) * (2 if kind == b"%" else 1)
            return line + b"".join(self.raw_reply() for _ in range(elements))
        return line

    def reply(self):
        """One reply as a value of Python."""
        line = self._line()
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            raise ReplyError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"_" or rest == b"-1":
            return None
        if kind == b"$":
            return self._take(int(rest) + 2)[:-2]
        if kind == b"=":
            return self._take(int(rest) + 2)[4:-2]
        if kind in b"*~>":
            return [self._element() for _ in range(int(rest))]
        if kind == b"%":
            return dict((self.reply(), self.reply()) for _ in range(int(rest)))
        raise AssertionError(f"unknown kind of reply: {line!r}")

    def _element(self):
        """Of an array: an error is one of its values."""
        try:
            return self.reply()
        except ReplyError as error:
            return error

    def rest(self):
        """Everything up to the end of the connection."""
        try:
            while True:
                self._fill()
        except (Closed, ConnectionResetError):
            taken, self.unread = self.unread, b""
            return taken


def main():
    """Runs the tests of the calling file; exit code 77 if all were skipped."""
    result = unittest.main(exit=False, verbosity=2, warnings="ignore").result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(SKIPPED if result.testsRun and len(result.skipped) == result.testsRun else 0)
