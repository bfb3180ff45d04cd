#!/usr/bin/env python3
"""Runs the kernel tests on each kernel of the matrix, one virtual machine after the other, and writes docs/kernels.md.

    tests/vm/matrix.py CACHE OUTPUT [KERNEL...] [-- CTEST-ARG...]

A kernel that Debian's mirror does not give is a row that says so. Exits 1 where a test failed or a kernel did not run.
"""

import datetime
import pathlib
import re
import subprocess
import sys

KERNELS = ["6.1", "6.12", "6.18", "7"]
SUITES = {"6.1": "bookworm", "6.12": "trixie, bookworm-backports", "6.18": "trixie-backports", "7": "trixie-backports, sid"}
LAYERS = ["BTF tracepoints", "io_uring tracepoints", "ring buffer", "task storage", "fentry", "fexit", "BPF LSM", "path hooks",
          "uprobe.multi", "uprobes singly", "quick probe sites", "seccomp notification"]

FINDING = re.compile(r"^  (yes|no|NO) +(\S.*?)  +(.*)$")
RESULT = re.compile(r"^ *\d+/\d+ Test +#\d+: (\S+).*?(Passed|\*\*\*Failed|\*\*\*Skipped|\*\*\*Not Run|\*\*\*Timeout|\*\*\*Exception)")
# The last match counts: ctest may tell in several ways.
VERSION = re.compile(r"^catena-vm: (\d\S*)$")


class Run:
    def __init__(self, kernel):
        self.kernel = kernel
        self.version = None
        self.layers = {}
        self.results = {"passed": [], "failed": [], "skipped": []}
        self.code = None
        self.last_line = ""

    def take(self, line):
        if match := VERSION.match(line):
            self.version = match[1]
        elif (match := FINDING.match(line)) and match[2] in LAYERS:
            error = re.search(r"\(here: (.*)\)$", match[3])
            self.layers[match[2]] = "yes" if match[1] == "yes" else f"no: {error[1]}" if error else "no"
        elif match := RESULT.match(line):
            kind = {"Passed": "passed", "***Skipped": "skipped"}.get(match[2], "failed")
            self.results[kind].append(match[1])
        if line.strip():
            self.last_line = line.strip()

    @property
    def ended(self):
        return self.version is not None and any(self.results.values())


def run(runner, cache, kernel, arguments):
    result = Run(kernel)
    with subprocess.Popen([runner, cache, kernel, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace") as process:
        for line in process.stdout:
            print(f"[{kernel}] {line}", end="", flush=True)
            result.take(line.rstrip("\n"))
        result.code = process.wait()
    return result


def page(runs, arguments):
    today = datetime.date.today().isoformat()
    what = " ".join(arguments) if arguments else "all kernel tests"
    lines = [
        "# Kernels", "",
        f"Written by `./do vm all` on {today}: {what}, in emulated virtual machines, on the newest kernel of each line that "
        "Debian's packages have.", "",
        "| Linux | from | passed | failed | skipped |", "|---|---|---|---|---|",
    ]
    for each in runs:
        source = SUITES.get(each.kernel, "")
        if not each.ended:
            lines.append(f"| {each.kernel} | {source} | did not run: {each.last_line} | | |")
            continue
        counts = [str(len(each.results[kind])) for kind in ("passed", "failed", "skipped")]
        lines.append(f"| {each.version} | {source} | {' | '.join(counts)} |")
    ended = [each for each in runs if each.ended]
    for kind in ("failed", "skipped"):
        for each in ended:
            if each.results[kind]:
                lines += ["", f"{kind.capitalize()} on {each.version}: " + ", ".join(f"`{name}`" for name in each.results[kind]) + "."]
    if ended:
        lines += ["", "What loads there, as `catena doctor` says:", "",
                  "| layer | " + " | ".join(each.version for each in ended) + " |", "|---" * (len(ended) + 1) + "|"]
        for layer in LAYERS:
            lines.append(f"| {layer} | " + " | ".join(each.layers.get(layer, "not told") for each in ended) + " |")
    return "\n".join(lines) + "\n"


def main():
    arguments = sys.argv[1:]
    ctest = []
    if "--" in arguments:
        at = arguments.index("--")
        arguments, ctest = arguments[:at], arguments[at + 1:]
    if len(arguments) < 2:
        sys.exit(__doc__)
    cache, output, *kernels = arguments
    runner = str(pathlib.Path(__file__).with_name("run.sh"))
    runs = [run(runner, cache, kernel, ctest) for kernel in kernels or KERNELS]
    pathlib.Path(output).write_text(page(runs, ctest))
    print(page(runs, ctest))
    sys.exit(0 if all(each.ended and each.code == 0 for each in runs) else 1)


if __name__ == "__main__":
    main()
