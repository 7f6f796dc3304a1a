"""What the tests of clients that mean harm share: an attack beside a neighbour, with bounds for its wait and the memory."""

import resource
import time
import unittest

import _program
from _neighbour import Neighbour
from _program import Server

MIB = 1 << 20
# What another client may have to wait for an answer. Two processors, shared with those who attack: not a promise of the
# server's, but far from what would be felt, and several times what was measured beside other work.
PATIENCE_S = 0.5
# The same where attackers make the server take much memory for the first time, which some machines give slowly: a
# hundred mebibytes in a second, with other work beside it.
MEMORY_PATIENCE_S = 5.0


class Attacks(unittest.TestCase):
    """Each test has a server of its own, started with `flags` and, if there is one, with `password`."""

    flags = ("--durability", "none", "--log-level", "error")
    password = None

    def setUp(self):
        variables = {"UNDERSTUDY_REQUIREPASS": self.password} if self.password else {}
        self.server = Server(*self.flags, env=_program.environment(**variables))
        self.addCleanup(self.server.kill)

    def friend(self):
        """A client that is logged in, if that is needed."""
        client = self.server.connect()
        if self.password:
            self.assertEqual(client.call("AUTH", self.password), "OK")
        return client

    def memory(self, name="VmRSS"):
        return self.server.memory(name)

    def attack(self, attack, growth_max, patience=PATIENCE_S):
        """Runs it beside a neighbour; the server's memory may have grown by so much at most, at its highest. `patience`: what
        the neighbour may wait, or a function that gives it afterwards."""
        with Neighbour(self.server.port, self.password) as neighbour:
            # What was the most before does not count: the kernel begins anew.
            with open(f"/proc/{self.server.process.pid}/clear_refs", "w", encoding="ascii") as file:
                file.write("5")
            before = self.memory()
            begun = time.monotonic()
            attack()
            took = time.monotonic() - begun
        growth = self.memory("VmHWM") - before
        # Before it is judged: it helps to see by how much.
        print(f"  {self.id().rsplit('.', 1)[1]}: {growth / MIB:.1f} MiB, the neighbour's worst of {neighbour.count} "
              f"{neighbour.worst * 1000:.0f} ms, in {took:.1f} s", flush=True)
        self.assertIsNone(neighbour.failed)
        self.assertGreater(neighbour.count, 0)
        self.assertLess(neighbour.worst, patience() if callable(patience) else patience, f"{neighbour.count} commands")
        self.assertLess(growth, growth_max, f"{growth / MIB:.1f} MiB")
        with self.friend() as client:
            self.assertEqual(client.call("PING"), "PONG")

    def connections(self, count):
        return [self.server.connect() for _ in range(count)]


def connections_possible(wanted):
    """Raises this process's limit of open files to have so many connections; gives how many it can have. The server raises
    its own, which is the same, and needs a few more files than we."""
    spare = 200
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted + spare:
        print(f"  THE LIMIT OF {hard} OPEN FILES LEAVES ROOM FOR {hard - spare} CONNECTIONS, NOT {wanted}", flush=True)
        wanted = hard - spare
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted + spare:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted + spare, hard))
    return wanted
