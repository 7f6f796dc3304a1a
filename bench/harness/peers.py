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
    return build_by_cmake("caf", "CAF", "caf/all.hpp", "libcaf-dev", "caf-messaging")


def build_rocksdb():
    """The path of rocksdb-writes, built with -O3 against Debian's RocksDB."""
    return build_by_cmake("rocksdb", "RocksDB", "rocksdb/db.h", "librocksdb-dev", "rocksdb-writes")


def build_sqlite():
    """The path of sqlite-writes, built with -O3 against Debian's SQLite."""
    return build_by_cmake("sqlite", "SQLite", "sqlite3.h", "libsqlite3-dev", "sqlite-writes")


def build_by_cmake(folder, name, header, package, program):
    if shutil.which("cmake") is None:
        raise PeerMissing("cmake is not installed")
    if not os.path.exists(os.path.join("/usr/include", header)):
        raise PeerMissing(f"{name} is not installed ({package})")
    source = os.path.join(BENCH, "peers", folder)
    target = os.path.join(ROOT, "build", "peers", folder)
    measure.progress(f"building the {name} peer")
    build(["cmake", "-S", source, "-B", target, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release"], package)
    build(["cmake", "--build", target], package)
    return os.path.join(target, program)


def build(command, package, **options):
    """Runs a build; PeerMissing with the first error of it."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode == 0:
        return
    lines = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    cause = next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "no message")
    raise PeerMissing(f"{command[0]} could not build it (is {package} installed?): {cause}")
