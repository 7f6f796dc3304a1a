#!/usr/bin/env python3
"""Where settings come from, which of them wins, and what is refused."""

import os
import unittest

import _program
from _program import Server, environment, run


def write(text):
    path = os.path.join(_program.folder(), "understudy.toml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def config_get(server, name):
    reply = server.connect().call("CONFIG", "GET", name)
    return reply[1].decode()


class Precedence(unittest.TestCase):
    def test_flag_beats_environment_beats_file_beats_default(self):
        path = write("port = 0\nmaxclients = 11\n")
        with Server("--config", path, port=None) as server:
            self.assertEqual(config_get(server, "maxclients"), "11")
        with Server("--config", path, env=environment(UNDERSTUDY_MAXCLIENTS="12")) as server:
            self.assertEqual(config_get(server, "maxclients"), "12")
        with Server("--config", path, "--maxclients", "13", env=environment(UNDERSTUDY_MAXCLIENTS="12")) as server:
            self.assertEqual(config_get(server, "maxclients"), "13")
        with Server() as server:
            self.assertEqual(config_get(server, "maxclients"), "10000")

    def test_every_setting_from_the_file(self):
        directory = os.path.join(_program.folder(), "data")
        path = write(f"""
            # all of them
            port = 0
            bind = "127.0.0.1"
            dir = "{directory}"
            durability = "interval"
            flush-interval = 50
            maxmemory = 1000000
            maxmemory-policy = "allkeys-lru"
            segment-size = 8192
            workers = 1
            maxclients = 9
            log-level = "error"
            """)
        with Server(directory=False, port=None, env=environment(UNDERSTUDY_CONFIG=path)) as server:
            self.assertIn(directory, server.ready_line)
            self.assertEqual(server.durability, "interval")
            self.assertEqual(config_get(server, "flush-interval"), "50")
            self.assertEqual(config_get(server, "segment-size"), "8192")
            self.assertEqual(config_get(server, "appendfsync"), "everysec")
            self.assertEqual(config_get(server, "dir"), directory)
            self.assertEqual(config_get(server, "maxmemory"), "1000000")
            self.assertEqual(config_get(server, "maxmemory-policy"), "allkeys-lru")
            self.assertIn(b"workers:1\r\n", server.connect().call("INFO", "server"))
            self.assertEqual(server.errors(), "")

    def test_every_setting_from_the_environment(self):
        directory = os.path.join(_program.folder(), "data")
        env = environment(UNDERSTUDY_PORT="0", UNDERSTUDY_BIND="127.0.0.1", UNDERSTUDY_DIR=directory,
                          UNDERSTUDY_DURABILITY="none", UNDERSTUDY_FLUSH_INTERVAL="70", UNDERSTUDY_WORKERS="1",
                          UNDERSTUDY_MAXCLIENTS="8", UNDERSTUDY_LOG_LEVEL="off", UNDERSTUDY_MAXMEMORY="10mb",
                          UNDERSTUDY_MAXMEMORY_POLICY="noeviction")
        with Server(directory=False, port=None, env=env) as server:
            self.assertIn(directory, server.ready_line)
            self.assertEqual(server.durability, "none")
            self.assertEqual(config_get(server, "flush-interval"), "70")
            self.assertEqual(config_get(server, "maxmemory"), "10485760")
            self.assertEqual(server.errors(), "")

    def test_variables_of_the_build_scripts_are_no_settings(self):
        with Server(env=environment(UNDERSTUDY_PROGRAM="x", UNDERSTUDY_JOBS="1")) as server:
            self.assertEqual(server.connect().call("PING"), "PONG")


class Refusal(unittest.TestCase):
    """Each with exit code 2 and one line that says where."""

    def refused(self, *arguments, env=None):
        code, out, errors = run("serve", *arguments, env=env)
        self.assertEqual((code, out), (2, ""), errors)
        self.assertEqual(errors.count("\n"), 1, errors)
        return errors

    def test_file(self):
        for text, expected in (
                ("port = 1\nprot = 2\n", ["understudy.toml:2", "prot", "'port'"]),
                ("maxclient = 2\n", ["understudy.toml:1", "'maxclients'"]),
                ("[server]\nport = 1\n", ["understudy.toml:1", "server"]),
                ('\nport = "6379"\n', ["understudy.toml:2", "port", "whole number"]),
                ("durability = 1\n", ["understudy.toml:1", "durability", "text"]),
                ('durability = "sometimes"\n', ["understudy.toml:1", "sometimes", "always"]),
                ("port = 65536\n", ["understudy.toml:1", "65536", "65535"]),
                ("port = \n", ["understudy.toml:1"]),
                ("port = 1\nport = 2\n", ["understudy.toml:2"]),
        ):
            with self.subTest(text=text):
                errors = self.refused("--config", write(text))
                for part in expected:
                    self.assertIn(part, errors)

    def test_file_that_is_a_directory(self):
        self.assertIn("directory", self.refused("--config", _program.folder()))

    def test_file_that_is_not_there(self):
        path = os.path.join(_program.folder(), "missing.toml")
        self.assertIn(path, self.refused("--config", path))

    def test_environment(self):
        for name, value, expected in (
                ("UNDERSTUDY_PROT", "1", ["UNDERSTUDY_PROT", "UNDERSTUDY_PORT"]),
                ("UNDERSTUDY_DURABLE", "always", ["UNDERSTUDY_DURABLE", "UNDERSTUDY_DURABILITY"]),
                ("UNDERSTUDY_PORT", "high", ["UNDERSTUDY_PORT", "high"]),
                ("UNDERSTUDY_PORT", "", ["UNDERSTUDY_PORT"]),
                ("UNDERSTUDY_BIND", "", ["UNDERSTUDY_BIND"]),
        ):
            with self.subTest(name=name, value=value):
                errors = self.refused(env=environment(**{name: value}))
                for part in expected:
                    self.assertIn(part, errors)

    def test_flags(self):
        for arguments, expected in (
                (["--port", "-1"], ["--port", "-1"]),
                (["--port", "6379x"], ["--port", "6379x"]),
                (["--durability", "maybe"], ["--durability", "maybe", "always", "interval", "none"]),
                (["--flush-interval", "0"], ["--flush-interval", "0"]),
                (["--segment-size", "4095"], ["--segment-size", "4095", "4096"]),
                (["--maxclients", "0"], ["--maxclients"]),
                (["--maxmemory", "much"], ["--maxmemory", "much", "100mb"]),
                (["--maxmemory-policy", "lru"], ["--maxmemory-policy", "lru", "noeviction", "allkeys-lru"]),
                (["--log-level", "loud"], ["--log-level", "loud", "debug"]),
        ):
            with self.subTest(arguments=arguments):
                errors = self.refused(*arguments)
                for part in expected:
                    self.assertIn(part, errors)


if __name__ == "__main__":
    _program.main()
