#!/usr/bin/env python3
"""What attackers of a Redis try when they reach it: to have files written where they like, or code run. All of it is
refused, changes nothing, and leaves no file outside the data directory."""

import itertools
import os
import tempfile
import unittest

import _program
from _program import ReplyError, Server

# With a value that would do harm, if it were taken.
FIXED = {"dir": b"/tmp", "aclfile": b"/tmp/x.acl", "unixsocket": b"/tmp/x.sock", "unixsocketperm": b"777", "bind": b"0.0.0.0",
         "port": b"1234", "appendonly": b"no", "appendfsync": b"no", "save": b"1 1", "databases": b"2", "durability": b"none",
         "acl-pubsub-default": b"allchannels"}
UNKNOWN = {"dbfilename": b"x.so", "logfile": b"/tmp/x.log", "pidfile": b"/tmp/x.pid", "rdbchecksum": b"no",
           "rdbcompression": b"no", "slaveof": b"127.0.0.1 1", "replicaof": b"127.0.0.1 1", "slave-read-only": b"no",
           "replica-read-only": b"no", "masterauth": b"x", "enable-debug-command": b"yes", "enable-module-command": b"yes",
           "enable-protected-configs": b"yes", "loadmodule": b"/tmp/x.so", "appendfilename": b"x.php", "appenddirname": b"/tmp",
           "include": b"/etc/passwd", "dir ": b"/tmp", "dir\0": b"/tmp", "../dir": b"/tmp", "": b"", "syslog-ident": b"x",
           "proc-title-template": b"x", "shutdown-on-sigterm": b"nosave", "oom-score-adj": b"yes", "lua-time-limit": b"0",
           "rename-command": b"KEYS x", "tls-key-file-pass": b"x"}


def spellings(name):
    """In capitals, and as `Name`."""
    return dict.fromkeys((name, name.upper(), name.title()))


class Tricks(unittest.TestCase):
    def setUp(self):
        # Beside the data directory there is something that must stay as it is; and the program runs in a folder of its own.
        self.parent = _program.folder()
        self.home = os.path.join(self.parent, "home")
        os.mkdir(self.home)
        with open(os.path.join(self.parent, "precious"), "w", encoding="utf-8") as file:
            file.write("precious")
        self.server = Server("--snapshot-after", "0", directory=os.path.join(self.parent, "data"),
                             prefix=["env", "-C", self.home])
        self.addCleanup(self.server.kill)
        self.client = self.server.connect()
        self.settings = self.all_settings()
        self.before = self.outside()

    def all_settings(self):
        return self.client.call("CONFIG", "GET", "*")

    def outside(self):
        """All files there are but those of the data directory, and what one can tell of a change in the folder for all."""
        found = {}
        for folder, folders, files in os.walk(self.parent):
            if folder == self.parent:
                folders.remove("data")
            for name in files:
                found[os.path.join(folder, name)] = os.stat(os.path.join(folder, name)).st_mtime_ns
        for name in ("x.so", "x.acl", "x.sock", "x.log", "x.pid", "x.php", "x.rdb", "dump.rdb"):
            path = os.path.join(tempfile.gettempdir(), name)
            if os.path.lexists(path):
                found[path] = os.stat(path).st_mtime_ns
        return found

    def refused(self, pattern, *words):
        with self.subTest(words=words), self.assertRaisesRegex(ReplyError, pattern):
            self.client.call(*words)

    def check_nothing_has_changed(self):
        self.assertEqual(self.all_settings(), self.settings)
        self.assertEqual(self.outside(), self.before)
        self.assertEqual(self.client.call("SET", "key", "value"), "OK")

    def test_settings_that_cannot_be_changed(self):
        for name, value in FIXED.items():
            for spelling in spellings(name):
                self.refused("^ERR CONFIG SET failed .*can't set (immutable|protected) config", "CONFIG", "SET", spelling, value)
                self.refused("^ERR CONFIG SET failed .*can't set (immutable|protected) config", "config", "sEt", spelling, "")
        self.check_nothing_has_changed()

    def test_settings_that_are_not_there(self):
        for name, value in UNKNOWN.items():
            for spelling in spellings(name):
                self.refused("^ERR Unknown option or number of arguments for CONFIG SET", "CONFIG", "SET", spelling, value)
        self.check_nothing_has_changed()

    def test_behind_a_good_one_and_before_it(self):
        good = (b"timeout", b"77", b"maxmemory", b"1gb", b"requirepass", b"taken over")
        for name, value in itertools.chain(FIXED.items(), UNKNOWN.items()):
            for words in ((*good, name, value), (name, value, *good), (*good[:2], name.upper(), value, *good[2:])):
                self.refused("^ERR ", "CONFIG", "SET", *words)
        # All of the classic in one: a database in a place where it is run.
        self.refused("^ERR ", "CONFIG", "SET", *good, "dir", "/var/spool/cron", "dbfilename", "root")
        self.check_nothing_has_changed()
        # A good one is good by itself: it is not that nothing can be set.
        self.assertEqual(self.client.call("CONFIG", "SET", *good[:4]), "OK")
        self.assertNotEqual(self.all_settings(), self.settings)

    def test_subcommands_that_write_settings(self):
        for words in (("REWRITE",), ("RESETSTAT", "x"), ("SAVE",), ("LOAD", "/etc/passwd")):
            self.refused("^ERR ", "CONFIG", *words)
        self.check_nothing_has_changed()

    def test_snapshots_where_somebody_likes(self):
        places = ("/tmp/x.rdb", "../x.rdb", "../../tmp/x.so", "x.rdb", "/", ".", "")
        for place in places:
            for words in (("SAVE",), ("BGSAVE",), ("UNDERSTUDY", "SNAPSHOT")):
                self.refused("^ERR (wrong number of arguments|syntax error|unknown)", *words, place)
            self.refused("^ERR ", "BGSAVE", "SCHEDULE", place)
            self.refused("^ERR ", "SHUTDOWN", "SAVE", place)
            self.refused("^ERR ", "ACL", "SAVE", place)
            self.refused("^ERR ", "ACL", "LOAD", place)
        self.check_nothing_has_changed()
        # Names of keys, which might become names of files, do not.
        for place in places[:-1]:
            self.assertEqual(self.client.call("SET", place, place), "OK")
        self.assertEqual(self.client.call("SAVE"), "OK")
        self.check_nothing_has_changed()

    def test_commands_that_run_code_or_fetch_it(self):
        for words in (("MODULE", "LOAD", "/tmp/x.so"), ("MODULE", "LIST"), ("DEBUG", "SLEEP", "100"), ("DEBUG", "SEGFAULT"),
                      ("DEBUG", "RELOAD"), ("SLAVEOF", "127.0.0.1", "1"), ("SLAVEOF", "NO", "ONE"), ("REPLICAOF", "127.0.0.1", "1"),
                      ("EVAL", "return os.execute('id')", "0"), ("EVAL_RO", "return 1", "0"), ("EVALSHA", "0" * 40, "0"),
                      ("SCRIPT", "LOAD", "return 1"), ("FUNCTION", "LOAD", "#!lua name=x\nreturn 1"), ("FCALL", "x", "0"),
                      ("MIGRATE", "127.0.0.1", "1", "key", "0", "1000"), ("RESTORE", "key", "0", "\0\xc0\n\0"), ("DUMP", "key"),
                      ("SYNC",), ("PSYNC", "?", "-1"), ("REPLCONF", "listening-port", "1"), ("CLUSTER", "RESET"),
                      ("FAILOVER",), ("BGREWRITEAOF", "/tmp/x"), ("SENTINEL", "SET", "x", "notification-script", "/tmp/x"),
                      ("SYSTEM.EXEC", "id"), ("PFDEBUG", "x")):
            for name in spellings(words[0]):
                self.refused(f"^ERR unknown command '{name}'", name, *words[1:])
        self.check_nothing_has_changed()

    def test_a_request_of_a_browser_ends_the_connection(self):
        # A page in somebody's browser can send text to a port of this machine; commands in its body must not be run.
        for first in ("POST / HTTP/1.1", "GET / HTTP/1.1"):
            with self.server.connect() as browser:
                browser.send_raw(f"{first}\r\nHost: localhost:6379\r\nContent-Length: 20\r\n\r\nSET by-a-browser x\r\n".encode())
                browser.rest()
        self.assertEqual(self.client.call("EXISTS", "by-a-browser"), 0)
        self.check_nothing_has_changed()


if __name__ == "__main__":
    _program.main()
