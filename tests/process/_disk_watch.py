"""The library in interposer/, preloaded into the program: it records what is done to the data directory, or makes it
fail. What it takes is described in interposer/recording.hpp and interposer/faults.hpp."""

import os

import _program

_FOLDER = os.path.dirname(os.path.abspath(_program.PROGRAM))
LIBRARY = os.path.join(_FOLDER, "libdisk_watch.so")
CRASH_STATES = os.path.join(_FOLDER, "crash_states")


def environment(directory, recording=None, faults=(), kill=None):
    """The environment of a program whose data directory is watched."""
    for needed in (LIBRARY, CRASH_STATES):
        if not os.path.exists(needed):
            raise AssertionError(f"{needed} is missing: build the target process_helpers")
    variables = {"LD_PRELOAD": LIBRARY, "DISK_WATCH_DIRECTORY": os.path.realpath(directory)}
    if recording:
        variables["DISK_WATCH_RECORDING"] = recording
    if kill:
        variables["DISK_WATCH_KILL"] = kill
    if faults:
        variables["DISK_WATCH_FAULTS"] = ",".join(faults)
    return _program.environment(**variables)
