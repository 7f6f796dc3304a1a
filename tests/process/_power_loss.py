"""Power loss, tried on the real server: its system calls are recorded while clients write, and then the program
crash_states builds every state that a crash could have left, starts on it, and compares it with what clients were told.
Some of these states are given to the real program as well."""

import os
import re
import signal
import subprocess
import threading

import _disk_watch
import _program
from _history import History, RecordedClient, Refused
from _program import Closed, Server

SETTINGS = ("--segment-size", "16384", "--snapshot-after", "120000", "--log-level", "error")
MANY = {"connections": 8, "at_once": (1, 1, 2, 4, 12)}  # Large groups: many commands to a flush.
FEW = {"connections": 2, "at_once": (1,)}  # Small ones: a flush for each.


class Recording:
    """Lives of a server, each ended by `kill` or `stop`, and what clients did meanwhile."""

    def __init__(self, seed, faults=()):
        folder = os.path.realpath(_program.folder())
        self.seed = seed
        self.directory = os.path.join(folder, "data")
        self.events = os.path.join(folder, "recording")
        self.history_file = os.path.join(folder, "history")
        self.folder = folder
        self.history = History()
        self.snapshots = 0
        self.refused = 0
        self._may_fail = bool(faults)
        self._kill = os.path.join(folder, "kill")
        self._environment = _disk_watch.environment(self.directory, self.events, faults, self._kill)
        self._life = 0
        self._ended = []  # How clients have come to their end, in the present life.

    def live(self, commands, end, connections=8, at_once=(1, 1, 2, 4, 12)):
        """One life, in which so many commands are answered."""
        self._life += 1
        with Server(*SETTINGS, directory=self.directory, env=self._environment) as server:
            before = self.history.writers()
            if before:
                reader = RecordedClient(self.history, server.port, self._life, self.seed)
                for connection in before:
                    reader.read_all_of(connection)
            target = self.history.commands + commands
            done = threading.Condition()

            def progress():
                with done:
                    done.notify()

            threads = [threading.Thread(target=self._guarded, args=(server.port, at_once, progress), daemon=True)
                       for _ in range(connections)]
            for thread in threads:
                thread.start()
            with done:
                if not done.wait_for(lambda: self._ended or self.history.commands >= target, 600):
                    raise AssertionError("the clients make no progress")
            if self._ended:
                raise AssertionError(f"a client has come to an end: {self._ended[0]}\n{server.errors()}")
            with server.connect() as client:
                info = client.call("INFO", "persistence").decode()
            self.snapshots += int(info.split("\nsnapshots:")[1].split()[0])
            if end == "kill":
                with open(self._kill, "wb"):
                    pass
                if server.wait() != -signal.SIGKILL:
                    raise AssertionError("the server has ended, and not by the kill")
                os.remove(self._kill)
            elif server.stop() != 0:
                raise AssertionError(f"the server did not end well: {server.errors()}")
            for thread in threads:
                thread.join(_program.DEADLINE_S)
        if any(isinstance(end, BaseException) for end in self._ended):
            raise AssertionError(f"a client failed: {self._ended}")
        self._ended.clear()

    def _guarded(self, port, at_once, progress):
        try:
            while not self._write(RecordedClient(self.history, port, self._life, self.seed, at_once), progress):
                self.refused += 1
            self._ended.append("the server closed its connection")
        except (OSError, Closed):
            self._ended.append("the server closed its connection")
        except BaseException as error:  # pylint: disable=broad-except
            self._ended.append(error)
        progress()

    def _write(self, client, progress):
        """Until the connection ends: True; or, where something is made to fail, a command got an error."""
        try:
            while True:
                client.exchange()
                progress()
        except (OSError, Closed):
            return True
        except Refused:
            if not self._may_fail:
                raise
            return False

    def segments(self):
        """How many there have been."""
        return max(int(name[8:18]) for name in os.listdir(self.directory) if name.startswith("journal-"))

    def try_crashes(self, fates, whole_store_every=200, samples=0, timeout=3600):
        """Exit code and output of crash_states; the folder with its samples."""
        self.history.save(self.history_file)
        samples_to = os.path.join(self.folder, "samples")
        done = subprocess.run(
            [_disk_watch.CRASH_STATES, "--recording", self.events, "--history", self.history_file, "--directory",
             self.directory, "--fates", str(fates), "--seed", str(self.seed), "--samples", str(samples), "--samples-to",
             samples_to, "--whole-store-every", str(whole_store_every), "--threads", str(os.cpu_count() or 1)],
            capture_output=True, check=False, timeout=timeout)
        return done.returncode, (done.stdout + done.stderr).decode(), samples_to


def start_real_program_on(sample):
    """The real program starts on a state, and holds what crash_states has read there."""
    with open(os.path.join(sample, "expected"), encoding="ascii") as file:
        expected = dict(tuple(map(bytes.fromhex, (line.rstrip("\n").split(" ")))) for line in file)
    with Server("--log-level", "error", directory=os.path.join(sample, "data")) as server:
        if server.keys != len(expected):
            raise AssertionError(f"{sample}: {server.keys} keys, and {len(expected)} should be there")
        if expected:
            with server.connect() as client:
                found = dict(zip(expected, client.call("MGET", *expected)))
            if found != expected:
                raise AssertionError(f"{sample}: other values than should be there")


def run(commands, fates, seed, samples=30, whole_store_every=200, report=lambda line: None):
    """A run of four lives, and every crash; gives the line that says what was tried."""
    recording = Recording(seed)
    for end, load in (("kill", MANY), ("stop", FEW), ("kill", MANY), ("kill", FEW)):
        recording.live(-(-commands // 4), end, **load)
    report(f"{recording.history.commands} commands answered in 4 lives, {recording.snapshots} snapshots, "
           f"{recording.segments()} segments; seed {seed}")
    if recording.snapshots < 3 or recording.segments() < 10:
        raise AssertionError("the run has too few snapshots and segments to show anything")
    code, out, samples_to = recording.try_crashes(fates, whole_store_every, samples)
    if code != 0:
        raise AssertionError(f"seed {seed}: {out}")
    if re.search(r"\b0 with ", out):
        raise AssertionError(f"some kind of state was never tried: {out}")
    report(out.rstrip("\n"))
    states = [os.path.join(samples_to, name) for name in sorted(os.listdir(samples_to))] if samples else []
    for state in states:
        start_real_program_on(state)
    return f"{out.rstrip()}; the real program has started on {len(states)} of them"
