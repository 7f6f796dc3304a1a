#!/usr/bin/env python3
"""Connections that mean harm, or behave as if: each with its bound on memory, while another client is served as ever."""

import os
import socket
import threading
import time
import unittest

import _program
from _hostile import MEMORY_PATIENCE_S, MIB, PATIENCE_S, Attacks, connections_possible
from _program import Client


class Hostile(Attacks):
    def test_idle_connections(self):
        count = connections_possible(10_000)
        # And those that this test needs besides.
        with self.server.connect() as client:
            self.assertEqual(client.call("CONFIG", "SET", "maxclients", count + 50), "OK")
        clients = []
        # The server ends first: it is its side then that waits for late packets, and the next run finds enough free ports.
        self.addCleanup(lambda: (self.server.kill(), [client.close() for client in clients]))

        def connect():
            for _ in range(count):
                client = self.server.connect()
                clients.append(client)
                self.assertEqual(client.call("SET", "key", "value"), "OK")
            with self.server.connect() as client:
                self.assertIn(f"connected_clients:{count + 2}\r\n".encode(), client.call("INFO", "clients"))

        self.attack(connect, count * 64 * MIB / 10_000)

    def test_idle_connections_that_have_been_busy(self):
        clients = []

        def connect():
            for _ in range(1000):
                client = self.server.connect()
                client.send_raw(client.encode("SET", "key", "x" * 100) * 400)
                self.assertEqual({client.raw_reply() for _ in range(400)}, {b"+OK\r\n"})
                self.assertGreater(len(client.call("COMMAND", "DOCS")), 0)
                clients.append(client)

        self.attack(connect, 24 * MIB)

    def test_half_open_connections(self):
        held = []

        def connect():
            for sent in (b"", b"*", b"*1\r", b"*1000\r\n", b"*3\r\n$3\r\nSET\r\n", b"PIN", b'"'):
                for client in self.connections(100):
                    client.send_raw(sent)
                    held.append(client)

        self.attack(connect, 16 * MIB)

    def test_one_byte_at_a_time(self):
        def send():
            clients = self.connections(50)
            request = b"".join(Client.encode("SET", f"key:{i}", "value") for i in range(20))
            for i in range(len(request)):
                for client in clients:
                    client.send_raw(request[i:i + 1])
            for client in clients:
                self.assertEqual({client.raw_reply() for _ in range(20)}, {b"+OK\r\n"})

        self.attack(send, 16 * MIB)

    def test_counts_and_lengths_that_are_announced_only(self):
        held = []

        def send():
            for sent in (b"*1048576\r\n", b"*1048576\r\n$3\r\nSET\r\n", b"*3\r\n$3\r\nSET\r\n$536870912\r\n",
                         b"*2\r\n$536870912\r\nx"):
                for client in self.connections(100):
                    client.send_raw(sent)
                    held.append(client)

        self.attack(send, 16 * MIB)

    def test_counts_and_lengths_that_cannot_be(self):
        def send():
            for sent, reply in ((b"*1048577\r\n", b"-ERR Protocol error: invalid multibulk length\r\n"),
                                (b"*9223372036854775807\r\n", b"-ERR Protocol error: invalid multibulk length\r\n"),
                                (b"*99999999999999999999999\r\n", b"-ERR Protocol error: invalid multibulk length\r\n"),
                                (b"*1\r\n$536870913\r\n", b"-ERR Protocol error: invalid bulk length\r\n"),
                                (b"*1\r\n$-1\r\n", b"-ERR Protocol error: invalid bulk length\r\n"),
                                (b"x" * 70_000, b"-ERR Protocol error: too big inline request\r\n"),
                                (b"*" + b"1" * 70_000, b"-ERR Protocol error: too big mbulk count string\r\n")):
                for client in self.connections(20):
                    try:
                        client.send_raw(sent)
                    except OSError:
                        pass
                    # Whether the reply arrives when the rest was never read is up to TCP.
                    self.assertIn(client.rest(), (reply, b"") if len(sent) > 60_000 else (reply,))

        self.attack(send, 16 * MIB)

    def test_slow_readers(self):
        with self.server.connect() as client:
            client.call("SET", "large", b"x" * MIB)
        held = []

        def send():
            for client in self.connections(20):
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                # 2 GiB of replies, if anybody read them.
                client.send_raw(client.encode("GET", "large") * 100)
                held.append(client)
            deadline = time.monotonic() + 2
            while time.monotonic() < deadline:
                for client in held:
                    client.socket.recv(100)

        # Each: what is written at once (1 MiB and the reply that goes beyond), twice while it moves.
        self.attack(send, 20 * 4 * MIB, MEMORY_PATIENCE_S)

    def test_a_pipeline_of_a_million_commands(self):
        def send():
            client = self.server.connect()
            piece = client.encode("INCR", "n") * 1000
            received = bytearray()

            def read():
                while received.count(b"\r\n", max(0, len(received) - 20)) == 0 or not received.endswith(b":1000000\r\n"):
                    received.extend(client.socket.recv(1 << 20))

            reader = threading.Thread(target=read)
            reader.start()
            for _ in range(1000):
                client.send_raw(piece)
            reader.join(_program.DEADLINE_S)
            self.assertTrue(received.endswith(b":1000000\r\n"))

        self.attack(send, 48 * MIB)

    def test_a_pipeline_of_a_million_commands_whose_replies_nobody_reads(self):
        held = []

        def send():
            client = self.server.connect()
            held.append(client)
            client.socket.settimeout(1)
            piece = client.encode("GET", "neighbour") * 1000
            try:
                for _ in range(1000):
                    client.socket.sendall(piece)
            except TimeoutError:
                pass  # It is held up by its own connection, as it should be.

        self.attack(send, 48 * MIB)

    def test_huge_argument_counts(self):
        # Each takes some 90 MiB while it lasts; what it took serves the next one, though the client stays.
        count = 1_048_576
        clients = self.connections(5)

        def send():
            for client in clients:
                client.send_raw(b"*%d\r\n" % count + client.encode("EXISTS")[4:] + b"$1\r\nk\r\n" * (count - 1))
                self.assertEqual(client.reply(), 0)
                client.send_raw(b"*%d\r\n" % count + client.encode("PING")[4:] + b"$0\r\n\r\n" * (count - 1))
                with self.assertRaisesRegex(_program.ReplyError, "wrong number of arguments for 'ping'"):
                    client.reply()

        self.attack(send, 128 * MIB, MEMORY_PATIENCE_S)

    @unittest.skipUnless(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") > (6 << 30), "needs 6 GiB of memory")
    def test_values_of_512_mebibytes(self):
        size = 512 * MIB
        piece = b"x" * MIB
        steps = []

        def timed(step):
            begun = time.monotonic()
            result = step()
            steps.append(time.monotonic() - begun)
            return result

        def send():
            client = self.server.connect()
            client.send_raw(b"*3\r\n$3\r\nSET\r\n$4\r\nhuge\r\n$%d\r\n" % size)
            for _ in range(512):
                client.send_raw(piece)
            client.send_raw(b"\r\n")
            self.assertEqual(timed(client.reply), "OK")
            self.assertEqual(client.call("STRLEN", "huge"), size)
            client.send("GET", "huge")
            self.assertEqual(timed(client._line), b"$%d\r\n" % size)
            left = size + 2 - len(client.unread)
            while left > 0:
                received = len(client.socket.recv(min(MIB, left)))
                self.assertGreater(received, 0)
                left -= received
            client.unread = b""
            self.assertEqual(timed(lambda: client.call("DEL", "huge")), 1)

        # Four times the value, as measured: it was set, and the value is there with its record in the journal, which the
        # allocator has not given back; it is read, and the reply is there twice while it goes from the store to the
        # connection.
        # Fresh memory comes page by page, and the store does one thing after the other. So the neighbour waits as long as
        # one of these commands takes; how long that is depends on the machine (two seconds, or twenty beside other work), but it
        # is never more than one of them.
        self.attack(send, 4.5 * size, patience=lambda: 1.25 * max(steps) + PATIENCE_S)

    def test_connections_that_come_and_go(self):
        def send():
            for _ in range(3000):
                client = self.server.connect()
                client.send_raw(b"*1\r\n$4\r\nPI")
                client.close()

        # To accept a connection is work for one place, and 2000 a second are many.
        self.attack(send, 24 * MIB, patience=2 * PATIENCE_S)


if __name__ == "__main__":
    _program.main()
