"""Libraries of Node.js for the tests: those of clients/package-lock.json, installed once, beside the built program."""

import fcntl
import os
import shutil
import subprocess
import unittest

import _program
import _side_by_side

INSTALL_DEADLINE_S = 5 * _program.DEADLINE_S


def installed():
    """The folder that has them; they are installed anew when the list has changed."""
    npm = _side_by_side.need("npm", "npm")
    folder = os.path.join(os.path.dirname(_program.PROGRAM), "..", "process_clients")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Tests may run at the same time.
        stamp = os.path.join(folder, "installed.json")
        wanted = os.path.join(_side_by_side.CLIENTS, "package-lock.json")
        if not os.path.exists(stamp) or _read(stamp) != _read(wanted):
            for name in ("package.json", "package-lock.json"):
                shutil.copy(os.path.join(_side_by_side.CLIENTS, name), folder)
            done = subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"], cwd=folder,
                                  capture_output=True, text=True, timeout=INSTALL_DEADLINE_S, check=False)
            if done.returncode != 0:
                raise AssertionError(f"npm has not installed the libraries:\n{done.stdout}{done.stderr}")
            shutil.copy(wanted, stamp)
    return folder


def _read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def major_version():
    """That of Node.js."""
    done = subprocess.run([_side_by_side.need("node", "nodejs"), "--version"], capture_output=True, text=True, check=True)
    return int(done.stdout.lstrip("v").split(".")[0])


# For the tests of redis 6 and ioredis 6.
needs_newer_node = unittest.skipIf(major_version() < 20, "it needs a newer Node.js")


def script(file, library, protocol):
    """The command that runs a script with a library."""
    return ["node", os.path.join(_side_by_side.CLIENTS, file), library, str(protocol), installed()]
