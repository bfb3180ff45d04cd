"""What the readers of renderings share: which files belong together, and what a chain's JSON says."""

import json
import pathlib
import sys


def pairs(folders, ending):
    """(path, its text, the chain's JSON) of each rendering with that ending; there has to be one."""
    found = 0
    for folder in folders:
        for path in sorted(pathlib.Path(folder).rglob("*" + ending)):
            chain = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            found += 1
            yield path, path.read_text(encoding="utf-8"), chain
    if not found:
        sys.exit(f"no *{ending} in {' '.join(folders)}")


def skip(reason):
    print("skipped:", reason)
    sys.exit(77)


def differ(path, what, expected, actual):
    """Says so and ends where the two are not the same."""
    if expected != actual:
        sys.exit(f"{path}: {what}\n  expected {expected!r}\n  actual   {actual!r}")


def ends(chain):
    """(source, target, operation) of each flow, in order."""
    return [(edge["source"], edge["target"], edge["op"]) for edge in chain["edges"]]
