"""A long run of mixed load, in which nothing may grow: what `./dev soak` does, and steady.py for some seconds.

A server (`durable`) is written and read by clients that know what each key may hold, while snapshots are taken, by
themselves and by hand, and actors are reset. Where the program has expiry, keys with a time to live are among them; where
it has a memory limit, a second server (`cache`) is given more than it may hold, and evicts. Memory, disk, threads and
file handles are sampled; in the end every key is read, the server is stopped, its directory checked, and all is read
once more after a restart.

The rule: a straight line is fitted to the last two thirds of the samples (least squares). Over that time it may rise by
no more than the bound of what is sampled, which is a share of the mean or a number, whichever is more.
"""

import os
import random
import re
import statistics
import threading
import time

import _program
from _program import Client, ReplyError, Server

MIB = 1024 * 1024
SNAPSHOT_AFTER = 16 * MIB  # often, so that an hour sees hundreds
CACHE_LIMIT = 32 * MIB
SLACK_S = 0.02  # that clocks and their rounding may differ by
# What may rise, by a share of its mean or by this much. The disk's saw-tooth is the journal between two snapshots.
BOUNDS = {"memory": (0.05, 8 * MIB), "disk": (0.05, SNAPSHOT_AFTER), "files": (0, 2), "threads": (0, 1), "handles": (0, 2)}
BY_A_RESET = re.compile(r"reset|crashed|stopped|replaced|cancelled")  # errors that a reset explains


def fitted_growth(values):
    """By how much the line that fits the values best rises from the first to the last."""
    if len(values) < 2:
        return 0.0
    slope, _ = statistics.linear_regression(range(len(values)), values)
    return slope * (len(values) - 1)


def judge(samples):
    """For each thing that is sampled: mean, growth, bound and verdict, over the last two thirds."""
    verdicts = {}
    for name, (share, number) in BOUNDS.items():
        values = [sample[name] for sample in samples[len(samples) // 3:]]
        mean = statistics.fmean(values)
        growth, bound = fitted_growth(values), max(share * mean, number)
        verdicts[name] = {"mean": mean, "growth": growth, "bound": bound, "flat": growth <= bound}
    return verdicts


class State:
    """What a key may hold: a value, or none (None). With a time to live it may be gone from `early` on, and must be after
    `late`."""

    __slots__ = ("value", "early", "late")

    def __init__(self, value, early=float("inf"), late=float("inf")):
        self.value, self.early, self.late = value, early, late

    def explains(self, seen, sent, received, may_be_evicted):
        if seen is None:
            return self.value is None or may_be_evicted or received >= self.early
        return seen == self.value and sent <= self.late


ABSENT = State(None)


class Writer:
    """A connection, and keys that are its own."""

    def __init__(self, number, seed, keys, value_bytes, expires, evicts):
        self.number, self.keys, self.value_bytes, self.expires, self.evicts = number, keys, value_bytes, expires, evicts
        self.random = random.Random(f"{seed}/{number}")
        self.possible = {}  # key -> states; a key that is missing was never written
        self.commands = self.errors = 0

    def run(self, port, ended):
        with Client(port) as client:
            while not ended.is_set():
                self._exchange(client, self._batch())

    def _batch(self):
        """Up to 16 commands on keys that differ."""
        numbers = self.random.sample(range(self.keys), self.random.choice([1, 4, 16, 16]))
        return [self._command(f"{self.number}:{number}") for number in numbers]

    def _command(self, key):
        """(words, the state that it leaves; None: it changes nothing, which is for reads)."""
        drawn = self.random.random()
        if drawn < 0.3:
            return ("GET", key), None
        if drawn < 0.4:
            return ("DEL", key), ABSENT
        if drawn < 0.5:
            return ("INCR", f"{key}:count"), None
        value = (b"%d:" % self.random.getrandbits(64)).ljust(self.random.randrange(self.value_bytes), b"v")
        if self.expires and drawn < 0.7:
            ttl = self.random.choice([50, 1_000, 20_000])
            return ("SET", key, value, "PX", ttl), State(value, ttl / 1000, ttl / 1000)
        return ("SET", key, value), State(value)

    def _exchange(self, client, batch):
        sent = time.time()
        client.send_raw(b"".join(client.encode(*words) for words, _ in batch))
        for words, after in batch:
            try:
                reply, failed = client.reply(), False
            except ReplyError as error:
                if not BY_A_RESET.search(str(error)):
                    raise AssertionError(f"{words[0]} {words[1]}: {error}") from error
                reply, failed = None, True
            self._note(words, after, reply, failed, sent, time.time())

    def _note(self, words, after, reply, failed, sent, received):
        name, key = words[0], words[1]
        self.commands += 1
        self.errors += failed
        if name == "INCR":
            self._note_count(key, reply, failed)
        elif name == "GET":
            if not failed:
                self.saw(key, reply, sent, received)
        else:
            if name == "DEL" and not failed:
                self.saw(key, b"" if reply else None, sent, received, any_value=True)
            state = State(after.value, sent + after.early - SLACK_S, received + after.late + SLACK_S)
            before = self.possible.get(key, [ABSENT]) if failed else []
            self.possible[key] = [*before, state]

    def _note_count(self, key, reply, failed):
        before = [int(state.value or 0) for state in self.possible.get(key, [ABSENT])]
        if failed:
            after = {*before, *(count + 1 for count in before), *((1,) if self.evicts else ())}
            self.possible[key] = [State(b"%d" % count) if count else ABSENT for count in after]
            return
        if reply - 1 not in before and not (self.evicts and reply == 1):
            raise AssertionError(f"INCR {key} gives {reply}; it may have had {sorted(set(before))}")
        self.possible[key] = [State(b"%d" % reply)]

    def saw(self, key, seen, sent, received, any_value=False):
        """A read: what it saw must be among what may be there; afterwards the others are ruled out. `any_value`: that
        there was one is all that is known."""
        states = self.possible.get(key, [ABSENT])
        left = [state for state in states
                if state.explains(state.value if any_value and seen is not None else seen, sent, received, self.evicts)]
        if seen is not None:
            left = [state for state in left if state.value is not None]
        if not left:
            known = [(state.value, state.early - sent, state.late - sent) for state in states]
            raise AssertionError(f"{key} has {seen!r}; what it may have, from when it may be gone and must be: {known}")
        self.possible[key] = [ABSENT] if seen is None else left

    def check(self, client):
        """Reads every key."""
        keys = sorted(self.possible)
        for at in range(0, len(keys), 500):
            part = keys[at:at + 500]
            sent = time.time()
            values = client.call("MGET", *part)
            received = time.time()
            for key, value in zip(part, values):
                self.saw(key, value, sent, received)


class Subject:
    """A server, its clients, and what was sampled of it."""

    def __init__(self, name, seed, options, writers):
        self.name, self.options, self.writers = name, options, writers
        self.random = random.Random(f"{seed}/{name}")
        self.server = Server("--log-level", "error", "--snapshot-after", str(SNAPSHOT_AFTER), *options)
        self.samples, self.failures, self.threads = [], [], []
        self.ended = threading.Event()
        self.resets = self.snapshots_by_hand = self.snapshots_cut_short = 0

    def start(self):
        for writer in self.writers:
            self._beside(lambda writer=writer: writer.run(self.server.port, self.ended))
        self._beside(self._disturb)

    def _beside(self, function):
        def guarded():
            try:
                function()
            except BaseException as error:  # pylint: disable=broad-except
                self.failures.append(error)
        thread = threading.Thread(target=guarded, daemon=True)
        thread.start()
        self.threads.append(thread)

    def _disturb(self):
        """Every few seconds a reset, or a snapshot, by hand."""
        with self.server.connect() as client:
            while not self.ended.wait(self.random.uniform(2, 8)):
                if self.random.random() < 0.5:
                    client.call("UNDERSTUDY", "RESET", self.random.choice(["key-value", "writer"]))
                    self.resets += 1
                    continue
                try:
                    client.call("UNDERSTUDY", "SNAPSHOT")
                    self.snapshots_by_hand += 1
                except ReplyError as error:
                    if not BY_A_RESET.search(str(error)):
                        raise
                    self.snapshots_cut_short += 1

    def sample(self, at):
        process = f"/proc/{self.server.process.pid}"
        files = []
        for entry in os.scandir(self.server.directory):
            try:
                files.append(entry.stat().st_blocks * 512)
            except FileNotFoundError:  # removed meanwhile
                continue
        with open(f"{process}/statm", encoding="utf-8") as statm:
            resident = int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        self.samples.append({"at_s": round(at, 1), "memory": resident, "disk": sum(files), "files": len(files),
                             "threads": len(os.listdir(f"{process}/task")), "handles": len(os.listdir(f"{process}/fd")),
                             "commands": sum(writer.commands for writer in self.writers)})
        return self.samples[-1]

    def stop_clients(self):
        self.ended.set()
        for thread in self.threads:
            thread.join(_program.DEADLINE_S)
            if thread.is_alive():
                raise AssertionError(f"{self.name}: a client hangs")
        self.raise_failures()

    def raise_failures(self):
        if self.failures:
            raise AssertionError(f"{self.name}: {self.failures[0]}") from self.failures[0]

    def information(self):
        """The numbers of INFO."""
        with self.server.connect() as client:
            text = client.call("INFO").decode()
        return {name: int(number) for name, number in re.findall(r"^(\w+):(\d+)\r?$", text, re.MULTILINE)}

    def finish(self):
        """Reads everything, stops the server, checks its files, starts it anew and reads everything again."""
        information = self.information()
        self._check_keys()
        if self.server.stop() != 0:
            raise AssertionError(f"{self.name}: the server did not end well: {self.server.errors()}")
        code, out, problems = _program.run("check", self.server.directory)
        if code != 0:
            raise AssertionError(f"{self.name}: its directory is damaged: {out}{problems}")
        directory = self.server.directory
        self.server.kill()
        self.server = Server("--log-level", "error", *self.options, directory=directory)
        self._check_keys()
        if self.server.stop() != 0:
            raise AssertionError(f"{self.name}: the server did not end well: {self.server.errors()}")
        self.server.kill()
        return {
            "name": self.name, "commands": sum(writer.commands for writer in self.writers),
            "commands_cut_short": sum(writer.errors for writer in self.writers),
            "keys_checked": sum(len(writer.possible) for writer in self.writers), "resets": self.resets,
            "snapshots": information.get("snapshots"), "snapshots_by_hand": self.snapshots_by_hand,
            "snapshots_cut_short": self.snapshots_cut_short, "expired_keys": information.get("expired_keys"),
            "evicted_keys": information.get("evicted_keys"), "samples": self.samples, "verdicts": judge(self.samples)}

    def _check_keys(self):
        with self.server.connect() as client:
            for writer in self.writers:
                writer.check(client)


def has_expiry(server):
    with server.connect() as client:
        return client.call("COMMAND", "INFO", "PEXPIRE")[0] is not None


def memory_limit_options():
    """The flags that bound memory and evict the least recently used; None if the program has none."""
    help_text = _program.run("serve", "--help")[1]
    limit = re.search(r"--(?:maxmemory|max-memory|memory-limit|memory-max)(?![\w-])", help_text)
    policy = re.search(r"(--(?:maxmemory-policy|memory-policy|eviction|eviction-policy|evict))(?![\w-])(.*?)(?=\n\s*-|\Z)",
                       help_text, re.DOTALL)
    if not limit or not policy:
        return None
    choice = re.search(r"\b(?:allkeys-lru|evict-lru|lru|evict)\b", policy[2])
    return [limit[0], str(CACHE_LIMIT), policy[1], choice[0] if choice else "allkeys-lru"]


def make_subjects(seed):
    probe = Server("--log-level", "error")
    expires = has_expiry(probe)
    probe.kill()
    subjects = [Subject("durable", seed, ["--durability", "always"],
                        [Writer(number, seed, 3_000, 400, expires, False) for number in range(3)])]
    limit = memory_limit_options()
    if limit:
        subjects.append(Subject("cache", seed, ["--durability", "interval", *limit],
                                [Writer(number, seed, 50_000, 1_000, expires, True) for number in range(2)]))
    return subjects, expires, limit is not None


def run(minutes, seed, report=lambda line: None):
    """What was found, for JSON. AssertionError where a key has what it may not, or a server fails."""
    subjects, expires, evicts = make_subjects(seed)
    report(f"expiry: {'yes' if expires else 'not in this program'}; "
           f"memory limit: {'yes' if evicts else 'not in this program'}")
    begun = time.monotonic()
    length = minutes * 60
    every = max(0.5, min(5.0, length / 120))
    for subject in subjects:
        subject.start()
    last = 0.0
    while (at := time.monotonic() - begun) < length:
        states = [subject.sample(at) for subject in subjects]
        if at - last >= 10 or last == 0:
            last = at
            report(f"{at / 60:.1f} of {minutes:g} min: " + "; ".join(
                f"{subject.name}: {state['commands'] / max(at, 1):.0f} commands/s, {state['memory'] / MIB:.0f} MiB, disk "
                f"{state['disk'] / MIB:.0f} MiB in {state['files']} files, {state['threads']} threads, {state['handles']} "
                f"handles, {subject.resets} resets" for subject, state in zip(subjects, states)))
        for subject in subjects:
            subject.raise_failures()
        subjects[0].ended.wait(every)
    found = []
    for subject in subjects:
        subject.stop_clients()
    for subject in subjects:
        found.append(subject.finish())
    return {"minutes": minutes, "seed": seed, "expiry": expires, "memory_limit": evicts, "subjects": found}


def in_words(result):
    """A line for each thing that was sampled, and whether all are flat."""
    lines, flat = [], True
    for subject in result["subjects"]:
        lines.append(f"{subject['name']}: {subject['commands']} commands, {subject['resets']} resets, {subject['snapshots']} "
                     f"snapshots since the last start, {subject['keys_checked']} keys as they must be, twice")
        for name, verdict in subject["verdicts"].items():
            scale, unit = (MIB, " MiB") if name in ("memory", "disk") else (1, "")
            flat = flat and verdict["flat"]
            lines.append(f"  {name}: {verdict['mean'] / scale:.1f}{unit}, rises by {verdict['growth'] / scale:.2f}{unit} "
                         f"({verdict['bound'] / scale:.2f} allowed): {'flat' if verdict['flat'] else 'NOT FLAT'}")
    return lines, flat
