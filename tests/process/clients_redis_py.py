#!/usr/bin/env python3
"""Debian's python3-redis, against a real Redis and our server side by side."""

import os
import subprocess
import unittest

import _program
import _side_by_side
from _side_by_side import Known, SideBySide

PYTHON = "/usr/bin/python3"  # Debian's own, for which the package is; not what else may be called python3



def refused(text):
    return {"raised": "ResponseError", "text": text}


NOT_IN_7_0 = refused("unknown subcommand 'SETINFO'. Try CLIENT HELP.")
KNOWN = [
    Known("lcs", "Hello Redis", refused("unknown command 'LCS', with args beginning with: 'text' 'text' "),
          "LCS is not there"),
    Known("object encoding", "raw", "embstr", "told by the value alone, not by how it came about"),
    Known("a lock is given back, by a script", None,
          refused("unknown command 'EVALSHA', with args beginning with: 'c3f8721cbb97f72bc19e972846bd7aaf91901658' '1' "
                  "'lock' 'mine' "), "no scripts"),
    Known("client setinfo", NOT_IN_7_0, "OK", "from Redis 7.2, because clients send it"),
    Known("client setinfo of something else", NOT_IN_7_0, refused("Unrecognized option 'COLOUR'"), "from Redis 7.2"),
    Known("waitaof", refused("unknown command 'WAITAOF', with args beginning with: '1' '0' '1000' "), [1, 0], "from Redis 7.2"),
    Known("a list", 1, refused("unknown command 'LPUSH', with args beginning with: 'list' '1' "), "strings are the only type"),
    Known("a hash", 1, refused("unknown command 'HSET', with args beginning with: 'hash' 'field' 'value' "),
          "strings are the only type"),
]


class RedisPy(SideBySide):
    def test_it_sees_the_same(self):
        version = subprocess.run([PYTHON, "-c", "import redis; print(redis.__version__)"], capture_output=True, text=True,
                                 check=False)
        self.assertEqual(version.returncode, 0, "Debian's package python3-redis is not installed (cmake/packages.txt)")
        print(f"  redis-py {version.stdout.strip()}")
        self.compare([PYTHON, os.path.join(_side_by_side.CLIENTS, "redis_py.py")], KNOWN, least=170)


class Comparison(unittest.TestCase):
    """That the comparison itself can fail."""

    def test_a_difference_is_seen(self):
        same = [("get", "value"), ("ttl", 1)]
        other = [("get", "value"), ("ttl", 2)]
        self.assertEqual(_side_by_side.differences(same, same), [])
        self.assertEqual(len(_side_by_side.differences(same, other)), 1)
        self.assertEqual(len(_side_by_side.differences(same, same[:1])), 1)
        self.assertEqual(_side_by_side.differences(same, other, [Known("ttl", 1, 2, "meant")]), [])
        self.assertEqual(len(_side_by_side.differences(same, same, [Known("ttl", 1, 2, "meant")])), 1)
        self.assertEqual(len(_side_by_side.differences(same, same, [Known("none", 1, 2, "meant")])), 1)


if __name__ == "__main__":
    _program.main()
