#!/usr/bin/env python3
"""redis-benchmark against a real Redis and our server side by side: what it runs, and what that leaves in the store."""

import os
import sys
import unittest

import _program
import _side_by_side
from _side_by_side import Known, SideBySide

NO_LISTS = "strings are the only type"
KNOWN = [
    Known("a test of a type", {"exit code": 0, "ran": ["LPUSH"], "errors": "", "else": []},
          {"exit code": 1, "ran": [], "else": [],
           "errors": "Error from server: ERR unknown command 'LPUSH', with args beginning with: 'mylist' 'VXK' \n"}, NO_LISTS),
    Known("a test of a type: what it left",
          [["mylist", "WRONGTYPE Operation against a key holding the wrong kind of value"]], [["", "0"]], NO_LISTS),
]


class RedisBenchmark(SideBySide):
    def test_it_runs_the_same(self):
        _side_by_side.need("redis-benchmark", "redis-tools")
        self.compare([sys.executable, os.path.join(_side_by_side.CLIENTS, "redis_benchmark.py")], KNOWN, least=30)


if __name__ == "__main__":
    _program.main()
