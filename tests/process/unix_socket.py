#!/usr/bin/env python3
"""The socket in the file system: who may connect, and what is done with what others have left there."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import unittest

import _program
from _program import Client, Server, run


class FileClient(Client):
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(_program.DEADLINE_S)
        self.socket.connect(path)
        self.unread = b""


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


class UnixSocket(unittest.TestCase):
    def setUp(self):
        self.path = os.path.join(_program.folder(), "server.sock")

    def refused(self, expected, *flags):
        code, _, errors = run("serve", "--port", "0", "--dir", _program.folder(), "--unixsocket", self.path, *flags)
        self.assertEqual(code, 1, errors)
        self.assertIn(expected, errors)

    def test_beside_the_port_and_alone(self):
        with Server("--unixsocket", self.path) as server:
            self.assertIn("unix " + self.path, server.listens_on)
            with FileClient(self.path) as client, server.connect() as other:
                self.assertEqual(client.call("SET", "key", "value"), "OK")
                self.assertEqual(other.call("GET", "key"), b"value")
                self.assertIn(f" addr={self.path}:0 ".encode(), client.call("CLIENT", "LIST"))
                self.assertIn(f" laddr={self.path}:0 ".encode(), client.call("CLIENT", "LIST"))
                self.assertEqual(client.call("CONFIG", "GET", "unixsocket")[1], self.path.encode())
            self.assertEqual(server.stop(), 0)
        self.assertFalse(os.path.exists(self.path))
        with Server("--unixsocket", self.path, "--port", "off", port=None), FileClient(self.path) as client:
            self.assertEqual(client.call("PING"), "PONG")

    def test_permissions(self):
        for flags, expected in (([], 0o700), (["--unixsocketperm", "770"], 0o770), (["--unixsocketperm", "777"], 0o777),
                                (["--unixsocketperm", "600"], 0o600)):
            with self.subTest(flags=flags), Server("--unixsocket", self.path, *flags) as server:
                self.assertEqual(mode_of(self.path), expected)
                self.assertEqual(server.stop(), 0)

    @unittest.skipUnless(shutil.which("strace"), "Debian's package strace is not installed (cmake/packages.txt)")
    def test_permissions_hold_before_it_listens(self):
        trace = os.path.join(_program.folder(), "trace")
        with Server("--unixsocket", self.path, "--unixsocketperm", "770", "--port", "off", port=None,
                    prefix=["strace", "-f", "-e", "trace=fchmod,chmod,bind,listen", "-o", trace]) as server:
            with open(f"/proc/{server.process.pid}/task/{server.process.pid}/children", encoding="ascii") as file:
                os.kill(int(file.read().split()[0]), signal.SIGTERM)
            self.assertEqual(server.wait(), 0)
        with open(trace, encoding="utf-8") as file:
            calls = [line.split(None, 1)[1].split("(")[0] for line in file if "(" in line and "SIG" not in line]
        self.assertEqual(calls[:4], ["fchmod", "bind", "chmod", "listen"])

    def test_wrong_permissions_are_refused(self):
        for text in ("rwx", "1777", "8", ""):
            code, _, errors = run("serve", "--unixsocketperm", text)
            self.assertEqual(code, 2, errors)
            self.assertIn("--unixsocketperm", errors)

    def test_what_a_dead_server_left_is_replaced(self):
        server = Server("--unixsocket", self.path)
        server.kill()
        self.assertTrue(os.path.exists(self.path))
        with Server("--unixsocket", self.path), FileClient(self.path) as client:
            self.assertEqual(client.call("PING"), "PONG")

    def test_a_live_server_keeps_its_own(self):
        with Server("--unixsocket", self.path):
            self.refused("another process listens there")
            with FileClient(self.path) as client:
                self.assertEqual(client.call("PING"), "PONG")

    def test_a_file_is_no_socket(self):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write("precious")
        self.refused("no socket")
        with open(self.path, encoding="utf-8") as file:
            self.assertEqual(file.read(), "precious")

    def test_names_that_cannot_be(self):
        self.path = "/no/such/folder/socket"
        self.refused(self.path)
        self.path = "/tmp/" + "x" * 200
        self.refused("107")

    def test_its_end_leaves_what_another_has_put_there(self):
        with Server("--unixsocket", self.path) as server:
            os.unlink(self.path)
            with open(self.path, "w", encoding="utf-8"):
                pass
            self.assertEqual(server.stop(), 0)
        self.assertTrue(os.path.exists(self.path))

    @unittest.skipUnless(shutil.which("redis-cli"), "redis-tools is not installed")
    def test_redis_cli(self):
        with Server("--unixsocket", self.path):
            done = subprocess.run(["redis-cli", "-s", self.path, "PING"], capture_output=True, text=True,
                                  timeout=_program.DEADLINE_S, check=True)
            self.assertEqual(done.stdout, "PONG\n")


if __name__ == "__main__":
    _program.main()
