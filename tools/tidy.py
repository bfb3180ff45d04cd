#!/usr/bin/env python3
"""Runs clang-tidy on every source of the compilation database but the tests, and remembers which were clean.

What decides the verdict is the preprocessed text of a source (all its headers are in it), its flags, .clang-tidy and
clang-tidy itself. Their hash is kept when the source was clean: as an empty file in the cache folder, and, with --record, in
tidy_clean.txt beside this file, which is committed so that a clean clone starts from there. A source is looked at again only
when that changes.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIDY = "clang-tidy-19"
RECORD = ROOT / "tools/tidy_clean.txt"
# What bpftool puts into the skeleton: no matter to clang-tidy, and not the same bytes in two clones.
LONG_TEXT = re.compile(rb'"[^"\n]{4096,}"')
CLANG = {".cc": "clang++-19", ".c": "clang-19"}


def is_ours(source):
    """Tests are left out: what GoogleTest's macros expand to takes most of the time and is not ours to mend."""
    return source.endswith(".cc") and not source.endswith("_test.cc")


def arguments_of(entry):
    """The compiler's arguments without launcher, compiler, input and output."""
    words = shlex.split(entry["command"])
    while words and not words[0].startswith("-"):
        words.pop(0)
    kept, skip = [], False
    for word in words:
        if skip or word in ("-o", "-c", entry["file"]):
            skip = word == "-o"
        else:
            kept.append(word)
    return kept


def key_of(entry, cache, common):
    command = [CLANG[pathlib.Path(entry["file"]).suffix], *arguments_of(entry), "-E", "-CC", entry["file"]]
    text = subprocess.run(command, cwd=entry["directory"], capture_output=True, check=False).stdout
    flags = " ".join(arguments_of(entry))
    # Without the folders' absolute paths, clones of the repository share their verdicts.
    relative = [part.replace(str(ROOT).encode(), b"").replace(str(cache.parent).encode(), b"") for part in (text, flags.encode())]
    return hashlib.sha256(b"\0".join([common, LONG_TEXT.sub(b'""', relative[0]), relative[1]])).hexdigest()[:32]


def inspect(entry, build, cache, recorded, common):
    """(The hash of one source, what clang-tidy has to say about it: empty where it is clean, whether that was known)."""
    key = key_of(entry, cache, common)
    mark = cache / key
    if mark.exists() or key in recorded:
        mark.touch()
        return key, "", True
    command = [TIDY, "-p", str(build), "--quiet", "--extra-arg=-Wno-unknown-warning-option", entry["file"]]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode == 0:
        mark.touch()
        return key, "", False
    return key, run.stdout or run.stderr, False


def forget_old(cache, keep=4000):
    marks = sorted(cache.iterdir(), key=lambda mark: mark.stat().st_mtime, reverse=True)
    for mark in marks[keep:]:
        mark.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="folder of compile_commands.json")
    parser.add_argument("--cache", type=pathlib.Path, required=True, help="folder that remembers clean sources")
    parser.add_argument("--record", action="store_true", help=f"write {RECORD.relative_to(ROOT)} where all are clean")
    parser.add_argument("sources", nargs="*", help="only these (default: all)")
    options = parser.parse_args()

    build = options.build.resolve()
    options.cache.mkdir(parents=True, exist_ok=True)
    entries = [e for e in json.loads((build / "compile_commands.json").read_text()) if is_ours(e["file"])]
    wanted = {str(pathlib.Path(source).resolve()) for source in options.sources}
    entries = [e for e in entries if not wanted or e["file"] in wanted]
    if not entries:
        sys.exit("tidy: no sources in the compilation database")
    version = subprocess.run([TIDY, "--version"], capture_output=True, check=True).stdout
    common = hashlib.sha256((ROOT / ".clang-tidy").read_bytes() + version).digest()

    recorded = {line.split()[0] for line in RECORD.read_text().splitlines()} if RECORD.exists() else set()
    failed = remembered = 0
    lines = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        verdicts = pool.map(lambda entry: inspect(entry, build, options.cache, recorded, common), entries)
        for entry, (key, text, known) in zip(entries, verdicts):
            lines.append(f"{key} {pathlib.Path(entry['file']).relative_to(ROOT)}\n")
            remembered += known
            if text:
                failed += 1
                print(text, file=sys.stderr)
    forget_old(options.cache)
    print(f"tidy: {len(entries)} sources, {remembered} known to be clean, {failed} with findings")
    if options.record and not failed and not options.sources:
        RECORD.write_text("".join(sorted(lines, key=lambda line: line.split()[1])))
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
