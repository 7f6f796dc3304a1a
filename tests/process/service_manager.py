#!/usr/bin/env python3
"""What a service manager is told: readiness, the watchdog's food, the end. A socket of ours stands for systemd's."""

import os
import select
import signal
import socket
import time
import unittest

import _program
from _program import DEADLINE_S, Server, environment

PATIENCE_S = 0.4


class Manager:
    """The receiving end of NOTIFY_SOCKET."""

    def __init__(self):
        self.path = os.path.join(_program.folder(), "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)

    def next(self, patience=DEADLINE_S):
        """The next message as a dictionary, or None if none comes in time."""
        ready, _, _ = select.select([self.socket], [], [], patience)
        if not ready:
            return None
        text = self.socket.recv(4096).decode()
        return dict(line.split("=", 1) for line in text.splitlines())

    def next_with(self, name):
        """The next message that says `name`."""
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            message = self.next()
            if message and name in message:
                return message
        raise AssertionError(f"nobody said {name}")


class Notified(unittest.TestCase):
    def test_says_that_it_is_ready_and_that_it_ends(self):
        manager = Manager()
        with Server(env=environment(NOTIFY_SOCKET=manager.path)) as server:
            ready = manager.next_with("READY")
            self.assertEqual(ready["READY"], "1")
            self.assertIn(str(server.port), ready["STATUS"])
            self.assertEqual(ready["MAINPID"], str(server.process.pid))
            self.assertEqual(server.stop(), 0)
            self.assertEqual(manager.next_with("STOPPING")["STATUS"], "SIGTERM")

    def test_feeds_the_watchdog_while_it_lives_and_not_while_it_is_stopped(self):
        manager = Manager()
        env = environment(NOTIFY_SOCKET=manager.path, WATCHDOG_USEC=str(int(PATIENCE_S * 1e6)))
        with Server(env=env) as server:
            client = server.connect()
            for _ in range(5):
                self.assertEqual(manager.next_with("WATCHDOG")["WATCHDOG"], "1")
                self.assertEqual(client.call("SET", "key", "value"), "OK")
            server.signal(signal.SIGSTOP)
            while manager.next(PATIENCE_S) is not None:  # What was on its way.
                pass
            self.assertIsNone(manager.next(3 * PATIENCE_S))
            server.signal(signal.SIGCONT)
            manager.next_with("WATCHDOG")
            self.assertEqual(client.call("GET", "key"), b"value")
            self.assertEqual(server.stop(), 0)

    def test_a_watchdog_of_another_process_is_not_fed(self):
        manager = Manager()
        env = environment(NOTIFY_SOCKET=manager.path, WATCHDOG_USEC="100000", WATCHDOG_PID="1")
        with Server(env=env) as server:
            manager.next_with("READY")
            self.assertIsNone(manager.next(PATIENCE_S))
            self.assertEqual(server.stop(), 0)

    def test_bad_environment_is_said_and_survived(self):
        with Server(env=environment(NOTIFY_SOCKET="/no/such/socket", WATCHDOG_USEC="soon")) as server:
            self.assertEqual(server.connect().call("PING"), "PONG")
            self.assertEqual(server.stop(), 0)
            self.assertIn("NOTIFY_SOCKET", server.errors())
            self.assertIn("WATCHDOG_USEC", server.errors())


if __name__ == "__main__":
    unittest.main()
