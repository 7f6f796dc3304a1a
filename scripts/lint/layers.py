#!/usr/bin/env python3
"""Holds the table of layers.txt: who may include whom. Usage: layers.py [ROOT]"""

import os
import re
import sys

import tree

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]')
# Where an include is looked up, as the build does it.
PUBLIC_ROOTS = ("include", "store/include")
PRIVATE_ROOTS = ("src", "store", "tests")
FREE_OF_THIRD_PARTY_RULES = ("tests/", "bench/", "examples/", "fuzz/")


class Layers:
    def __init__(self, path):
        self.areas, self.groups, self.may, self.third, self.uses = [], {}, {}, {}, {}
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                words = line.split("#")[0].split()
                if not words:
                    continue
                kind, name, rest = words[0], words[1], words[2:]
                if kind == "area":
                    self.areas += [(prefix, name) for prefix in rest]
                elif kind == "may":
                    self.may[name] = self.expand(rest, f"{path}:{number}") | {name}
                elif kind == "group":
                    self.groups[name] = self.expand(rest, f"{path}:{number}")
                elif kind in ("third", "uses"):
                    getattr(self, kind)[name] = tuple(rest)
                else:
                    sys.exit(f"{path}:{number}: unknown word '{kind}'")
        self.areas.sort(key=lambda area: -len(area[0]))

    def expand(self, names, where):
        known = {name for _, name in self.areas}
        result = set()
        for name in names:
            if name not in self.groups and name not in known:
                sys.exit(f"{where}: '{name}' is neither an area nor a group")
            result |= self.groups.get(name, {name})
        return result

    def area_of(self, path):
        return next((name for prefix, name in self.areas if path.startswith(prefix)), None)

    def third_party_of(self, text):
        return next((name for name, texts in self.third.items() if text.startswith(texts)), None)


def resolve(root, path, text):
    """The file of the tree that an include means, or None."""
    folders = [*PUBLIC_ROOTS, *PRIVATE_ROOTS, os.path.dirname(path)]
    for folder in folders:
        candidate = os.path.normpath(os.path.join(folder, text))
        if os.path.isfile(os.path.join(root, candidate)):
            return candidate
    return None


def cure_for(area, target):
    if target.endswith(".detail"):
        return "use a public header; if none offers it, that is what is missing from the public API"
    if target.endswith(".private") or target == "store.engine":
        return "use public headers; what they do not offer belongs into one of them"
    if target.startswith("store") or target.startswith("simulation"):
        return "turn the dependency round: nothing in a lower layer knows of this one"
    if {area.split(".")[0], target} == {"supervision", "journal"}:
        return "supervision and journal do not know each other; the store joins them"
    return "turn the dependency round: the lower layer offers an interface, the higher one implements it"


def check_file(layers, root, path, report):
    area = layers.area_of(path)
    for number, line in enumerate(tree.read(root, path).splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, text = match.groups()
        if text.startswith(".") or "/../" in text:
            report.add(path, number, "include-path", f"'{text}' is a relative path", "write it from its include folder")
            continue
        third = layers.third_party_of(text) if quote == "<" else None
        if third and not path.startswith(FREE_OF_THIRD_PARTY_RULES) and not path.startswith(layers.uses[third]):
            report.add(path, number, "third-party", f"{third} may not be included here",
                       f"keep it behind {', '.join(layers.uses[third])} (scripts/lint/layers.txt)")
        target_path = resolve(root, path, text) if quote == '"' or text.startswith("understudy/") else None
        if target_path is None:
            if quote == '"':
                report.add(path, number, "include-path", f"'{text}' names no file of the tree",
                           "our headers in quotes, from their include folder; all others in <>")
            continue
        target = layers.area_of(target_path)
        if area is None or target is None:
            report.add(path, number, "layer", f"{path if area is None else target_path} belongs to no area",
                       "add its folder to scripts/lint/layers.txt")
        elif target not in layers.may.get(area, {area}):
            report.add(path, number, "layer", f"'{text}' is of '{target}', which '{area}' may not include",
                       cure_for(area, target))


def main():
    root = tree.root_of(sys.argv)
    layers = Layers(os.path.join(os.path.dirname(os.path.abspath(__file__)), "layers.txt"))
    report = tree.Report()
    paths = [path for path in tree.files_of(root) if path.endswith(tree.CPP) and not path.startswith("bench/peers/")]
    for path in paths:
        check_file(layers, root, path, report)
    report.finish(f"layers: {len(paths)} files")


if __name__ == "__main__":
    main()
