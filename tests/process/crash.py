#!/usr/bin/env python3
"""A few rounds of what soak.py does at full length: concurrent writers, an end under their hands, a restart."""

import unittest

import _crash
import _program


class Crash(unittest.TestCase):
    def test_every_acknowledged_write_survives_kill_9(self):
        print(_crash.rounds_of_crashes(5, seed=1))

    def test_resets_and_ends_of_both_kinds(self):
        print(_crash.rounds_of_everything(4, seed=1))


if __name__ == "__main__":
    _program.main()
