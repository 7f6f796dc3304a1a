#!/usr/bin/env python3
"""Some seconds of what soak.py does for an hour: mixed load with snapshots and resets, every key as it must be."""

import unittest

import _program
import _steady
from _steady import ABSENT, State, Writer


class Rule(unittest.TestCase):
    """What must be noticed is."""

    def samples(self, **growing):
        flat = {"memory": 100 * _steady.MIB, "disk": 50 * _steady.MIB, "files": 4, "threads": 9, "handles": 20}
        return [{name: value + growing.get(name, 0) * at / 100 for name, value in flat.items()} for at in range(101)]

    def test_what_does_not_grow_is_flat(self):
        self.assertTrue(all(verdict["flat"] for verdict in _steady.judge(self.samples()).values()))

    def test_each_kind_of_growth_is_noticed(self):
        for name, growth in (("memory", 20 * _steady.MIB), ("disk", 60 * _steady.MIB), ("files", 10), ("threads", 5),
                             ("handles", 10)):
            verdicts = _steady.judge(self.samples(**{name: growth}))
            self.assertEqual([name], [each for each, verdict in verdicts.items() if not verdict["flat"]])

    def test_growth_of_the_first_third_is_warming_up(self):
        samples = self.samples()
        for at in range(30):
            samples[at]["memory"] = at * _steady.MIB
        self.assertTrue(_steady.judge(samples)["memory"]["flat"])


class Model(unittest.TestCase):
    def writer(self, evicts=False):
        return Writer(0, 1, 10, 100, True, evicts)

    def test_a_value_that_was_never_written_is_noticed(self):
        writer = self.writer()
        writer.possible["k"] = [State(b"a")]
        for seen in (b"b", None):
            with self.assertRaises(AssertionError):
                writer.saw("k", seen, 1, 2)

    def test_a_deleted_value_that_comes_back_is_noticed(self):
        writer = self.writer(evicts=True)
        writer.possible["k"] = [State(b"a")]
        writer.saw("k", None, 1, 2)  # evicted
        with self.assertRaises(AssertionError):
            writer.saw("k", b"a", 3, 4)

    def test_a_key_that_outlives_its_time_or_ends_early_is_noticed(self):
        for seen, at in ((b"a", 12), (None, 5)):
            writer = self.writer()
            writer.possible["k"] = [State(b"a", 10, 11)]
            with self.assertRaises(AssertionError):
                writer.saw("k", seen, at, at)

    def test_what_failed_may_have_happened_or_not(self):
        for seen in (b"a", None):
            writer = self.writer()
            writer.possible["k"] = [ABSENT, State(b"a")]
            writer.saw("k", seen, 1, 2)


class Steady(unittest.TestCase):
    def test_some_seconds_of_everything(self):
        result = _steady.run(0.15, seed=1)
        for subject in result["subjects"]:
            self.assertGreater(subject["commands"], 1000)
        print("\n".join(_steady.in_words(result)[0]))


if __name__ == "__main__":
    _program.main()
