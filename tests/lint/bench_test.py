"""What bench/ must notice: work that differs, peers that are missing, instructions that grew, and cases nobody can run."""

import os
import re
import sys
import unittest
import xml.dom.minidom

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BENCH = os.path.join(ROOT, "bench")
sys.path.insert(0, BENCH)

from guard import suite as guard  # noqa: E402
from harness import measure, plot, report  # noqa: E402
from messaging import cases, suite as messaging  # noqa: E402

RUN = {"seconds": 1.0, "ns_per_operation": 10.0, "peak_rss_kib": 2048, "operations": 5, "check": 7, "wall_seconds": 1.0,
       "cpu_seconds": 1.0}
CASE = cases.Case("ask/one-worker", "ask", 5)


class Guard(unittest.TestCase):
    def test_more_than_five_per_cent_fails_and_says_where(self):
        problem = guard.judge("ask/one-worker", 105.2, 100.0)
        for part in ("ask/one-worker", "105.2", "100", "+5.2%"):
            self.assertIn(part, problem)

    def test_less_passes(self):
        self.assertIsNone(guard.judge("ask/one-worker", 104.9, 100.0))
        self.assertIsNone(guard.judge("ask/one-worker", 50.0, 100.0))
        self.assertIn("--update", guard.note_of(50.0, 100.0))

    def test_nothing_stored_fails(self):
        self.assertIn("--update", guard.judge("ask/one-worker", 100.0, None))

    def test_each_case_is_stored(self):
        self.assertEqual(set(guard.load()["instructions"]), set(guard.CASES))


class Rows(unittest.TestCase):
    def test_other_work_is_refused(self):
        for field, value in (("check", 8), ("operations", 6), ("seconds", 0)):
            check = messaging.same_work(CASE)
            check(dict(RUN))
            with self.assertRaises(measure.RunFailed, msg=field):
                check({**RUN, field: value})

    def test_missing_peer_has_a_row(self):
        rows = messaging.rows_of(CASE, {"ours": [RUN], cases.CURRENT: [{**RUN, "ns_per_operation": 30.0}]},
                                 {cases.CAF: "CAF is not installed"})
        self.assertEqual([(row.peer, row.ratio) for row in rows], [(cases.CURRENT, 3.0), (cases.CAF, None)])
        self.assertIn("missing: CAF is not installed", rows[1].as_json()["note"])

    def test_failure_of_ours_has_a_row(self):
        rows = messaging.rows_of(CASE, {"ours": measure.RunFailed("broke"), cases.CURRENT: [RUN], cases.CAF: [RUN]}, {})
        self.assertTrue(all(row.note == "ours failed: broke" and row.as_json()["ours"] is None for row in rows))

    def test_ratio_above_one_is_ahead(self):
        row = report.Row("x", "ns", measure.Spread.of([10, 30, 20]), "peer", measure.Spread.of([40.0]))
        self.assertEqual((row.ours.median, row.ratio), (20, 2.0))

    def test_plot_is_well_formed(self):
        svg = plot.ratios_svg("<title>", "a & b", [("a", "caf", 2.0, ""), ("b", "x", 0.5, ""), ("c", "y", None, "<gone>")])
        bars = xml.dom.minidom.parseString(svg).getElementsByTagName("rect")
        self.assertEqual(len(bars), 3)  # the ground and two ratios
        self.assertIn("&lt;gone&gt;", svg)


class Programs(unittest.TestCase):
    def test_everybody_knows_each_case(self):
        tables = {"ours": "messaging/workloads.cpp", cases.CURRENT: "peers/tokio/src/messaging/main.rs",
                  cases.MULTI: "peers/tokio/src/messaging/main.rs", cases.CAF: "peers/caf/main.cpp"}
        known = {}
        for name, path in tables.items():
            with open(os.path.join(BENCH, path), encoding="utf-8") as file:
                known[name] = set(re.findall(r'(?:Workload|workload\(|^\s*)\{?\s*"([a-z-]+)",', file.read(), re.MULTILINE))
        for case in cases.CASES:
            for name in ("ours", *case.peers):
                if name in case.absent or (case.workload == "chapter" and name != cases.CAF):
                    continue
                self.assertIn(case.workload, known[name], f"{case.name}: {tables[name]}")


if __name__ == "__main__":
    unittest.main()
