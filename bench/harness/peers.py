"""Builds the programs that run the same workloads on other people's libraries (bench/peers)."""

import os
import shutil
import subprocess

from harness import measure

BENCH = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(BENCH)


class PeerMissing(Exception):
    """A peer cannot be built here; the text says why. Its rows say so too."""


def build_tokio():
    """The path of tokio-peer, built from Debian's crates without the network."""
    if shutil.which("cargo") is None:
        raise PeerMissing("cargo is not installed")
    source = os.path.join(BENCH, "peers", "tokio")
    target = os.path.join(ROOT, "build", "peers", "tokio")
    measure.progress("building the Tokio peer")
    done = subprocess.run(
        ["cargo", "build", "--release", "--offline", "--quiet"],
        cwd=source, env={**os.environ, "CARGO_TARGET_DIR": target}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        cause = next((line for line in lines if line.startswith("error")), lines[-1] if lines else "no message")
        raise PeerMissing(f"cargo could not build it (is librust-tokio-dev installed?): {cause}")
    return os.path.join(target, "release", "tokio-peer")
