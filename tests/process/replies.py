#!/usr/bin/env python3
"""Replies, byte for byte: those recorded in replies.json, and those of a real redis-server where one is installed.

replies.json holds conversations: what is sent, and what comes back, in protocol version 2 and (where it differs) 3. A
step with "differs" is one where we answer otherwise than Redis, on purpose; it says why. Text is Latin-1: a byte a
character. `replies.py --record` writes the file anew: replies of a Redis 7.0, and ours where we differ.
"""

import json
import os
import re
import shutil
import socket
import sys
import time
import unittest

import _program
from _program import Client, Server

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "replies.json")


def load():
    with open(FILE, encoding="utf-8") as file:
        return json.load(file)


class Redis:
    """A real Redis on a free port; None if it isn't installed, or is of another version."""

    @staticmethod
    def start():
        if not shutil.which("redis-server"):
            return None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        process = _program.spawn(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir",
                                  _program.folder(), "--maxclients", "10000"], stdout=-3)
        deadline = time.monotonic() + _program.DEADLINE_S
        while time.monotonic() < deadline and process.poll() is None:
            try:
                client = Client(port)
            except ConnectionRefusedError:
                continue
            version = re.search(rb"redis_version:([\d.]+)", client.call("INFO", "server"))[1].decode()
            return port if version.startswith("7.0.") else None
        return None


def converse(port, case, protocol):
    """The replies to all steps of a case, on a connection and a store of their own."""
    with Client(port) as client:
        client.call("FLUSHALL")
        if protocol == 3:
            client.call("HELLO", "3")
        replies = []
        for step in case["steps"]:
            if "raw" in step:
                client.send_raw(step["raw"].encode("latin-1"))
                reply = client.rest()
            else:
                client.send(*[word.encode("latin-1") for word in step["send"]])
                reply = client.raw_reply()
            # The number of a connection is the one thing that is new each time.
            replies.append(re.sub(rb"(\$2\r\nid\r\n):\d+", rb"\1:1", reply).decode("latin-1"))
        return replies


def recorded(step, protocol):
    return step.get("resp3", step["reply"]) if protocol == 3 else step["reply"]


class Replies(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.redis = Redis.start()

    def check(self, port, include):
        for case in load():
            for protocol in (2, 3):
                for step, reply in zip(case["steps"], converse(port, case, protocol)):
                    if include(step):
                        with self.subTest(case=case["case"], protocol=protocol, step=step.get("send") or step.get("raw")[:60]):
                            self.assertEqual(reply, recorded(step, protocol))

    def test_ours_are_those_recorded(self):
        self.check(self.server.port, lambda step: True)

    def test_recorded_are_those_of_redis(self):
        if self.redis is None:
            self.skipTest("no redis-server 7.0 is installed: compared with the recorded replies only")
        self.check(self.redis, lambda step: "differs" not in step)

    def test_replies_do_not_depend_on_how_requests_are_cut_or_joined(self):
        for case in load():
            steps = case["steps"]
            if any("raw" in step for step in steps):
                continue
            sent = b"".join(Client.encode(*[word.encode("latin-1") for word in step["send"]]) for step in steps)
            expected = "".join(recorded(step, 2) for step in steps)
            for size in (len(sent), 7):
                with self.subTest(case=case["case"], size=size), Client(self.server.port) as client:
                    client.call("FLUSHALL")
                    for start in range(0, len(sent), size):
                        client.send_raw(sent[start:start + size])
                    client.send("QUIT")
                    replies = re.sub(rb"(\$2\r\nid\r\n):\d+", rb"\1:1", client.rest()).decode("latin-1")
                    self.assertEqual(replies, expected + "+OK\r\n")


def record():
    redis = Redis.start() or sys.exit("recording needs a redis-server 7.0")
    cases = load()
    with Server() as server:
        for case in cases:
            answers = {(name, protocol): converse(port, case, protocol)
                       for name, port in (("redis", redis), ("ours", server.port)) for protocol in (2, 3)}
            for i, step in enumerate(case["steps"]):
                name = "ours" if "differs" in step else "redis"
                step["reply"], resp3 = answers[name, 2][i], answers[name, 3][i]
                step.pop("resp3", None)
                if resp3 != step["reply"]:
                    step["resp3"] = resp3
    with open(FILE, "w", encoding="utf-8") as file:
        lines = [",\n".join(f"  {json.dumps(step)}" for step in case["steps"]) for case in cases]
        file.write("[" + ",\n".join(f'{{"case": {json.dumps(case["case"])}, "steps": [\n{steps}]}}'
                                    for case, steps in zip(cases, lines)) + "]\n")


if __name__ == "__main__":
    if sys.argv[1:] == ["--record"]:
        record()
    else:
        _program.main()
