#!/usr/bin/env python3
"""Clients that do not read what they are sent: who has not logged in, who is cut off in the midst, and slow subscribers."""

import re
import socket
import threading
import time
import unittest

import _program
from _hostile import MEMORY_PATIENCE_S, MIB, PATIENCE_S, Attacks
from _program import Client, until

ALMOST_NOTHING = 4096  # The smallest receive buffer: what is not read stays with the server.


class Reluctant(Client):
    """A client that has nearly no room for what it does not read."""

    def __init__(self, port):
        self.socket = socket.socket()
        self.socket.settimeout(_program.DEADLINE_S)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ALMOST_NOTHING)
        self.socket.connect(("127.0.0.1", port))
        self.unread = b""


def skip(client, count=None):
    """Reads so many bytes, or up to the end, and keeps the last few only; gives how many there were, and those."""
    total, last, piece = len(client.unread), client.unread[-100:], bytearray(MIB)
    client.unread = b""
    while count is None or total < count:
        try:
            received = client.socket.recv_into(piece, MIB if count is None else min(MIB, count - total))
        except ConnectionResetError:
            received = 0
        if received == 0:
            break
        total += received
        last = (last + bytes(piece[max(0, received - 100):received]))[-100:]
    return total, last


class Unknown(Attacks):
    password = "secret"

    def test_refusals_that_nobody_reads(self):
        # Nobody is held up for long but those who do not read. Each sends until it cannot: what it is answered fills what the
        # system keeps for it, some megabytes, and then its own requests wait.
        clients = [Reluctant(self.server.port) for _ in range(20)]
        piece = Client.encode("GET", "key") * 1000
        sent = dict.fromkeys(clients, 0)

        def send():
            for client in clients:
                client.socket.settimeout(0)
            # Until none has got rid of anything for a while, in which the neighbour is served.
            last = time.monotonic()
            while time.monotonic() - last < 1:
                before = sum(sent.values())
                for client in clients:
                    try:
                        # A piece that was taken in part goes on where it was.
                        sent[client] += client.socket.send(piece[sent[client] % len(piece):])
                    except BlockingIOError:
                        pass
                if sum(sent.values()) != before:
                    last = time.monotonic()
                self.assertLess(sum(sent.values()), 1 << 30, "they are read from although they do not read")

        self.attack(send, 32 * MIB)
        commands = [count // len(Client.encode("GET", "key")) for count in sent.values()]
        self.assertGreater(min(commands), 2000)
        # Each gets what it has asked for, when it reads at last.
        client = clients[0]
        client.socket.settimeout(_program.DEADLINE_S)
        self.assertEqual({client.raw_reply() for _ in range(min(commands))}, {b"-NOAUTH Authentication required.\r\n"})

    def test_logins_that_fail_and_that_nobody_reads(self):
        clients = [Reluctant(self.server.port) for _ in range(50)]

        def send():
            for client in clients:
                client.socket.settimeout(0)
                for words in (("AUTH", "x" * 16_000), ("AUTH", "nobody", "x" * 16_000), ("HELLO", "3", "AUTH", "default", "wrong")):
                    try:
                        client.socket.send(Client.encode(*words) * 100)
                    except BlockingIOError:
                        pass
            # While they wait for their turn to be refused, who knows the password gets in, and is served.
            with self.friend() as friend:
                for i in range(1000):
                    self.assertEqual(friend.call("SET", "key", i), "OK")

        self.attack(send, 32 * MIB)


class Killed(Attacks):
    SIZE = 64 * MIB
    WHOLE = len(b"$%d\r\n" % SIZE) + SIZE + 2  # The reply.

    def setUp(self):
        super().setUp()
        self.master = self.server.connect()
        self.assertEqual(self.master.call("SETRANGE", "large", self.SIZE - 1, "x"), self.SIZE)
        # Once: what the server keeps for the next one counts as its own.
        with self.server.connect() as client:
            client.send("GET", "large")
            self.assertEqual(skip(client, self.WHOLE)[0], self.WHOLE)

    def facts(self, number):
        """A line of CLIENT LIST, or None."""
        line = self.master.call("CLIENT", "LIST", "ID", number).decode().strip()
        return dict(field.split("=", 1) for field in line.split()) if line else None

    def cut_off_in_mid_reply(self, how):
        before = self.memory()
        for _ in range(3):
            client = Reluctant(self.server.port)
            number = client.call("CLIENT", "ID")
            host, port = client.socket.getsockname()
            client.send("GET", "large")
            self.assertEqual(client._line(), b"$%d\r\n" % self.SIZE)
            client._take(100_000)
            begun = time.monotonic()
            self.assertEqual(self.master.call("CLIENT", "KILL", *how(number, f"{host}:{port}")), how.reply)
            self.assertEqual(self.master.call("PING"), "PONG")
            self.assertLess(time.monotonic() - begun, 1)
            # It gets what was on its way, and then the end.
            self.assertLess(skip(client)[0], 16 * MIB)
            self.assertLess(time.monotonic() - begun, 5)
            until(lambda: self.facts(number) is None, "that it is gone from the list")
        # Three replies would be 192 MiB.
        until(lambda: self.memory() - before < 16 * MIB, "that the memory of the replies is given back")
        self.assertEqual(self.master.call("STRLEN", "large"), self.SIZE)

    def test_by_number(self):
        def how(number, _):
            return "ID", number
        how.reply = 1
        self.cut_off_in_mid_reply(how)

    def test_by_address(self):
        def how(_, address):
            return "ADDR", address
        how.reply = 1
        self.cut_off_in_mid_reply(how)

    def test_by_address_alone(self):
        def how(_, address):
            return (address,)
        how.reply = "OK"
        self.cut_off_in_mid_reply(how)

    def test_many_at_once(self):
        clients = []

        def attack():
            # A server that kept a reply for each would need 640 MiB.
            for _ in range(10):
                client = Reluctant(self.server.port)
                clients.append(client)
                client.send("GET", "large")
                self.assertEqual(client._line(), b"$%d\r\n" % self.SIZE)
                self.assertEqual(self.master.call("CLIENT", "KILL", "ADDR", "%s:%d" % client.socket.getsockname()), 1)
            for client in clients:
                self.assertLess(skip(client)[0], 16 * MIB)

        before = self.memory()
        # A reply is there twice while it goes from the store to the connection, and its end may come while the next begins.
        self.attack(attack, 5 * self.SIZE, MEMORY_PATIENCE_S)
        until(lambda: self.memory() - before < 16 * MIB, "that the memory of the replies is given back")

    def test_oneself(self):
        def address(client):
            return "%s:%d" % client.socket.getsockname()
        for words, reply in ((lambda client, number: ("ID", number, "SKIPME", "NO"), b":1\r\n"),
                             (lambda client, number: ("ADDR", address(client), "skipme", "no"), b":1\r\n"),
                             (lambda client, number: (address(client),), b"+OK\r\n")):
            with self.server.connect() as client:
                number = client.call("CLIENT", "ID")
                # What stands behind it is not run any more.
                client.send_raw(client.encode("CLIENT", "KILL", *words(client, number)) + client.encode("SET", "behind", "x"))
                self.assertEqual(client.rest(), reply)
            self.assertEqual(self.master.call("EXISTS", "behind"), 0)
        # Without SKIPME NO, one spares oneself.
        with self.server.connect() as client:
            self.assertEqual(client.call("CLIENT", "KILL", "ID", client.call("CLIENT", "ID")), 0)
            self.assertEqual(client.call("CLIENT", "KILL", "ADDR", address(client)), 0)
            self.assertEqual(client.call("PING"), "PONG")

    def test_oneself_in_mid_reply(self):
        with self.server.connect() as client:
            number = client.call("CLIENT", "ID")
            client.send_raw(client.encode("GET", "large") + client.encode("CLIENT", "KILL", "ID", number, "SKIPME", "NO"))
            # The reply before it is complete, and so is its own.
            received, last = skip(client)
            self.assertEqual(received, self.WHOLE + len(b":1\r\n"))
            self.assertTrue(last.endswith(b"x\r\n:1\r\n"))
        self.assertEqual(self.master.call("PING"), "PONG")


class LimitSetLater(Attacks):
    def test_it_counts_for_what_waits_already(self):
        friend = self.friend()
        self.assertEqual(friend.call("SET", "big", b"x" * (20 * MIB)), "OK")
        reluctant = Reluctant(self.server.port)
        reluctant.socket.sendall(Client.encode("GET", "big") * 3)
        until(lambda: b"oll=1" in friend.call("CLIENT", "LIST"), "a reply waits to be read")
        self.assertEqual(friend.call("CONFIG", "SET", "client-output-buffer-limit", "normal 8mb 0 0"), "OK")
        until(lambda: friend.call("CLIENT", "LIST").count(b"\n") == 1, "the client is cut off")


class SlowSubscriber(Attacks):
    """With the default limits: 32 MiB that wait, or 8 MiB for a minute."""

    HARD_LIMIT = 32 * MIB

    def test_it_is_cut_off_and_nobody_else_notices(self):
        padding = b"x" * 16_000
        slow, fast, publisher = Reluctant(self.server.port), self.server.connect(), self.server.connect()
        for each in (slow, fast):
            self.assertEqual(each.call("SUBSCRIBE", "news"), [b"subscribe", b"news", 1])
        waits, published, wrong = [], [], []
        done = threading.Event()

        def read():
            expected = 0
            try:
                while not done.is_set() or expected < len(published):
                    _, _, message = fast.reply()
                    if message != b"%d:" % expected + padding:
                        raise AssertionError(f"{message[:20]} instead of number {expected}")
                    expected += 1
            except Exception as error:  # Told in the test's own thread.
                wrong.append(repr(error))

        def publish():
            begun = time.monotonic()
            heard = publisher.call("PUBLISH", "news", b"%d:" % len(published) + padding)
            waits.append(time.monotonic() - begun)
            published.append(heard)

        def attack():
            # Counted before what is published last, so that the reader never waits for what does not come.
            reader = threading.Thread(target=read, daemon=True)
            reader.start()
            while not published or published[-1] == 2:
                publish()
                self.assertLess(len(published) * len(padding), 4 * self.HARD_LIMIT, "the slow one is never cut off")
            for _ in range(500):
                publish()
            done.set()
            publish()
            reader.join(_program.DEADLINE_S)
            self.assertFalse(reader.is_alive(), "the fast one waits for messages")

        # What waits for it, in a buffer that has doubled to hold it, and what is on its way to the fast one.
        self.attack(attack, 96 * MIB, patience=2 * PATIENCE_S)
        self.assertEqual(wrong, [])
        first = published.index(1)
        self.assertEqual(set(published[first:]), {1})
        # Not before its time: the limit counts.
        self.assertGreater(first * len(padding), self.HARD_LIMIT)
        self.assertLess(max(waits), 2 * PATIENCE_S)
        # The slow one finds what had reached it, in order, and the end.
        numbers = [int(number) for number in re.findall(rb"news\r\n\$\d+\r\n(\d+):", slow.rest())]
        self.assertGreater(len(numbers), 0)
        self.assertEqual(numbers, list(range(len(numbers))))
        until(lambda: publisher.call("CLIENT", "LIST", "TYPE", "PUBSUB").count(b"\n") == 1, "that only the fast one is there")

    def test_many(self):
        # Each may have its 32 MiB, and no more; what it had is free when it is cut off.
        slow = [Reluctant(self.server.port) for _ in range(5)]
        for each in slow:
            each.call("SUBSCRIBE", "news")
        publisher = self.server.connect()
        before = self.memory()

        def attack():
            for _ in range(10 * self.HARD_LIMIT // MIB):
                if publisher.call("PUBLISH", "news", b"x" * MIB) == 0:
                    return
            self.fail("they are never cut off")

        self.attack(attack, 5 * 2 * self.HARD_LIMIT, MEMORY_PATIENCE_S)
        for each in slow:
            self.assertLess(skip(each)[0], self.HARD_LIMIT)
        until(lambda: self.memory() - before < 32 * MIB, "that the memory of what waited is given back")


if __name__ == "__main__":
    _program.main()
