"""Another client of a server that is attacked: how long its commands take meanwhile.

It is a process of its own, so that what the attackers' interpreter does at that time is not counted as the server's. Run
as a program, with a port and maybe a password, it sends commands until its input ends, and then says how they went.
"""

import json
import os
import select
import subprocess
import sys
import time

import _program


class Neighbour:
    """`with Neighbour(port) as neighbour:`; afterwards it has `worst` in seconds, `count`, and `failed` or None."""

    def __init__(self, port, password=None):
        self.worst, self.count, self.failed = 0.0, 0, "it has not ended"
        self._process = _program.spawn([sys.executable, os.path.abspath(__file__), str(port), *([password] if password else [])],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_program.environment())

    def __enter__(self):
        line = self._process.stdout.readline()
        if line != "ready\n":
            raise AssertionError(f"the neighbour is not there: {line!r}")
        return self

    def __exit__(self, *_):
        told, _ = self._process.communicate(timeout=_program.DEADLINE_S)
        if told:
            self.worst, self.count, self.failed = json.loads(told)


def _run(port, password=None):
    client = _program.Client(int(port))
    if password is not None:
        client.call("AUTH", password)
    client.call("SET", "neighbour", 0)
    print("ready", flush=True)
    worst, count, failed = 0.0, 0, None
    try:
        while not select.select([sys.stdin], [], [], 0.005)[0]:
            begun = time.monotonic()
            if client.call("SET", "neighbour", count) != "OK":
                raise AssertionError("no OK")
            worst = max(worst, time.monotonic() - begun)
            count += 1
    except Exception as error:  # Told to the test.
        failed = repr(error)
    print(json.dumps([worst, count, failed]), flush=True)


if __name__ == "__main__":
    _run(*sys.argv[1:])
