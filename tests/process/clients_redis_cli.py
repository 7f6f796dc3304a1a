#!/usr/bin/env python3
"""redis-cli against a real Redis and our server side by side."""

import os
import sys
import unittest

import _program
import _side_by_side
from _side_by_side import Known, SideBySide


def monitored(*lines):
    return ["OK", *(f"TIME [0 ADDRESS] {line}" for line in lines)]


BEFORE_EXEC = [
    '"AUTH" "(redacted)"', '"SET" "watched" "a \\"value\\"\\x01"', '"AUTH" "(redacted)" "(redacted)"', '"GET" "app:key"',
    '"AUTH" "(redacted)"', '"HELLO" "3"', '"PING"', '"AUTH" "(redacted)"',
    '"HELLO" "3" "AUTH" "(redacted)" "(redacted)" "SETNAME" "a-name"', '"AUTH" "(redacted)"', '"COMMAND" "DOCS"', '"MULTI"']
KNOWN = [
    Known("MONITOR", monitored(*BEFORE_EXEC, '"GET" "watched"', '"EXEC"', '"ECHO" "end"'),
          monitored(*BEFORE_EXEC, '"EXEC"', '"ECHO" "end"'),
          "bug: what a transaction does is not shown, only that it is run"),
]


class RedisCli(SideBySide):
    def test_it_sees_the_same(self):
        _side_by_side.need("redis-cli", "redis-tools")
        self.compare([sys.executable, os.path.join(_side_by_side.CLIENTS, "redis_cli.py")], KNOWN, least=150)


if __name__ == "__main__":
    _program.main()
