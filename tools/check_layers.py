#!/usr/bin/env python3
"""Holds every #include "folder/…" of src/, wire/ and bpf/ to the layers.

It also holds src/callgraph to asking the file system through Root alone, since answers are kept for as long as what Root noted is as it
was (docs/decisions/0039): a file that is read in another way would not be missed when it changes.

What a folder of src/ may include are the folders that its CMakeLists.txt links (LINKS catena_…), and theirs in turn; that list has
to be the row of the folder in docs/layers.md, so that the picture people read is the one that the compiler enforces.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s+"(?:\./)?([^"/]+)/[^"]*"')
# What reaches for files, and who in src/callgraph may: Root, what asks again for it, and the caches themselves.
READS_FILES = re.compile(r"#\s*include\s+<(fcntl\.h|sys/stat\.h|unistd\.h|dirent\.h|glob\.h|ftw\.h|c?stdio(\.h)?|fstream|filesystem)>|Image::open\(")
MAY_READ_FILES = {"root.cc", "file_answers.cc", "stored_bytes.cc", "known_calls.cc", "code_cache.cc"}
FIXED = {"wire": set(), "bpf": {"wire", "lib"}}  # folders outside src/: C, built without catena_library


def linked_folders(cmake):
    """Folders that a CMakeLists.txt's catena_library names in LINKS."""
    text = re.sub(r"#.*", "", cmake.read_text())
    call = re.search(r"catena_library\((.*?)\)", text, re.S)
    links, inside = set(), False
    for word in call.group(1).split() if call else []:
        if word in ("SOURCES", "LINKS", "TESTS"):
            inside = word == "LINKS"
        elif inside and word.startswith("catena_"):
            links.add(word.removeprefix("catena_"))
    return links


def documented_folders():
    """The table of docs/layers.md: folder → folders it may include. Rows look like | `src/event/` | … | wire, sys |."""
    rows = {}
    for line in (ROOT / "docs/layers.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        name = re.fullmatch(r"`(?:src/)?([a-z]+)/`", cells[0])
        if name and len(cells) >= 3:
            rows[name.group(1)] = set(re.findall(r"[a-z]+", cells[2]))
    return rows


def closure(folder, links):
    reached, todo = {folder}, [folder]
    while todo:
        for other in links.get(todo.pop(), ()):
            if other not in reached:
                reached.add(other)
                todo.append(other)
    return reached


def main():
    problems = []
    links = {cmake.parent.name: linked_folders(cmake) for cmake in sorted((ROOT / "src").glob("*/CMakeLists.txt"))}
    documented = documented_folders()
    for folder, linked in links.items():
        if folder not in documented:
            problems.append(f"docs/layers.md has no row for src/{folder}/")
        elif linked != documented[folder]:
            problems.append(f"src/{folder}/CMakeLists.txt links {sorted(linked)}, docs/layers.md says {sorted(documented[folder])}")

    includes = 0
    for folder in [*links, *FIXED]:
        base = ROOT / folder if folder in FIXED else ROOT / "src" / folder
        allowed = closure(folder, {**links, **FIXED})
        for path in sorted(p for p in base.rglob("*") if p.suffix in (".h", ".cc", ".c")):
            asks_root = folder == "callgraph" and path.name not in MAY_READ_FILES and "_test." not in path.name and "_for_test." not in path.name
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if asks_root and READS_FILES.search(line):
                    problems.append(f"{path.relative_to(ROOT)}:{number}: src/callgraph reads and looks up files through Root only")
                match = INCLUDE.match(line)
                if not match:
                    continue
                includes += 1
                if match.group(1) not in allowed:
                    problems.append(f"{path.relative_to(ROOT)}:{number}: {folder} may not include {match.group(1)}/")

    for problem in problems:
        print(problem, file=sys.stderr)
    if includes == 0:
        sys.exit("no #include found: is this the repository?")
    print(f"layers: {includes} includes of {len(links) + len(FIXED)} folders, {len(problems)} wrong")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
