"""What the checks share: walking the tree, reading C++ without comments and strings, and reporting."""

import os
import re
import sys

SKIPPED = {"build", ".git", ".cache", "node_modules", "target", "__pycache__", "understudy-data"}
CPP = (".hpp", ".cpp")


def root_of(arguments):
    """The tree to check: the first argument, or the one that this script is in."""
    if len(arguments) > 1:
        return os.path.abspath(arguments[1])
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def files_of(root, *folders):
    """Paths relative to root, sorted, of all files in the folders (of all, when none is given)."""
    found = []
    for start in folders or (".",):
        for folder, children, names in os.walk(os.path.join(root, start)):
            children[:] = sorted(child for child in children if child not in SKIPPED)
            found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


_TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/"""  # comments
    r"""|R"([^()\\ ]{0,16})\(.*?\)\1\""""  # raw strings
    r"""|"(?:\\.|[^"\\\n])*\""""  # strings
    r"""|(?<![0-9a-fA-F_])'(?:\\.|[^'\\\n])+'""",  # characters, not digit separators
    re.DOTALL,
)


def code_of(text):
    """The text with comments and the contents of literals blanked; lines keep their numbers."""
    def blank(match):
        return '""' + "\n" * match.group().count("\n") if match.group()[0] in "R\"'" else "\n" * match.group().count("\n")

    return _TOKEN.sub(blank, text)


class Report:
    """Collects problems; each names a file, a line, what is wrong and the cure."""

    def __init__(self):
        self.problems = []

    def add(self, path, line, rule, what, cure):
        self.problems.append((path, line, rule, f"{path}:{line}: [{rule}] {what}. Cure: {cure}."))

    def finish(self, checked):
        for *_, message in sorted(self.problems, key=lambda problem: problem[:3]):
            print(message)
        print(f"{checked}: " + (f"{len(self.problems)} problems" if self.problems else "ok"))
        sys.exit(1 if self.problems else 0)
