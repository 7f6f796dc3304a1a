"""Canaries of scripts/lint/layers.py: an include that each row of the table forbids, and those that it allows."""

import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LAYERS = os.path.join(ROOT, "scripts", "lint", "layers.py")

# What is there to be included.
TREE = [
    "include/understudy/understudy.hpp", "include/understudy/base/error.hpp", "include/understudy/base/detail/list.hpp",
    "include/understudy/runtime/task.hpp", "include/understudy/actor/system.hpp", "include/understudy/actor/detail/cell.hpp",
    "include/understudy/supervision/supervisor.hpp", "include/understudy/journal/journal.hpp",
    "include/understudy/simulation/faults.hpp", "src/runtime/worker.hpp", "src/actor/actor_cell.hpp",
    "src/journal/record_codec.hpp", "src/simulation/disk.hpp", "store/include/understudy/store/store.hpp",
    "store/engine/shard.hpp", "store/server/session.hpp", "store/tool/serve.hpp", "tests/support/counted.hpp",
]

# file, what it includes, the rule that reports it
BAD = [
    ("include/understudy/base/x.hpp", '"understudy/runtime/task.hpp"', "layer"),
    ("include/understudy/runtime/x.hpp", '"understudy/actor/system.hpp"', "layer"),
    ("include/understudy/actor/x.hpp", '"understudy/supervision/supervisor.hpp"', "layer"),
    ("include/understudy/actor/x.hpp", '"actor/actor_cell.hpp"', "layer"),
    ("include/understudy/actor/detail/x.hpp", '"runtime/worker.hpp"', "layer"),
    ("include/understudy/supervision/x.hpp", '"understudy/journal/journal.hpp"', "layer"),
    ("include/understudy/journal/x.hpp", "<understudy/supervision/supervisor.hpp>", "layer"),
    ("include/understudy/journal/x.hpp", '"understudy/simulation/faults.hpp"', "layer"),
    ("src/runtime/x.cpp", '"actor/actor_cell.hpp"', "layer"),
    ("src/journal/x.cpp", '"simulation/disk.hpp"', "layer"),
    ("src/journal/x.cpp", '"understudy/store/store.hpp"', "layer"),
    ("src/simulation/x.cpp", '"understudy/store/store.hpp"', "layer"),
    ("store/include/understudy/store/x.hpp", '"understudy/actor/detail/cell.hpp"', "layer"),
    ("store/engine/x.cpp", '"understudy/base/detail/list.hpp"', "layer"),
    ("store/engine/x.cpp", '"actor/actor_cell.hpp"', "layer"),
    ("store/engine/x.cpp", '"understudy/simulation/faults.hpp"', "layer"),
    ("store/engine/x.cpp", '"server/session.hpp"', "layer"),
    ("store/server/x.cpp", '"engine/shard.hpp"', "layer"),
    ("store/server/x.cpp", '"tool/serve.hpp"', "layer"),
    ("store/tool/x.cpp", '"engine/shard.hpp"', "layer"),
    ("examples/01_x.cpp", '"understudy/actor/detail/cell.hpp"', "layer"),
    ("bench/actor/x.cpp", '"runtime/worker.hpp"', "layer"),
    ("tests/unit/runtime/x_test.cpp", '"actor/actor_cell.hpp"', "layer"),
    ("tests/unit/journal/x_test.cpp", '"understudy/supervision/supervisor.hpp"', "layer"),
    ("tests/guarantees/x_test.cpp", '"actor/actor_cell.hpp"', "layer"),
    ("tests/compile/must_compile/x.cpp", '"understudy/actor/detail/cell.hpp"', "layer"),
    ("src/attic/x.cpp", '"understudy/base/error.hpp"', "layer"),
    ("src/actor/x.cpp", "<boost/asio/io_context.hpp>", "third-party"),
    ("src/actor/x.cpp", "<spdlog/spdlog.h>", "third-party"),
    ("store/engine/x.cpp", "<zstd.h>", "third-party"),
    ("src/actor/x.cpp", "<xxhash.h>", "third-party"),
    ("store/server/x.cpp", "<boost/json.hpp>", "third-party"),
    ("src/actor/x.cpp", '"../runtime/worker.hpp"', "include-path"),
    ("src/actor/x.cpp", '"actor/missing.hpp"', "include-path"),
]

GOOD = [
    ("include/understudy/runtime/x.hpp", '"understudy/base/detail/list.hpp"'),
    ("include/understudy/runtime/asio.hpp", "<boost/asio/io_context.hpp>"),
    ("src/actor/x.cpp", '"runtime/worker.hpp"'),
    ("src/actor/y.cpp", "<vector>"),
    ("src/simulation/x.cpp", '"actor/actor_cell.hpp"'),
    ("src/journal/x.cpp", "<zstd.h>"),
    ("store/engine/x.cpp", '"understudy/journal/journal.hpp"'),
    ("store/engine/y.cpp", '"engine/shard.hpp"'),
    ("store/server/x.cpp", '"understudy/store/store.hpp"'),
    ("store/tool/x.cpp", '"server/session.hpp"'),
    ("examples/01_x.cpp", "<boost/asio/io_context.hpp>"),
    ("tests/unit/actor/x_test.cpp", '"actor/actor_cell.hpp"'),
    ("tests/unit/store/x_test.cpp", '"engine/shard.hpp"'),
    ("tests/guarantees/x_test.cpp", '"support/counted.hpp"'),
]


def check(includes):
    """Runs the check over TREE with these (file, include) pairs: exit code and what was printed."""
    with tempfile.TemporaryDirectory() as root:
        for path in TREE:
            write(root, path, "#pragma once\n")
        for path, text in includes:
            write(root, path, f"// line 1\n#include {text}\n")
        done = subprocess.run([sys.executable, LAYERS, root], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


def write(root, path, text):
    os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
    with open(os.path.join(root, path), "w", encoding="utf-8") as file:
        file.write(text)


class LayersTest(unittest.TestCase):
    def test_each_canary_is_reported(self):
        for path, text, rule in BAD:
            with self.subTest(path=path, include=text):
                code, printed = check([(path, text)])
                self.assertEqual(code, 1, printed)
                self.assertIn(f"{path}:2: [{rule}] ", printed)
                self.assertIn("Cure: ", printed)

    def test_what_is_allowed_passes(self):
        code, printed = check(GOOD)
        self.assertEqual(code, 0, printed)


if __name__ == "__main__":
    unittest.main()
