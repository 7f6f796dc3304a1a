#!/usr/bin/env python3
"""The library ioredis for Node.js, versions 5 and 6, against a real Redis and our server side by side."""

import _node
import _program
from _side_by_side import Known, SideBySide

BY_ITSELF, RESP2, RESP3_AS_IT_IS = 0, 2, 33  # What the script takes for a protocol.


def known(error):
    """What differs, in a version whose errors are called that."""
    def refused(text):
        return {"raised": error, "text": f"ERR unknown {text}"}

    return [
        Known("client SETINFO", refused("subcommand 'SETINFO'. Try CLIENT HELP."), "OK",
              "from Redis 7.2, because clients send it"),
        Known("lpush", 1, refused("command 'lpush', with args beginning with: 'list' '1' "), "strings are the only type"),
        Known("hset", 1, refused("command 'hset', with args beginning with: 'hash' 'field' 'value' "),
              "strings are the only type"),
        Known("eval", 1, refused("command 'eval', with args beginning with: 'return 1' '0' "), "no scripts"),
    ]


class Ioredis(SideBySide):
    def check(self, library, protocol, error="SimpleError"):
        self.compare(_node.script("ioredis.mjs", library, protocol), known(error), least=137)

    def test_version_5(self):
        self.check("ioredis5", BY_ITSELF, "ReplyError")

    @_node.needs_newer_node
    def test_version_6(self):
        self.check("ioredis6", BY_ITSELF)

    @_node.needs_newer_node
    def test_version_6_with_protocol_2(self):
        self.check("ioredis6", RESP2)

    @_node.needs_newer_node
    def test_version_6_with_replies_of_protocol_3(self):
        self.check("ioredis6", RESP3_AS_IT_IS)


if __name__ == "__main__":
    _program.main()
