"""A script of a client library, run against a real Redis and against our server: what it sees must be the same.

A script (tests/process/clients/*) is given the address of a server by its arguments, and writes lines of JSON:
    {"step": "what was done", "saw": what came of it}
    {"ask": "restart"}      the server is restarted on the same directory and ports; then a line comes back
What both saw is compared line by line. Where they differ on purpose, a `Known` says what each sees, and why; one whose
difference has gone is an error, too.
"""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import typing
import unittest

import _certificates
import _program
from _program import Client, Closed, ReplyError, Server

CLIENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients")
PASSWORD = "password-of-default"
APP_PASSWORD = "password-of-app"
PORT_TRIES_MAX = 5
USERS = f"""user default on >{PASSWORD} ~* &* +@all
user app on >{APP_PASSWORD} ~app:* &* +@all -@dangerous
"""


class Known(typing.NamedTuple):
    """A difference that is there. `step`: whose. `why`: the reason; it begins with "bug" where it should go."""

    step: str
    redis: object
    ours: object
    why: str


def need(command, package):
    """The way to a program that a test can't do without: that it is missing must not look like success."""
    found = shutil.which(command)
    if not found:
        raise AssertionError(f"{command} is not installed; Debian's package {package} has it (cmake/packages.txt)")
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Secrets:
    """What both servers are given: users, and a certificate."""

    def __init__(self):
        need("openssl", "openssl")
        authority = _certificates.Authority()
        self.authority = authority.file
        self.certificate, self.key = authority.sign("server")
        self.users = os.path.join(_program.folder(), "users.acl")
        with open(self.users, "w", encoding="utf-8") as file:
            file.write(USERS)

    def flags(self):
        """Settings that have the same names in both."""
        return ["--tls-cert-file", self.certificate, "--tls-key-file", self.key, "--tls-ca-cert-file", self.authority,
                "--tls-auth-clients", "no", "--aclfile", self.users]


class Redis:
    """A real Redis 7.0, which keeps every change."""

    name = "redis"

    def __init__(self, secrets):
        self.directory = _program.folder()
        self._settings = ["--bind", "127.0.0.1", "--dir", self.directory, "--save", "", "--appendonly", "yes", "--appendfsync",
                          "always", *secrets.flags()]
        for _ in range(PORT_TRIES_MAX):  # Another may have taken a port that was free a moment ago.
            self.port, self.tls_port = free_port(), free_port()
            if self._start():
                return
        raise AssertionError(f"redis-server has not started: exit code {self.process.poll()}")

    def _start(self):
        """False: it has not come up."""
        command = [need("redis-server", "redis-server"), "--port", str(self.port), "--tls-port", str(self.tls_port)]
        self.process = _program.spawn([*command, *self._settings], stdout=subprocess.PIPE)
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        deadline = time.monotonic() + _program.DEADLINE_S
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with Client(self.port) as client:
                    client.call("AUTH", PASSWORD)
                    if client.call("PING") == "PONG" and self.process.poll() is None:
                        return True
            except (ConnectionError, Closed, ReplyError):  # It isn't there yet, or is loading.
                continue
        return False

    def restart(self):
        self.stop()
        if not self._start():
            raise AssertionError(f"redis-server has not started again: exit code {self.process.poll()}")

    def stop(self):
        self.process.terminate()
        self.process.wait(_program.DEADLINE_S)


class Ours:
    """Our server, which keeps every change."""

    name = "ours"

    def __init__(self, secrets):
        self._flags = secrets.flags()
        self._server = Server("--tls-port", "0", *self._flags)
        self.directory = self._server.directory
        self.port, self.tls_port = self._server.port, self._server.tls_port

    @property
    def process(self):
        return self._server.process

    def restart(self):
        self.stop()
        self._server = Server("--tls-port", str(self.tls_port), *self._flags, directory=self.directory, port=self.port)

    def stop(self):
        code = self._server.stop()
        if code != 0:
            raise AssertionError(f"our server ended with {code}\n{self._server.errors()}")


def observe(server, command, secrets, deadline_s=2 * _program.DEADLINE_S):
    """Runs a script against a server, and gives the lines that it wrote."""
    arguments = [str(server.port), str(server.tls_port), secrets.authority]
    lines = []
    with tempfile.TemporaryFile() as errors:
        process = _program.spawn([*command, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
        late = threading.Timer(deadline_s, process.kill)
        late.start()
        for line in process.stdout:
            said = json.loads(line)
            if said == {"ask": "restart"}:
                server.restart()
                process.stdin.write(b"done\n")
                process.stdin.flush()
            else:
                lines.append((said["step"], said["saw"]))
        code = process.wait()
        late.cancel()
        errors.seek(0)
        if code != 0:
            raise AssertionError(f"{command} against {server.name} ended with {code} after {lines[-1:]}\n"
                                 f"{errors.read().decode(errors='replace')}")
    return lines


def differences(redis, ours, known=()):
    """What differs between what two runs saw and isn't known; and what is known and doesn't differ."""
    expected = {each.step: each for each in known}
    found = []
    names = [step for step, _ in redis]
    if names != [step for step, _ in ours]:
        found.append(f"other steps: redis {names}, ours {[step for step, _ in ours]}")
    found += [f"two steps of one name: {step}" for step in sorted(set(names)) if names.count(step) > 1]
    for (step, of_redis), (_, of_ours) in zip(redis, ours):
        each = expected.pop(step, None)
        if each and (of_redis, of_ours) != (each.redis, each.ours):
            found.append(f"{step}: known as {each.redis!r} and {each.ours!r}\n  redis: {of_redis!r}\n  ours:  {of_ours!r}")
        elif not each and of_redis != of_ours:
            found.append(f"{step}\n  redis: {of_redis!r}\n  ours:  {of_ours!r}")
    return found + [f"known, but there is no such step: {step}" for step in expected]


class SideBySide(unittest.TestCase):
    """The base of such tests: two servers, new for each test."""

    def setUp(self):
        self.secrets = Secrets()
        self.servers = [Redis(self.secrets), Ours(self.secrets)]
        for server in self.servers:
            self.addCleanup(server.stop)

    def compare(self, command, known=(), least=1):
        """The script must see the same, in `least` steps or more."""
        redis, ours = [observe(server, command, self.secrets) for server in self.servers]
        self.assertGreaterEqual(len(redis), least)
        found = differences(redis, ours, known)
        self.assertFalse(found, "\n".join(found))
        print(f"  {len(redis)} observations, {len(known)} known differences")
