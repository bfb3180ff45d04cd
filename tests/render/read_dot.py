#!/usr/bin/env python3
"""Lets Graphviz lay out each *.dot of some folders, and compares what it would draw with the chain's JSON."""

import json
import shutil
import subprocess
import sys

from pairs import differ, ends, pairs, skip

STYLES = {"process": ("box", "lightsteelblue1"), "socket": ("diamond", "palegreen1"), "user": ("octagon", "rosybrown1")}


def drawn_text(node):
    """The label as it is drawn: escapes and entities are undone by then."""
    return "".join(each["text"] for each in node.get("_ldraw_", []) if each["op"] == "T")


def main(folders):
    if not shutil.which("dot"):
        skip("graphviz is not installed")
    count = 0
    for path, text, chain in pairs(folders, ".dot"):
        run = subprocess.run(["dot", "-Tjson"], input=text, capture_output=True, text=True, encoding="utf-8", check=False)
        errors = [line for line in run.stderr.splitlines() if "Error" in line or "syntax" in line]
        differ(path, "dot complains", (0, []), (run.returncode, errors))
        graph = json.loads(run.stdout, strict=False)
        nodes = {node["_gvid"]: node for node in graph.get("objects", [])}
        differ(path, "nodes", sorted(node["id"] for node in chain["nodes"]), sorted(node["name"] for node in nodes.values()))
        by_id = {node["name"]: node for node in nodes.values()}
        for node in chain["nodes"]:
            drawn = by_id[node["id"]]
            differ(path, "label", node["label"], drawn_text(drawn))
            differ(path, "style", STYLES.get(node["type"], ("ellipse", "khaki1")), (drawn["shape"], drawn["fillcolor"]))
        flows = [(nodes[edge["tail"]]["name"], nodes[edge["head"]]["name"], drawn_text(edge).split(" ")[0] or "peer")
                 for edge in graph.get("edges", [])]
        differ(path, "flows", sorted(ends(chain)), sorted(flows))
        count += 1
    print(f"dot: {count} graphs")


if __name__ == "__main__":
    main(sys.argv[1:])
