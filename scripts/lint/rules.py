#!/usr/bin/env python3
"""Holds the rules on what a file may do, how long it may be, and where it may stand. Usage: rules.py [ROOT]

Each rule has a canary in tests/lint/rules_test.py: a file that it must report.
"""

import fnmatch
import os
import re
import sys

import tree

HERE = os.path.dirname(os.path.abspath(__file__))
OURS = ("include/", "src/", "store/")  # where determinism is at stake; tests, bench, examples and fuzz are free

# What is not deterministic is reached through an interface; only the file behind the interface may do this.
BANNED_CALLS = [
    ("clock", r"\b(?:steady_clock|system_clock|high_resolution_clock|utc_clock)::now\b|\b(?:clock_gettime|gettimeofday|"
              r"__rdtsc|__builtin_ia32_rdtsc)\s*\(|(?<![\w.>:])(?:std::|::)?time\s*\(\s*(?:nullptr|NULL|0)\s*\)",
     "reads a clock", "take a Clock (understudy/base/clock.hpp)"),
    ("random", r"\brandom_device\b|\b(?:getrandom|getentropy|s?rand|random_r)\s*\(",
     "draws random numbers", "take a Random (understudy/base/random.hpp)"),
    ("thread", r"\bstd::j?thread\b(?!\s*::)|\bpthread_create\s*\(|\bstd::async\b",
     "starts a thread", "spawn an actor, or use the blocking pool (understudy/runtime/blocking.hpp)"),
    ("sleep", r"\bthis_thread::sleep_(?:for|until)\b|(?<![\w.>])(?:usleep|nanosleep|clock_nanosleep)\s*\(|(?<!\w)::sleep\s*\(",
     "sleeps on its thread", "await a timer (understudy/runtime/sleep.hpp)"),
    ("file", r"(?<![\w>:])::(?:open|openat|creat|read|pread|write|writev|pwrite|pwritev|rename|unlink|ftruncate|fallocate|flock)\s*\(|"
             r"\b(?:fsync|fdatasync|sync_file_range|fopen|pwrite|pwritev|openat)\s*\(|\bstd::[io]?fstream\b|"
             r"\bfilesystem::(?:rename|remove|remove_all|resize_file|create_director\w+)\b",
     "touches the disk", "take a Storage (understudy/journal/storage.hpp)"),
    ("socket", r"(?<![\w>:])::(?:socket|bind|listen|accept4?|connect|send|sendto|sendmsg|recv|recvfrom|recvmsg|setsockopt|poll)\s*\(|"
               r"\b(?:epoll_wait|epoll_ctl|epoll_create1?|io_uring_\w+)\s*\(",
     "uses sockets", "go through the I/O loop (src/runtime)"),
]
ATOMIC = re.compile(r"\bstd::atomic\w*|\bAtomic<|\b__(?:atomic|sync)_\w+")
WAIT_IN_TESTS = re.compile(dict((name, pattern) for name, pattern, *_ in BANNED_CALLS)["sleep"])
BANNED_NAMES = {"util", "utils", "utilities", "common", "misc", "helper", "helpers"}

# (pattern of the path, most lines); the first that fits counts.
LENGTHS = [
    ("*/main.cpp", 80),
    ("tests/*", 500),
    ("examples/*", 100),
    ("include/*.hpp", 250),
    ("store/include/*.hpp", 250),
    ("src/*", 400),
    ("store/*", 400),
    ("bench/*", 400),
    ("fuzz/*", 400),
    ("dev", 300),
]
# Where the build looks for sources (CMakeLists.txt and cmake/); bench/peers holds other people's libraries at work.
REGISTERED = re.compile(
    r"src/.+|store/(engine|server|tool)/.+|tests/unit/[^/]+/.+_test\.cpp|tests/(guarantees|model)/.+_test\.cpp|tests/(simulation|support)/.+"
    r"|tests/(corpus|process/(interposer|crash_states|commands_page))/.+"
    r"|tests/compile/must_(not_)?compile/[^/]+|tests/package/.+|examples/[0-9][0-9]_[^/]+|bench/[^/]+/.+|fuzz/[^/]+_fuzz\.cpp")


def entries(name):
    """The lines of a list beside this script, split into words; the last word is the rest of the line."""
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        lines = [line.strip() for line in file]
    return [line for line in lines if line and not line.startswith("#")]


def allowed(path, patterns):
    stem = os.path.splitext(path)[0]
    return any(fnmatch.fnmatchcase(stem, pattern) for pattern in patterns)


def matches(pattern, code):
    for match in re.finditer(pattern, code):
        yield code.count("\n", 0, match.start()) + 1, " ".join(match.group().split())


def check_calls(path, code, report, lists):
    if not path.startswith(OURS):
        return
    for rule, pattern, what, cure in BANNED_CALLS:
        if allowed(path, [where for name, where in lists["calls"] if name == rule]):
            continue
        for line, found in matches(pattern, code):
            report.add(path, line, rule, f"'{found}' {what}",
                       f"{cure}; the one file behind an interface is named in scripts/lint/calls.txt")


def check_atomics(path, code, report, lists):
    if path.startswith(OURS) and not allowed(path, lists["atomics"]):
        for line, found in matches(ATOMIC, code):
            report.add(path, line, "atomic", f"'{found}' outside the files that may hold atomics",
                       "send a message, or use one of the files in scripts/lint/atomics.txt; one more needs a decision")


def check_waiting_tests(path, code, report, _):
    if path.startswith("tests/"):
        for line, found in matches(WAIT_IN_TESTS, code):
            report.add(path, line, "waiting-test", f"'{found}' makes a test slow and flaky",
                       "run it on simulated time, or wait for the event itself")


def check_awaits(path, code, report, _):
    """What GCC 12 compiles wrongly: docs/pitfalls.md."""
    for line, _ in matches(r"\bwhile\s*\(\s*!?\s*co_await\b", code):
        report.add(path, line, "await", "a bare await as a loop's condition can lose the coroutine with GCC 12",
                   "name what comes: while (auto message = co_await ...); see docs/pitfalls.md")
    for line, _ in matches(r"\bco_await\b[^;{}]*\(\s*\[(?!\s*\])[^\]]*\]\s*(?:\([^)]*\))?\s*(?:mutable\s*)?(?:->[^{]*)?\{", code):
        report.add(path, line, "await", "a closure with captures made inside a co_await expression is destroyed twice by GCC 12",
                   "name it, and move it in; see docs/pitfalls.md")


def check_header(path, code, report, _):
    if not path.endswith(".hpp"):
        return
    for line, _ in matches(r"\busing\s+namespace\b", code):
        report.add(path, line, "header", "'using namespace' in a header reaches everybody who includes it", "write the name in full")
    if "#pragma once" not in code:
        report.add(path, 1, "header", "no '#pragma once'", "add it after the head comment")


def check_length(root, path, report, lists):
    limit = next((lines for pattern, lines in LENGTHS if fnmatch.fnmatchcase(path, pattern)), None)
    limit = lists["lengths"].get(path, limit)
    count = tree.read(root, path).count("\n")
    if limit is not None and count > limit:
        report.add(path, limit + 1, "length", f"{count} lines, {limit} are allowed",
                   "split it by phase of life (start, run, stop) or by concept; or give the reason in scripts/lint/lengths.txt")


def check_name(path, report):
    words = {os.path.splitext(part)[0] for part in path.split("/")}
    for word in sorted(words & BANNED_NAMES):
        report.add(path, 1, "name", f"'{word}' says nothing about what is inside", "name the file by what it holds")


def check_registered(path, paths, report):
    stem = os.path.splitext(path)[0]
    folder, name = os.path.split(path)
    if path.endswith(".cpp") and not REGISTERED.fullmatch(path):
        report.add(path, 1, "unregistered", "no target builds this file",
                   "move it to where a glob of CMakeLists.txt or cmake/ finds it (tests end in _test.cpp), or remove it")
    if folder == "examples" and path.endswith((".cpp", ".expected")):
        twin = stem + (".expected" if path.endswith(".cpp") else ".cpp")
        if twin not in paths:
            report.add(path, 1, "unregistered", f"{twin} is missing", "an example has its expected output beside it")
    if folder.startswith("tests/compile/must_") and path.endswith(".cpp"):
        other = {"must_compile": "must_not_compile", "must_not_compile": "must_compile"}[os.path.basename(folder)]
        if f"tests/compile/{other}/{name}" not in paths:
            report.add(path, 1, "unregistered", f"tests/compile/{other}/{name} is missing", "write its twin")
    if folder == "tests/process" and not name.startswith(("_", ".")) and not name.endswith((".py", ".sh", ".mjs", ".json")):
        report.add(path, 1, "unregistered", "no test runs this file", "tests end in .py, .sh or .mjs; what they share begins with _")
    if folder == "tests/lint" and path.endswith(".py") and not name.endswith("_test.py"):
        report.add(path, 1, "unregistered", "no test runs this file", "let its name end in _test.py")


def check_dead_headers(root, paths, report):
    """A private header that nobody includes."""
    included = set()
    for path in paths:
        if path.endswith(tree.CPP):
            included |= set(re.findall(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)', tree.read(root, path), re.MULTILINE))
    for path in paths:
        if path.endswith(".hpp") and path.startswith(("src/", "store/", "tests/", "bench/", "fuzz/")):
            tails = {path.split("/", depth)[-1] for depth in range(1, path.count("/") + 1)}
            if not tails & included:
                report.add(path, 1, "dead", "nobody includes this header", "remove it, or use it")


def main():
    root = tree.root_of(sys.argv)
    report = tree.Report()
    lists = {
        "calls": [tuple(line.split()[:2]) for line in entries("calls.txt")],
        "atomics": [line.split()[0] for line in entries("atomics.txt")],
        "lengths": {line.split()[0]: int(line.split()[1]) for line in entries("lengths.txt")},
    }
    folders = ("include", "src", "store", "tests", "examples", "bench", "fuzz")
    paths = [path for path in tree.files_of(root, *folders) if not path.startswith("bench/peers/")]
    known = set(paths)
    for path in paths:
        check_name(path, report)
        check_registered(path, known, report)
        if path.endswith(tree.CPP):
            check_length(root, path, report, lists)
            code = tree.code_of(tree.read(root, path))
            for check in (check_calls, check_atomics, check_waiting_tests, check_awaits, check_header):
                check(path, code, report, lists)
    check_dead_headers(root, paths, report)
    if os.path.exists(os.path.join(root, "dev")):
        check_length(root, "dev", report, lists)
    report.finish(f"rules: {len(paths)} files")


if __name__ == "__main__":
    main()
