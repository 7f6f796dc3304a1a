"""Canaries of scripts/lint/rules.py: for each rule a file that it must report, and files that it must leave alone."""

import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RULES = os.path.join(ROOT, "scripts", "lint", "rules.py")
HEAD = "#pragma once\n"

# rule, path, text, line to be reported; several where a rule has several forms.
BAD = [
    ("clock", "src/actor/late.cpp", "int x;\nauto now = std::chrono::steady_clock::now();\n", 2),
    ("clock", "store/engine/late.cpp", "auto now = std::time(nullptr);\n", 1),
    ("random", "src/actor/dice.cpp", "std::random_device device;\n", 1),
    ("thread", "src/supervision/watch.cpp", "\n\nstd::thread thread_;\n", 3),
    ("thread", "store/server/session.cpp", "std::jthread thread_([] {});\n", 1),
    ("sleep", "src/actor/nap.cpp", "std::this_thread::sleep_for(1s);\n", 1),
    ("sleep", "src/actor/nap.cpp", "usleep(10);\n", 1),
    ("file", "src/journal/writer.cpp", "if (fdatasync(file) != 0) return;\n", 1),
    ("file", "src/journal/writer.cpp", "auto file = ::open(path, O_RDWR);\n", 1),
    ("file", "store/engine/shard.cpp", "std::ofstream out(path);\n", 1),
    ("socket", "store/server/session.cpp", "::send(socket, data, size, 0);\n", 1),
    ("atomic", "src/actor/system.cpp", "std::atomic<int> count;\n", 1),
    ("atomic", "store/engine/shard.cpp", "std::atomic_ref<int> count(x);\n", 1),
    ("waiting-test", "tests/unit/actor/slow_test.cpp", "std::this_thread::sleep_for(1s);\n", 1),
    ("waiting-test", "tests/support/wait.cpp", "usleep(1000);\n", 1),
    ("await", "src/actor/loop.cpp", "\nwhile (co_await inbox.receive()) {\n}\n", 2),
    ("await", "tests/unit/actor/loop_test.cpp", "while (!co_await done()) {\n}\n", 1),
    ("await", "store/engine/shard.cpp", "auto x = co_await us::blocking([file] { return read(file); });\n", 1),
    ("header", "include/understudy/actor/x.hpp", HEAD + "using namespace std;\n", 2),
    ("header", "include/understudy/actor/x.hpp", "struct X {};\n", 1),
    ("length", "include/understudy/actor/long.hpp", HEAD + "\n" * 250, 251),
    ("length", "src/actor/long.cpp", "\n" * 401, 401),
    ("length", "tests/unit/actor/long_test.cpp", "\n" * 501, 501),
    ("length", "examples/01_long.cpp", "\n" * 101, 101),
    ("length", "store/tool/main.cpp", "\n" * 81, 81),
    ("length", "dev", "\n" * 301, 301),
    ("name", "src/base/utils.cpp", "", 1),
    ("name", "store/common/x.hpp", HEAD, 1),
    ("unregistered", "store/extra.cpp", "", 1),
    ("unregistered", "tests/unit/actor/reply.cpp", "", 1),
    ("unregistered", "examples/basic.cpp", "", 1),
    ("unregistered", "examples/01_basic.cpp", "", 1),
    ("unregistered", "examples/01_basic.expected", "", 1),
    ("unregistered", "tests/compile/must_not_compile/wrong.cpp", "", 1),
    ("unregistered", "tests/compile/must_compile/wrong.cpp", "", 1),
    ("unregistered", "tests/process/kill.rb", "", 1),
    ("unregistered", "tests/lint/names.py", "", 1),
    ("dead", "src/actor/nobody.hpp", HEAD, 1),
]

GOOD = {
    "src/base/clock.cpp": "auto now = std::chrono::steady_clock::now();\n",
    "src/base/random.cpp": "std::random_device device;\n",
    "src/runtime/worker.cpp": "std::thread thread; std::atomic<int> state;\n",
    "src/journal/file_storage.cpp": "::fdatasync(file);\n",
    # Comments, strings and own members of the same name; a thread's identity is no thread.
    "src/actor/quiet.cpp": '// std::thread, steady_clock::now()\nauto text = "usleep(1)";\nauto id = std::thread::id();\n'
                           "storage.write(data); storage->open(path); auto big = 1'000'000; auto quote = '\"';\n"
                           '/* std::atomic */ auto raw = R"(std::atomic "x" usleep(1))";\n',
    "src/actor/used.hpp": HEAD,
    "src/actor/user.cpp": '#include "actor/used.hpp"\n',
    "tests/unit/actor/thread_test.cpp": "std::thread thread; std::atomic<int> count; auto now = std::chrono::steady_clock::now();\n",
    "bench/actor/ask.cpp": "auto now = std::chrono::steady_clock::now();\n",
    "examples/01_basic.cpp": "int main() {}\n",
    "examples/01_basic.expected": "",
    "tests/process/kill_test.py": "",
    "tests/process/_server.py": "",
    "src/actor/long_enough.cpp": "\n" * 400,
}


def check(files):
    """Runs the rules over a tree of these files: exit code and what was printed."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        done = subprocess.run([sys.executable, RULES, root], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


class RulesTest(unittest.TestCase):
    def test_each_canary_is_reported(self):
        for rule, path, text, line in BAD:
            with self.subTest(rule=rule, path=path, text=text[:40]):
                code, printed = check({path: text})
                self.assertEqual(code, 1, printed)
                self.assertIn(f"{path}:{line}: [{rule}] ", printed)
                self.assertIn("Cure: ", printed)

    def test_what_is_allowed_passes(self):
        code, printed = check(GOOD)
        self.assertEqual(code, 0, printed)

    def test_each_rule_has_a_canary(self):
        with open(RULES, encoding="utf-8") as file:
            source = file.read()
        sys.path.insert(0, os.path.dirname(RULES))
        import rules  # pylint: disable=import-outside-toplevel

        names = {name for name, *_ in rules.BANNED_CALLS}
        for part in source.split("report.add(")[1:]:
            argument = part.split(",")[2].strip()
            if argument.startswith('"'):
                names.add(argument.strip('"'))
        self.assertEqual(names, {rule for rule, *_ in BAD})


if __name__ == "__main__":
    unittest.main()
