"""Clients that write down what they did, for crash_states (crash_states/history.hpp has the form).

Each connection has keys of its own. All commands are made from a seed; the values of SET and APPEND are unlike all
others, so that a reader knows which command it has been shown.
"""

import random
import threading

from _program import Client

KEYS_EACH = 20


def value_of(raw):
    """A reply's bytes as a value of Python."""
    parser = Client.__new__(Client)
    parser.unread = raw
    return parser.reply()


class Refused(Exception):
    """A command got an error: it may have happened or not, so the connection and its keys are left at that."""


class History:
    """All connections, over every life of the program."""

    def __init__(self):
        self._lock = threading.Lock()
        self._connections = []
        self.written_by = {}  # From value to connection and command, of values that are unlike all others.
        self.commands = 0

    def add(self, connection):
        with self._lock:
            self._connections.append(connection)
            return len(self._connections) - 1

    def count(self, commands):
        with self._lock:
            self.commands += commands

    def writers(self):
        return [connection for connection in self._connections if connection.index]

    def save(self, path):
        with open(path, "w", encoding="ascii") as file:
            for connection in self._connections:
                for line in connection.lines():
                    file.write(line + "\n")


class RecordedClient:
    """One connection."""

    def __init__(self, history, port, life, seed, at_once=(1, 1, 2, 4, 12)):
        self.history = history
        self.at_once = at_once
        self.client = Client(port)
        self.number = history.add(self)
        self.random = random.Random(f"{seed}/{self.number}")
        self.names = [b"%d:%d" % (self.number, key) for key in range(KEYS_EACH)]
        self.pair = [b"%d:x" % self.number, b"%d:y" % self.number]
        self.counter = b"%d:count" % self.number
        self.state = {}
        self.index = 0  # Of the last command.
        self._lines = [["connection", self.number, life, self.client.socket.getsockname()[1]]]

    def lines(self):
        return [" ".join(map(str, line)) for line in self._lines]

    def keys(self):
        return [*self.names, *self.pair, self.counter]

    # --- commands ---------------------------------------------------------------------------------------------------

    def _value(self):
        size = self.random.choice([0, 10, 30, 100, 200])
        if self.random.random() < 0.01:
            size = self.random.randrange(3_000, 25_000)  # Larger than a segment, now and then.
        return b"%d:%d:" % (self.number, self.index) + self.random.randbytes(self.random.randrange(size + 1))

    def _command(self):
        """The words of a command, and what it changes."""
        self.index += 1
        key = self.random.choice(self.names)
        drawn = self.random.random()
        if drawn < 0.6:
            changes = {key: self._value()}
            words = (b"SET", key, changes[key])
        elif drawn < 0.72:
            changes = {key: None} if key in self.state else {}
            words = (b"DEL", key)
        elif drawn < 0.84:
            added = b"+%d:%d" % (self.number, self.index)
            changes = {key: self.state.get(key, b"")[-2_000:] + added}
            words = (b"APPEND", key, added) if len(self.state.get(key, b"")) <= 2_000 else (b"SET", key, changes[key])
        elif drawn < 0.92:
            changes = {name: b"%d" % self.index for name in self.pair}
            words = (b"MSET", *[word for change in changes.items() for word in change])
        else:
            changes = {self.counter: b"%d" % (int(self.state.get(self.counter, 0)) + 1)}
            words = (b"INCR", self.counter)
        for name, value in changes.items():
            if value is None:
                self.state.pop(name)
            else:
                self.state[name] = value
                if name in self.names:
                    self.history.written_by[value] = (self.number, self.index)
        line = ["command", "-"]
        for name, value in changes.items():
            line += [name.hex(), "-" if value is None else value.hex() or "''"]
        return words, line

    def exchange(self):
        """Sends some commands, and a look at somebody's key among them; waits for the replies."""
        raw, waiting = b"", []
        for _ in range(self.random.choice(self.at_once)):
            words, line = self._command()
            self._lines.append(line)
            raw += Client.encode(*words)
            waiting.append(line)
        if self.random.random() < 0.2:
            other = self.random.choice(self.history.writers() or [self])
            line = ["read", "-"]
            self._lines.append(line)
            raw += Client.encode(b"GET", self.random.choice(other.names))
            waiting.append(line)
        self._lines.append(["batch"])
        self.client.send_raw(raw)
        for line in waiting:
            self._take_reply(line)
        self.history.count(sum(line[0] == "command" for line in waiting))

    def read_all_of(self, other):
        """All keys of another connection, at once."""
        line = ["read", "-"]
        self._lines.append(line)
        self.client.send(b"MGET", *other.keys())
        self._take_reply(line)

    def _take_reply(self, line):
        raw = self.client.raw_reply()
        if raw[:1] == b"-":
            raise Refused(raw)
        line[1] = len(raw)
        if line[0] == "read":
            values = value_of(raw)
            for value in values if isinstance(values, list) else [values]:
                if value in self.history.written_by:
                    number, index = self.history.written_by[value]
                    line.append(f"{number}:{index}")
