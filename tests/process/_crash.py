"""Concurrent writers over sockets, a kill, a restart, and a model that knows what must be there.

Each writer has keys of its own and sends its commands in order, some at a time. What the store may hold of it after a
crash is therefore known exactly: every command that was answered with success, then a beginning of those that were sent
and not answered. A command that was answered with an error may have happened or not. Anything else is a lost write, a
write out of order, half of an atomic command, or an invention. A reader beside them notes what it saw: no crash may
take back what was once shown.
"""

import os
import random
import select
import threading
import time

import _program
from _program import Client, Closed, ReplyError, Server

KEYS_EACH = 20
# So that segments change and snapshots are taken in every round.
SETTINGS = ("--segment-size", "65536", "--snapshot-after", "300000")
# What is said while the store's actors are being replaced.
PASSING = ("reset", "crashed", "MISCONF")
THE_END = "has stopped"  # What is said when they are not: the connection ends soon.
RESETS_EACH_ROUND = 6  # More than ten within ten seconds, and the supervisor gives the actor up.


class Writer:
    """One connection's worth of commands, and the states its keys may be in."""

    def __init__(self, number, seed):
        self.number = number
        self.random = random.Random(f"{seed}/{number}")
        self.names = [f"{number}:{key}" for key in (*range(KEYS_EACH), "x", "y", "count")]
        self.possible = [{}]  # From name to value; a missing name has none.
        self.sent = 0
        self.acknowledged = 0
        self.refused = 0
        self.count_seen = 0
        self.told_of_the_end = False

    def _command(self):
        self.sent += 1
        key = f"{self.number}:{self.random.randrange(KEYS_EACH)}"
        value = f"{self.sent}:" + "v" * self.random.randrange(200)
        return self.random.choice([
            ("SET", key, value),
            ("DEL", key),
            ("APPEND", key, str(self.sent % 10)),
            ("MSET", f"{self.number}:x", self.sent, f"{self.number}:y", self.sent),
            ("INCR", f"{self.number}:count"),
        ])

    @staticmethod
    def _after(state, command):
        state = dict(state)
        name, key, *rest = command
        if name == "SET":
            state[key] = rest[0]
        elif name == "DEL":
            state.pop(key, None)
        elif name == "APPEND":
            state[key] = state.get(key, "") + rest[0]
        elif name == "MSET":
            state.update({key: str(rest[0]), rest[1]: str(rest[2])})
        elif name == "INCR":
            state[key] = str(int(state.get(key, 0)) + 1)
        return state

    def _apply(self, command, certain):
        after = [self._after(state, command) for state in self.possible]
        self.possible = after if certain else self._distinct(self.possible + after)

    @staticmethod
    def _distinct(states):
        return list({tuple(sorted(state.items())): state for state in states}.values())

    def write(self, port, progress):
        """Writes until the connection ends."""
        try:
            with Client(port) as client:
                while True:
                    progress(self.exchange(client))
        except (OSError, Closed):
            pass  # Refused or reset: the server was killed.

    def exchange(self, client):
        """Sends some commands, and takes their replies; gives how many. OSError: the connection has ended."""
        commands = [self._command() for _ in range(self.random.choice([1, 1, 4, 16]))]
        self._exchange(client, commands)
        return len(commands)

    def _exchange(self, client, commands):
        answered, failed = 0, False
        try:
            client.send_raw(b"".join(client.encode(*command) for command in commands))
            for command in commands:
                try:
                    client.reply()
                    self._apply(command, certain=True)
                    self.acknowledged += 1
                except ReplyError as error:
                    self._note(error)
                    self._apply(command, certain=False)
                    self.refused += 1
                    failed = True
                answered += 1
        except (OSError, Closed) as error:
            # Of those without an answer any beginning may have happened.
            states = self.possible
            for command in commands[answered:]:
                states = [self._after(state, command) for state in states]
                self.possible = self.possible + states
            self.possible = self._distinct(self.possible)
            raise ConnectionResetError from error
        if failed:
            self.check(client)

    def _note(self, error):
        self.told_of_the_end = self.told_of_the_end or THE_END in str(error)

    def check(self, client):
        """Compares what is stored with what may be; afterwards there is one possible state."""
        values = None
        deadline = time.monotonic() + _program.DEADLINE_S
        while values is None:
            try:
                values = client.call("MGET", *self.names)
            except ReplyError as error:
                self._note(error)
                is_passing = self.told_of_the_end or any(word in str(error) for word in PASSING)
                if time.monotonic() > deadline or not is_passing:
                    raise
        stored = {name: value.decode() for name, value in zip(self.names, values) if value is not None}
        if stored not in self.possible:
            nearest = min(self.possible, key=lambda state: len(set(state.items()) ^ set(stored.items())))
            raise AssertionError(f"writer {self.number}, {self.acknowledged} commands acknowledged: the store holds what it may "
                                 f"not.\nStored, and not possible: {sorted(set(stored.items()) - set(nearest.items()))}\n"
                                 f"Nearest that is possible:  {sorted(set(nearest.items()) - set(stored.items()))}")
        if int(stored.get(f"{self.number}:count", 0)) < self.count_seen:
            raise AssertionError(f"writer {self.number}: a reader saw {self.count_seen}, and now it is {stored}")
        self.possible = [stored]


def read(port, writers):
    """Notes the counts that readers are shown, until the connection ends."""
    try:
        with Client(port) as client:
            while True:
                try:
                    counts = client.call("MGET", *[f"{writer.number}:count" for writer in writers])
                except ReplyError:
                    continue
                for writer, count in zip(writers, counts):
                    writer.count_seen = int(count or 0)
    except (OSError, Closed):
        pass


class Rounds:
    """Rounds of writing, an end, and a restart, on one data directory."""

    def __init__(self, seed, writers=8, most_commands=4000):
        self.random = random.Random(seed)
        self.directory = os.path.join(_program.folder(), "data")
        self.writers = [Writer(number, seed) for number in range(writers)]
        self.most_commands = most_commands
        self.rounds = 0
        self.resets = 0
        self.failures = []

    def _beside(self, function, *arguments):
        def guarded():
            try:
                function(*arguments)
            except BaseException as error:  # pylint: disable=broad-except
                self.failures.append(error)
        thread = threading.Thread(target=guarded, daemon=True)
        thread.start()
        return thread

    def start(self, durability):
        # Now and then it is killed while it starts, however far it has come.
        while self.random.random() < 0.2:
            process = _program.spawn([_program.PROGRAM, "serve", *SETTINGS, "--port", "0", "--dir", self.directory, "--log-level",
                                      "off"], env=_program.environment(), stdout=-1)
            select.select([process.stdout], [], [], self.random.random() * 0.05)
            process.kill()
            process.wait()
            process.stdout.close()
        return Server(*SETTINGS, "--durability", durability, "--log-level", "error", directory=self.directory)

    def check(self, server):
        with server.connect() as client:
            for writer in self.writers:
                writer.check(client)

    def run(self, end, durability="always", reset=False):
        """One round; `end(server)` ends the server under the writers' hands."""
        self.rounds += 1
        with self.start(durability) as server:
            self.check(server)
            target = self.random.randrange(self.most_commands)
            done = threading.Condition()
            count = 0

            def progress(commands):
                nonlocal count
                with done:
                    count += commands
                    done.notify()

            threads = [self._beside(writer.write, server.port, progress) for writer in self.writers]
            threads.append(self._beside(read, server.port, self.writers))
            if reset:
                self._reset_while(server, done, lambda: count < target)
            else:
                with done:
                    self._wait(done, lambda: count >= target)
            end(server)
            for thread in threads:
                thread.join(_program.DEADLINE_S)
                if thread.is_alive():
                    raise AssertionError("a client hangs after the server has ended")
        if self.failures:
            raise self.failures[0]
        if any(writer.told_of_the_end for writer in self.writers):
            raise AssertionError("a client was told that the store has stopped, and it had not")

    def _wait(self, done, reached):
        if not done.wait_for(lambda: self.failures or reached(), _program.DEADLINE_S):
            raise AssertionError("the writers make no progress")

    def _reset_while(self, server, done, more):
        resets = 0
        with server.connect() as client:
            while more() and not self.failures:
                with done:
                    done.wait(_program.DEADLINE_S)
                if resets < RESETS_EACH_ROUND and self.random.random() < 0.02:
                    resets += 1
                    client.call("UNDERSTUDY", "RESET", self.random.choice(["key-value", "writer"]))
                    self.resets += 1

    def finish(self):
        """The last restart: all is there, and it ends as it should."""
        with self.start("always") as server:
            self.check(server)
            if server.stop() != 0:
                raise AssertionError(f"the server did not end well: {server.errors()}")
        acknowledged = sum(writer.acknowledged for writer in self.writers)
        files = os.listdir(self.directory)
        segments = max(int(name[8:18]) for name in files if name.startswith("journal-"))
        snapshots = sum(name.startswith("snapshot-") for name in files)
        return (f"{acknowledged} acknowledged commands of {len(self.writers)} connections in {self.rounds} rounds, 0 lost; "
                f"{segments} segments so far, {'a' if snapshots else 'no'} snapshot at the end")


def rounds_of_crashes(count, seed, report=lambda line: None):
    """Each round ends by kill -9."""
    rounds = Rounds(seed)
    began = time.monotonic()
    for number in range(count):
        rounds.run(Server.kill, rounds.random.choice(["always", "always", "interval"]))
        report(f"round {number + 1} of {count}, {time.monotonic() - began:.0f} s")
    return rounds.finish()


def rounds_of_everything(count, seed, report=lambda line: None):
    """Actors are reset under load; each round ends by kill -9 or SIGTERM."""
    rounds = Rounds(seed)
    began = time.monotonic()
    for number in range(count):
        def stop(server):
            if server.stop() != 0:
                raise AssertionError(f"the server did not end well: {server.errors()}")
        rounds.run(rounds.random.choice([Server.kill, stop]), rounds.random.choice(["always", "interval"]), reset=True)
        report(f"round {number + 1} of {count}, {rounds.resets} resets, {time.monotonic() - began:.0f} s")
    return f"{rounds.finish()}, {rounds.resets} resets"
