#!/usr/bin/env python3
"""Random commands, right and wrong, sent to the server and to a real Redis 7.0: the replies are the same, byte for byte.

    differential.py [--commands N] [--seed S]

Commands go in rounds, each on an empty store and with a seed of its own; a difference is reported with the seed of its
round, which `--seed S --commands 1` runs again. What may differ is said by the rules of _generator.py and by MEANT, and
nowhere else; docs/commands.md tells users.
"""

import argparse
import os
import select
import socket
import sys
import time
import unittest

import _program
import _generator
from _generator import EXACT, IGNORED, KIND, NEAR, SIMILAR, SORTED
from _program import Client, Server
from replies import Redis

COMMANDS_A_ROUND = 2000
END = b"the end of the round"
# Times of two servers: what passes between two commands, and rounding.
NEAR_S = 5

OTHER_DATABASES = [b"%d" % number for number in range(1, 16)]

# Where we answer otherwise on purpose, whatever the rule: (what it is, test of words, reply of Redis, ours).
MEANT = [
    ("idle times are not known: OBJECT IDLETIME is not there", lambda words, redis, ours: len(words) > 1 and
     words[0].upper() == b"OBJECT" and words[1].upper() == b"IDLETIME"),
    ("a time within half a second of the greatest is not rounded into the past", lambda words, redis, ours:
     words[0].upper() == b"EXPIRETIME" and redis == b":-9223372036854775\r\n" and ours == b":9223372036854776\r\n"),
    ("COMMAND tells of the commands there are", lambda words, redis, ours:
     [word.upper() for word in words] in ([b"COMMAND"], [b"COMMAND", b"INFO"])),
    ("one database", lambda words, redis, ours: words[0].upper() == b"SELECT" and ours == b"-ERR DB index is out of range\r\n"
     and redis == b"+OK\r\n"),
    ("one database", lambda words, redis, ours: words[0].upper() == b"COPY" and ours == b"-ERR DB index is out of range\r\n"
     and any(word.upper() == b"DB" and number in OTHER_DATABASES for word, number in zip(words, words[1:]))),
]


def number_of(reply):
    return int(reply[1:-2])


def elements(reply):
    """The replies that an array holds; None if it is none."""
    if reply[:1] not in b"*~%":
        return None
    reader = Reader(reply[reply.index(b"\r\n") + 2:])
    parts = []
    while reader.left():
        parts.append(reader.reply())
    return parts


class Reader:
    """Cuts what was received into replies."""

    def __init__(self, received):
        self.received = received
        self.at = 0

    def left(self):
        return self.at < len(self.received)

    def reply(self):
        start = self.at
        self._skip()
        return self.received[start:self.at]

    def _skip(self):
        end = self.received.index(b"\r\n", self.at)
        kind, rest = self.received[self.at:self.at + 1], self.received[self.at + 1:end]
        self.at = end + 2
        if kind in b"$=" and rest != b"-1":
            self.at += int(rest) + 2
        elif kind in b"*~>%" and rest != b"-1":
            for _ in range(int(rest) * (2 if kind == b"%" else 1)):
                self._skip()


def sorted_arrays(reply):
    """An array with its elements in one order, and arrays in it likewise."""
    parts = elements(reply)
    if parts is None:
        return reply
    return sorted(part if elements(part) is None else repr(sorted_arrays(part)).encode() for part in parts)


def agree(words, rule, redis, ours):
    if redis == ours or rule == IGNORED or any(test(words, redis, ours) for _, test in MEANT):
        return True
    if redis[:1] == b"-" or ours[:1] == b"-":
        return False
    if isinstance(rule, list):  # of the commands of a transaction
        parts = elements(redis), elements(ours)
        return None not in parts and len(parts[0]) == len(parts[1]) == len(rule) and \
            all(agree(*each, *both) for each, *both in zip(rule, *parts))
    if rule == KIND:
        return redis[:1] == ours[:1] and (redis[:2] == b"$-") == (ours[:2] == b"$-")
    if rule == SIMILAR:
        return redis[:1] == ours[:1] == b"$" and redis != b"$-1\r\n" and ours != b"$-1\r\n"
    if rule == SORTED:
        return sorted_arrays(redis) == sorted_arrays(ours)
    if rule == NEAR:
        unit = 1000 if words[0].upper() in (b"PTTL", b"PEXPIRETIME") else 1
        return redis[:1] == ours[:1] == b":" and min(number_of(redis), number_of(ours)) >= 0 and \
            abs(number_of(redis) - number_of(ours)) <= NEAR_S * unit
    return False


class Difference(AssertionError):
    pass


def exchange(clients, sent):
    """Sends the same to all of them, and gives what each answers, up to the reply that ends the round."""
    marker = b"$%d\r\n%s\r\n" % (len(END), END)
    received = {client: bytearray() for client in clients}
    unsent = {client: memoryview(sent) for client in clients}
    waiting = set(clients)
    while waiting:
        by_socket = {client.socket: client for client in waiting}
        writing = [client.socket for client in waiting if unsent[client]]
        readable, writable, _ = select.select(list(by_socket), writing, [], _program.DEADLINE_S)
        if not readable and not writable:
            silent = " and ".join("redis" if client is clients[0] else "ours" for client in waiting)
            raise Difference(f"no reply from {silent} after {[bytes(received[client][-200:]) for client in waiting]!r}, "
                             f"{[len(unsent[client]) for client in waiting]!r} bytes unsent")
        for each in writable:
            client = by_socket[each]
            unsent[client] = unsent[client][each.send(unsent[client], socket.MSG_DONTWAIT):]
        for each in readable:
            client = by_socket[each]
            piece = each.recv(1 << 20)
            if not piece:
                name = "redis" if client is clients[0] else "ours"
                raise Difference(f"{name} closed the connection after {bytes(received[client][-200:])!r}")
            received[client] += piece
            if received[client].endswith(marker):
                waiting.discard(client)
    return [bytes(received[client]) for client in clients]


def encode(number, words):
    """Most commands as clients send them; some in a line, as people do, with quotes or without."""
    short = sum(map(len, words)) < 1000  # A line may have 64 KiB; Redis takes a longer one if it comes at once.
    if number % 16 == 0 and short:
        return b" ".join(b'"' + b"".join(b"\\x%02x" % byte if byte < 48 or byte > 122 or byte == 92 else b"%c" % byte
                                         for byte in word) + b'"' for word in words) + b"\r\n"
    if number % 16 == 8 and short and all(word.isalnum() for word in words):
        return b" ".join(words) + b"\r\n"
    return Client.encode(*words)


def run_round(seed, servers, protocol, transactions):
    """Compares the replies to all commands of a round, and gives how many there were."""
    batch = list(_generator.Generator(seed, transactions).commands(COMMANDS_A_ROUND))
    # What the round has begun, and its last command has cut off, ends.
    end = [[b"DISCARD"], [b"UNSUBSCRIBE"], [b"PUNSUBSCRIBE"], [b"ECHO", END]]
    sent = b"".join([Client.encode(b"FLUSHALL"), *(encode(number, words) for number, (words, _) in enumerate(batch)),
                     *(Client.encode(*words) for words in end)])
    try:
        received = exchange(servers, sent)
    except Difference as difference:
        raise Difference(f"--seed {seed}, protocol {protocol}: {difference}") from None
    if received[0] == received[1]:
        return len(batch)
    readers = [Reader(each) for each in received]
    for reader in readers:
        reader.reply()  # of FLUSHALL
    for number, (words, rule) in enumerate(batch):
        redis, ours = (reader.reply() for reader in readers)
        if not agree(words, rule, redis, ours):
            keys = set(words[1:]) & set(_generator.KEYS)
            before = [each for each, _ in batch[:number] if keys & set(each) or each[0].upper() in (b"FLUSHALL", b"FLUSHDB")]
            raise Difference(f"--seed {seed}, protocol {protocol}, command {number}: {words!r} ({rule})\n"
                             f"  redis: {redis[:500]!r}\n  ours:  {ours[:500]!r}\n  before it, on its keys: "
                             + "\n    ".join(repr(each) for each in before[-12:]))
    return len(batch)


def compare(port, redis_port, seed, commands, seconds=None, progress=None):
    """Rounds with the seeds from `seed` on, in both versions of the protocol by turns; how many commands that were."""
    done = 0
    deadline = None if seconds is None else time.monotonic() + seconds
    connections = {}
    for protocol in (2, 3):
        connections[protocol] = [Client(redis_port), Client(port)]
        for client in connections[protocol]:
            if protocol == 3:
                client.call("HELLO", "3")
    transactions = connections[2][1].call("COMMAND", "INFO", "multi") != [None]
    while done < commands and (deadline is None or time.monotonic() < deadline):
        protocol = 2 + seed % 2
        done += run_round(seed, connections[protocol], protocol, transactions)
        seed += 1
        if progress is not None:
            progress(done)
    return done


def compare_contents(port, redis_port):
    """Compares all that both have, which the last round has left there."""
    with Client(redis_port) as redis, Client(port) as ours:
        keys = sorted(redis.call("KEYS", "*"))
        for words, rule in [([b"KEYS", b"*"], SORTED), *(([b"GET", key], EXACT) for key in keys),
                            *(([b"PEXPIRETIME", key], NEAR) for key in keys)]:
            replies = []
            for client in (redis, ours):
                client.send(*words)
                replies.append(client.raw_reply())
            if not agree(words, rule, *replies):
                raise Difference(f"{words!r} after a restart: redis {replies[0][:500]!r}, ours {replies[1][:500]!r}")
    return len(keys)


class Differential(unittest.TestCase):
    def test_replies_are_those_of_redis_and_so_is_what_comes_back_after_a_restart(self):
        redis = Redis.start()
        if redis is None:
            self.skipTest("no redis-server 7.0 is installed")
        directory = None
        done = keys = 0
        for _ in range(5):
            with Server("--durability", "none", directory=directory) as server:
                done += compare(server.port, redis, int.from_bytes(os.urandom(4), "big"), sys.maxsize, seconds=2)
                self.assertEqual(server.stop(), 0)
                directory = server.directory
            with Server(directory=directory) as server:
                keys += compare_contents(server.port, redis)
        self.assertGreater(done, 5 * COMMANDS_A_ROUND)
        self.assertGreater(keys, 0)

    def test_a_difference_is_seen(self):
        self.assertTrue(agree([b"GET", b"k"], EXACT, b"$1\r\nx\r\n", b"$1\r\nx\r\n"))
        self.assertFalse(agree([b"GET", b"k"], EXACT, b"$1\r\nx\r\n", b"$1\r\ny\r\n"))
        self.assertTrue(agree([b"KEYS", b"*"], SORTED, b"*2\r\n$1\r\nx\r\n$1\r\ny\r\n", b"*2\r\n$1\r\ny\r\n$1\r\nx\r\n"))
        self.assertFalse(agree([b"KEYS", b"*"], SORTED, b"*2\r\n$1\r\nx\r\n$1\r\ny\r\n", b"*2\r\n$1\r\ny\r\n$1\r\ny\r\n"))
        self.assertTrue(agree([b"TTL", b"k"], NEAR, b":1000\r\n", b":1001\r\n"))
        self.assertFalse(agree([b"TTL", b"k"], NEAR, b":1000\r\n", b":1010\r\n"))
        self.assertFalse(agree([b"TTL", b"k"], NEAR, b":-1\r\n", b":1\r\n"))
        self.assertFalse(agree([b"RANDOMKEY"], KIND, b"$-1\r\n", b"$1\r\nx\r\n"))
        self.assertFalse(agree([b"MEMORY", b"USAGE", b"k"], KIND, b":1\r\n", b"-ERR syntax error\r\n"))
        self.assertFalse(agree([b"OBJECT", b"ENCODING", b"k"], SIMILAR, b"$3\r\nint\r\n", b"$-1\r\n"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--commands", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--durability", default="none")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else int.from_bytes(os.urandom(4), "big")
    redis = Redis.start() or sys.exit("no redis-server 7.0 is installed")
    begin = time.monotonic()
    last = [begin]

    def progress(done):
        if time.monotonic() - last[0] > 10:
            last[0] = time.monotonic()
            print(f"{done} commands", flush=True)

    with Server("--durability", arguments.durability) as server:
        done = compare(server.port, redis, seed, arguments.commands, progress=progress)
    print(f"{done} commands, seeds {seed} to {seed + done // COMMANDS_A_ROUND - 1}: no difference, in "
          f"{time.monotonic() - begin:.0f} s")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main()
    else:
        _program.main()
