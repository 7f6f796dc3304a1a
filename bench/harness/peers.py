"""Builds the programs that run the same workloads on other people's libraries (bench/peers)."""

import os
import shutil
import subprocess

from harness import measure

BENCH = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(BENCH)


class PeerMissing(Exception):
    """A peer cannot be built here; the text says why. Its rows say so too."""


def build_tokio(program="tokio-peer"):
    """The path of a program of bench/peers/tokio, built from Debian's crates without the network."""
    if shutil.which("cargo") is None:
        raise PeerMissing("cargo is not installed")
    source = os.path.join(BENCH, "peers", "tokio")
    target = os.path.join(ROOT, "build", "peers", "tokio")
    measure.progress("building the Tokio peer")
    build(["cargo", "build", "--release", "--offline", "--quiet"], "librust-tokio-dev", cwd=source,
          env={**os.environ, "CARGO_TARGET_DIR": target})
    return os.path.join(target, "release", program)


def build_caf():
    """The path of caf-messaging, built with -O3 against Debian's CAF."""
    if shutil.which("cmake") is None:
        raise PeerMissing("cmake is not installed")
    if not os.path.exists("/usr/include/caf/all.hpp"):
        raise PeerMissing("CAF is not installed (libcaf-dev)")
    source = os.path.join(BENCH, "peers", "caf")
    target = os.path.join(ROOT, "build", "peers", "caf")
    measure.progress("building the CAF peer")
    build(["cmake", "-S", source, "-B", target, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release"], "libcaf-dev")
    build(["cmake", "--build", target], "libcaf-dev")
    return os.path.join(target, "caf-messaging")


def build(command, package, **options):
    """Runs a build; PeerMissing with the first error of it."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode == 0:
        return
    lines = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    cause = next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "no message")
    raise PeerMissing(f"{command[0]} could not build it (is {package} installed?): {cause}")
