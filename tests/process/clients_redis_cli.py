#!/usr/bin/env python3
"""redis-cli against a real Redis and our server side by side."""

import os
import sys
import unittest

import _program
import _side_by_side
from _side_by_side import SideBySide


class RedisCli(SideBySide):
    def test_it_sees_the_same(self):
        _side_by_side.need("redis-cli", "redis-tools")
        self.compare([sys.executable, os.path.join(_side_by_side.CLIENTS, "redis_cli.py")], least=150)


if __name__ == "__main__":
    _program.main()
