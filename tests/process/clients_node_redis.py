#!/usr/bin/env python3
"""The library redis for Node.js, versions 4, 5 and 6, against a real Redis and our server side by side."""

import _node
import _program
from _side_by_side import Known, SideBySide


def known(error):
    """What differs, in a version whose errors are called that."""
    def refused(text):
        return {"raised": error, "text": f"ERR unknown {text}"}

    return [
        Known("clientSetInfo", refused("subcommand 'SETINFO'. Try CLIENT HELP."), "OK",
              "from Redis 7.2, because clients send it"),
        Known("lPush", 1, refused("command 'LPUSH', with args beginning with: 'list' '1' "), "strings are the only type"),
        Known("hSet", 1, refused("command 'HSET', with args beginning with: 'hash' 'field' 'value' "),
              "strings are the only type"),
    ]


class NodeRedis(SideBySide):
    def check(self, library, protocol, error="SimpleError"):
        self.compare(_node.script("node_redis.mjs", library, protocol), known(error), least=139)

    def test_version_4(self):
        self.check("redis4", 2, "ErrorReply")

    def test_version_5(self):
        self.check("redis5", 2)

    def test_version_5_with_protocol_3(self):
        self.check("redis5", 3)

    @_node.needs_newer_node
    def test_version_6(self):
        self.check("redis6", 3)

    @_node.needs_newer_node
    def test_version_6_with_protocol_2(self):
        self.check("redis6", 2)


if __name__ == "__main__":
    _program.main()
