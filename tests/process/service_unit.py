#!/usr/bin/env python3
"""The unit for systemd that is shipped: systemd understands it, and finds it closed."""

import os
import re
import shutil
import subprocess
import unittest

import _program

UNIT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "packaging", "understudy.service.in")
EXPOSURE_MAX = 15  # Of 100.


def systemd_analyze(*arguments):
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, timeout=_program.DEADLINE_S,
                          check=False)


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed: Debian's package systemd (cmake/packages.txt)")
class ServiceUnit(unittest.TestCase):
    def setUp(self):
        with open(UNIT, encoding="utf-8") as file:
            self.text = file.read()
        self.path = os.path.join(_program.folder(), "understudy.service")
        with open(self.path, "w", encoding="utf-8") as file:
            # systemd looks whether the program is there.
            file.write(re.sub(r"@\w+@/understudy", "/bin/true", self.text))

    def test_it_is_understood(self):
        done = systemd_analyze("verify", self.path)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_it_is_closed(self):
        done = systemd_analyze("security", "--offline=true", f"--threshold={EXPOSURE_MAX}", self.path)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_its_settings_are_settings(self):
        flags = re.search(r"understudy serve (.*)", self.text)[1]
        code, out, _ = _program.run("serve", "--help")
        self.assertEqual(code, 0)
        for flag in re.findall(r"--[a-z-]+", flags):
            self.assertIn(flag, out)


if __name__ == "__main__":
    _program.main()
