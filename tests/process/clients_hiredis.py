#!/usr/bin/env python3
"""hiredis, the client library of C, against a real Redis and our server side by side."""

import os
import subprocess
import unittest

import _program
import _side_by_side
from _side_by_side import SideBySide


class Hiredis(SideBySide):
    def test_it_sees_the_same(self):
        compiler = _side_by_side.need("cc", "gcc")
        script = os.path.join(_program.folder(), "script")
        source = os.path.join(_side_by_side.CLIENTS, "hiredis.c")
        built = subprocess.run([compiler, "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-O1", "-Wall", "-Wextra", "-Werror",
                                "-o", script, source, "-lhiredis"], capture_output=True, text=True, check=False)
        self.assertEqual(built.returncode, 0, f"Debian's package libhiredis-dev (cmake/packages.txt)?\n{built.stderr}")
        self.compare([script], least=90)


if __name__ == "__main__":
    _program.main()
