#!/usr/bin/env python3
"""A client that sends commands as fast as it can, and reads the answers: on the same worker another one is served."""

import select
import socket
import sys
import time

import _program
from _hostile import MIB, Attacks
from _program import Client


def flood(port, seconds, *words):
    """Run in a process of its own: never without something to send, and always reading."""
    client = socket.create_connection(("127.0.0.1", int(port)))
    client.setblocking(False)
    piece, sent, received = Client.encode(*words) * 10_000, 0, bytearray(MIB)
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        readable, writable, _ = select.select([client], [client], [], 1)
        if readable and client.recv_into(received) == 0:
            sys.exit("the server has closed")
        if writable:
            sent = (sent + client.send(memoryview(piece)[sent:])) % len(piece)


class Floods(Attacks):
    # One worker: the neighbour cannot be served by another.
    flags = (*Attacks.flags, "--workers", "1")
    words = ("GET", "key")

    def test_one_client(self):
        def attack():
            flooding = _program.spawn([sys.executable, __file__, "flood", str(self.server.port), "3", *self.words])
            self.assertEqual(flooding.wait(_program.DEADLINE_S), 0)
        self.attack(attack, 32 * MIB)


class FloodsOfPing(Floods):
    # What the store is not asked for is answered at once: the session has no reason to wait.
    words = ("PING",)


class FloodsOfTheUnknown(Floods):
    password = "secret"


if __name__ == "__main__":
    if sys.argv[1:2] == ["flood"]:
        flood(*sys.argv[2:])
    else:
        _program.main()
