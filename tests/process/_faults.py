"""The real server on a data directory whose system calls fail, and the start after it.

Whatever fails, and when: clients get errors, and no lies; the store heals, or the program ends with a reason and an
exit code that says so; it is never ended by a signal; and the next start has all that was acknowledged.
"""

import itertools
import os
import time

import _crash
import _disk_watch
import _program
from _program import Closed, NotStarted, ReplyError, Server

SETTINGS = ("--segment-size", "4096", "--snapshot-after", "3000", "--log-level", "error")
WRITERS = 2
EXCHANGES = 15
HEALED_WITHIN_S = 5


def until_healed(client, *command):
    """The command's reply, once it is no error any more."""
    deadline = time.monotonic() + HEALED_WITHIN_S
    while True:
        try:
            return client.call(*command)
        except ReplyError as error:
            if time.monotonic() > deadline:
                raise AssertionError(f"{command[0]} still fails after {HEALED_WITHIN_S} s: {error}") from error


class Attempt:
    """One life of a server on whose data directory something fails. `run` raises AssertionError for what must not be."""

    def __init__(self, *faults, settings=SETTINGS, prefix=(), seed=1, exchanges=EXCHANGES, midway=None):
        self.faults = faults
        self.settings = settings
        self.prefix = prefix
        self.exchanges = exchanges
        self.midway = midway  # Called with the server when half of the exchanges are done.
        self.directory = os.path.join(os.path.realpath(_program.folder()), "data")
        self.writers = [_crash.Writer(number, seed) for number in range(WRITERS)]
        self.errors = ""  # What the program wrote to standard error.
        self.code = None  # Its exit code.
        self.started = False

    @property
    def happened(self):
        """Whether anything was made to fail."""
        return "is made to fail" in self.errors

    @property
    def refused(self):
        return sum(writer.refused for writer in self.writers)

    def run(self):
        try:
            self._live()
            self._check_end()
            self._start_again()
        except Exception as error:
            raise AssertionError(f"with {' '.join(self.faults) or self.prefix}: {error}\n{self.errors}") from error
        return self

    def _live(self):
        try:
            server = Server(*self.settings, directory=self.directory, prefix=self.prefix,
                            env=_disk_watch.environment(self.directory, faults=self.faults))
        except NotStarted as refusal:
            self.code, self.errors = refusal.code, refusal.errors
            return
        self.started = True
        with server:
            try:
                self._write(server)
                self._wait_until_healed(server)
                self.code = server.stop()
            except (OSError, Closed):
                self.code = server.wait()  # It has ended by itself; or hangs, and this fails.
            self.errors = server.errors()

    def _write(self, server):
        clients = [server.connect() for _ in self.writers]
        for number in range(self.exchanges):
            if self.midway and number == self.exchanges // 2:
                self.midway(server)
            for writer, client in zip(self.writers, clients):
                writer.exchange(client)

    @staticmethod
    def _wait_until_healed(server):
        with server.connect() as client:
            until_healed(client, "SET", "probe", "value")

    def _check_end(self):
        if self.code is None:
            raise AssertionError("it hangs")
        if self.code < 0:
            raise AssertionError(f"it was ended by signal {-self.code}")
        own = [line for line in self.errors.splitlines() if not line.startswith("disk_watch: ")]
        if self.code != 0 and not own:
            raise AssertionError(f"it ended with {self.code}, and did not say why")
        if self.code == 0 and any(writer.told_of_the_end for writer in self.writers):
            raise AssertionError("a client was told that the store has stopped, and it has healed")
        if self.code == 0 and not self.started:
            raise AssertionError("it did not start, and says that all is well")

    def _start_again(self):
        with Server("--log-level", "error", directory=self.directory) as server:
            with server.connect() as client:
                for writer in self.writers:
                    writer.check(client)
            if server.stop() != 0:
                raise AssertionError(f"the start after it did not end well: {server.errors()}")


ERRORS = {
    "write": ("EIO", "ENOSPC", "short"),
    "pread": ("EIO",),
    "fdatasync": ("EIO", "ENOSPC"),
    "fsync": ("EIO",),
    "openat": ("EIO", "ENOSPC"),
    "renameat": ("EIO",),
    "unlinkat": ("EIO",),
    "ftruncate": ("EIO",),
}


def every_call(seed, report=lambda line: None):
    """Each kind of failure at the first call, the second, and so on, until a run has no such call any more."""
    began = time.monotonic()
    attempts = ended = 0
    for call, errors in ERRORS.items():
        for what in errors:
            for nth in itertools.count(1):
                attempt = Attempt(f"{call}:{nth}:1:{what}", seed=seed).run()
                if not attempt.happened:
                    break
                attempts += 1
                ended += attempt.code != 0
            if nth == 1:
                raise AssertionError(f"there was no {call} that could fail")
            report(f"{call} {what}: each of {nth - 1} calls has failed once, {time.monotonic() - began:.0f} s")
    return f"{attempts} runs in which one call failed, {ended} of them ended the program; nothing acknowledged was lost"
