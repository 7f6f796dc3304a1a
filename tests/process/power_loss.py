#!/usr/bin/env python3
"""Every state that power loss could have left, of a recorded run of the real server; the long version is
`./dev soak power-loss`."""

import unittest

import _power_loss
import _program


class PowerLoss(unittest.TestCase):
    def test_every_crash_state_starts_and_keeps_what_was_answered(self):
        print(_power_loss.run(commands=12_000, fates=4, seed=1, report=print))

    def test_writes_and_flushes_that_fail_lose_nothing_either(self):
        """After a failed flush the disk may lack what was to be flushed, though reads show it and the next flush succeeds."""
        faults = ["fdatasync:60:1:EIO", "fdatasync:200:1:EIO", "write:400:1:EIO", "fsync:30:1:EIO", "fdatasync:700:1:ENOSPC"]
        recording = _power_loss.Recording(seed=2, faults=faults)
        recording.live(2_000, "kill", **_power_loss.FEW)
        self.assertGreater(recording.refused, 0)
        code, out, _ = recording.try_crashes(fates=4)
        self.assertEqual(code, 0, out)
        print(f"{recording.refused} commands refused; {out.rstrip()}")

    def test_a_disk_that_does_not_flush_is_found_out(self):
        """The check itself is checked: flushes that do nothing must lose what was answered."""
        for faults in (["fdatasync:20:*:lie"], ["fsync:4:*:lie"]):
            with self.subTest(faults=faults):
                recording = _power_loss.Recording(seed=1, faults=faults)
                recording.live(1_500, "kill")
                code, out, _ = recording.try_crashes(fates=2)
                self.assertEqual(code, 1, out)
                self.assertRegex(out, "must be there|does not start")


if __name__ == "__main__":
    _program.main()
