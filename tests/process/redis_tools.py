#!/usr/bin/env python3
"""The tools that come with Redis, against our server: redis-cli and redis-benchmark."""

import re
import shutil
import subprocess
import unittest

import _program
from _program import Server


@unittest.skipUnless(shutil.which("redis-cli") and shutil.which("redis-benchmark"), "redis-tools is not installed")
class RedisTools(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    def cli(self, *arguments, stdin=None):
        done = subprocess.run(["redis-cli", "-p", str(self.server.port), *arguments], input=stdin, capture_output=True,
                              text=True, timeout=_program.DEADLINE_S, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout.rstrip("\n")

    def benchmark(self, *arguments):
        done = subprocess.run(["redis-benchmark", "-p", str(self.server.port), *arguments], capture_output=True, text=True,
                              timeout=10 * _program.DEADLINE_S, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("rror", done.stdout + done.stderr)
        return done.stdout

    def test_one_command_at_a_time(self):
        self.cli("FLUSHALL")
        self.assertEqual(self.cli("SET", "name", "value"), "OK")
        self.assertEqual(self.cli("GET", "name"), "value")
        self.assertEqual([self.cli("INCR", "n") for _ in range(3)], ["1", "2", "3"])
        self.assertEqual(self.cli("DEL", "name", "none"), "1")
        self.assertEqual(self.cli("GET", "name"), "")
        self.assertEqual(self.cli("SCAN", "0"), "0\nn")
        self.assertEqual(self.cli("-3", "CONFIG", "GET", "timeout"), "timeout 0")
        self.assertIn("unknown command 'LPUSH'", self.cli("LPUSH", "list", "1"))

    def test_scan_walks_all_keys(self):
        self.cli("FLUSHALL")
        self.cli(stdin="".join(f"SET key:{i} {i}\n" for i in range(1000)))
        self.assertEqual(sorted(self.cli("--scan").split()), sorted(f"key:{i}" for i in range(1000)))
        self.assertEqual(sorted(self.cli("--scan", "--pattern", "key:99*").split()),
                         sorted(["key:99"] + [f"key:99{i}" for i in range(10)]))

    def test_mass_insertion(self):
        self.cli("FLUSHALL")
        commands = b"".join(_program.Client.encode("SET", f"key:{i}", "x" * 100) for i in range(10_000))
        done = subprocess.run(["redis-cli", "-p", str(self.server.port), "--pipe"], input=commands, capture_output=True,
                              timeout=_program.DEADLINE_S, check=True)
        self.assertIn(b"errors: 0, replies: 10000", done.stdout)
        self.assertEqual(self.cli("DBSIZE"), "10000")

    def test_statistics(self):
        self.assertRegex(self.cli("INFO", "server"), "redis_version:7.0.15")
        self.assertRegex(self.cli("CLIENT", "LIST"), "cmd=client|list")

    def test_benchmark(self):
        report = self.benchmark("-t", "set,get,incr,mset,ping", "-n", "20000", "-c", "50", "-P", "16", "-q")
        rates = re.findall(r"([A-Z_]+)[^:\r]*: ([\d.]+) requests per second", report)
        self.assertGreaterEqual({name for name, _ in rates}, {"SET", "GET", "INCR", "PING_INLINE", "PING_MBULK", "MSET"})
        print("\n".join(f"  {name}: {rate}/s" for name, rate in rates))

    def test_benchmark_with_the_new_protocol(self):
        self.benchmark("-t", "set,get", "-n", "5000", "-c", "10", "-q", "-3", "-r", "1000", "-d", "1000")


if __name__ == "__main__":
    _program.main()
