#!/usr/bin/env python3
"""Writes docs/syscalls.md: every system call, what is recorded of it and how, from the tables that the programs use.

    tools/gen_syscall_docs.py           rewrite it
    tools/gen_syscall_docs.py --check   say whether it is what this script would write (exit 1 if not)
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "docs/syscalls.md"
# How src/sys/call_signatures.cc captures kinds that have no size of their own; the others it lists in kBytes.
UNSIZED = {"Path", "String", "Strings", "Message", "Sockaddr", "FdSet"}
MAX_RULES = 4

HANDLERS = {
    "TRACEPOINT": "by a tracepoint of its own when it succeeds",
    "OPEN": "opened object", "PATH": "paths", "FD": "object of the descriptor", "READ": "bytes read", "WRITE": "bytes written",
    "CLOSE": "object closed", "DUP": "object of the new descriptor", "MMAP": "mapped file", "TRANSFER": "both objects, bytes",
    "PIPE": "both ends", "SOCKETPAIR": "both ends", "SOCKET": "new socket", "CONNECT": "socket and peer", "ACCEPT": "new socket and peer",
    "SENDTO": "bytes sent, peer", "RECVFROM": "bytes received, peer", "MSG": "bytes, peer", "MMSG": "bytes, peers",
    "CREDENTIALS": "user or group", "TARGET": "process that it is done to", "NEW_FD": "new object", "FCNTL": "where it duplicates: object",
    "NAMESPACE": "namespaces", "ROOT": "paths", "SHMAT": "shared memory", "FOLDED": "as the call that it stands for",
}

INTRO = """# System calls

Every system call that Linux has for x86-64 programs, through each of its three tables. **Generated** by `tools/gen_syscall_docs.py` from
`src/sys/call_signatures_table.h` (arguments), `src/sys/syscalls_*_table.h` (numbers) and `src/sensor/syscall_specs*_table.h` (causal recording).

- `catena record --fidelity full` records each call with its registers, its times, what it returned, and the memory that the column
  *memory* names: at the entry, `→` at the exit, `⇄` at both. Of a string up to 4,096 bytes are kept, of an array 512, of a call 5,120; contents of buffers
  (what is read and written) are not. `catena events TRACE --calls` prints calls; the view `syscalls` has them for SQL.
- Without, causal recording keeps what the last column says, for calls that did something. A call without an entry there is counted as filtered.
- A number that no table knows is recorded with its registers, as `syscall_0x1d9`.

"""


def rows(path, pattern):
    return re.findall(pattern, (ROOT / path).read_text(), re.S | re.M)


def numbers(abi):
    return {name: int(number) for number, name in rows(f"src/sys/syscalls_{abi}_table.h", r'\{(\d+), "(\w+)"\}')}


def signatures():
    """The two tables of signatures: name → [(argument, kind, when)]."""
    text = (ROOT / "src/sys/call_signatures_table.h").read_text()
    tables = []
    for body in re.findall(r"inline constexpr Signature k\w+\[\] = \{\n(.*?)\n\};", text, re.S):
        table = {}
        for name, rest in re.findall(r'^    \{"(\w+)", Returns::\w+(.*?)\},$(?=\n    (?:\{"|//)|\Z)', body, re.S | re.M):
            arguments = re.findall(r'\{"(\w+)", Kind::(\w+)([^{}]*)(?:\{\d\})?', rest)
            table[name] = [(argument, kind, (re.search(r"When::(\w+)", more) or [None, "In"])[1]) for argument, kind, more in arguments]
        tables.append(table)
    return tables


def captured(arguments, sized):
    found, rules = [], 0
    for name, kind, when in arguments:
        if kind not in sized and kind not in UNSIZED:
            continue
        rules += 2 if when == "InOut" else 1
        if rules > MAX_RULES:
            break
        found.append({"In": "", "Out": "→ ", "InOut": "⇄ "}[when] + name)
    return ", ".join(found)


def spec(body):
    op = re.search(r"CAT_OP_(\w+)", body)
    return (f"`{op[1].lower()}`: " if op else "") + HANDLERS[re.search(r"CAT_H_(\w+)", body)[1]]


def causal():
    return {re.search(r"__NR_(\w+)", body)[1]: spec(body)
            for body in rows("src/sensor/syscall_specs_table.h", r"\{(\.number = [^}]*)\}")}


def causal_i386(of_i386):
    """As the sensor does: the row of the call of x86-64 with this name, or with another one, or one of its own."""
    table = "src/sensor/syscall_specs_i386_table.h"
    specs = causal()
    specs |= {name: specs[like] for name, like in rows(table, r'\{"(\w+)", "(\w+)"\}')}
    names = {number: name for name, number in of_i386.items()}
    return specs | {names[int(number)]: spec(body) for number, body in rows(table, r"\{\.number = (\d+), ([^}]*)\}")}


def table(calls, columns, sized, specs):
    lines = ["| call | " + " | ".join(columns) + " | memory | causal recording |", "|---|" + "---|" * len(columns) + "---|---|"]
    for name, arguments in calls.items():
        signature = f"`{name}({', '.join(a for a, _, _ in arguments)})`"
        cells = [str(columns[c].get(name, "")) for c in columns]
        lines.append(f"| {signature} | {' | '.join(cells)} | {captured(arguments, sized)} | {specs.get(name, '')} |")
    return "\n".join(lines) + "\n"


def document():
    common, i386 = signatures()
    sized = set(rows("src/sys/call_signatures.cc", r"\{Kind::(\w+), \d+, \d+"))
    x86_64, x32, of_i386 = numbers("x86_64"), numbers("x32"), numbers("i386")
    unknown = (set(x86_64) - set(common)) | (set(of_i386) - set(common) - set(i386))
    if unknown:
        sys.exit(f"without a signature: {sorted(unknown)}")
    text = INTRO + f"## The tables of x86-64 and x32\n{len(x86_64)} calls of x86-64, {len(x32)} of x32 (numbers without bit 30). Those that\n"
    text += "i386 has with the same arguments have its number here, too.\n\n"
    own = {name: number for name, number in of_i386.items() if name not in i386}
    text += table(common, {"x86-64": x86_64, "x32": x32, "i386": own}, sized, causal())
    text += f"\n## Only in the 32-bit table, or with other arguments there\ni386 has {len(of_i386)} calls: `int 0x80`, and programs of 32 bits.\n\n"
    text += table(i386, {"i386": of_i386}, sized, causal_i386(of_i386))
    return text


def main():
    text = document()
    if sys.argv[1:] != ["--check"]:
        OUT.write_text(text)
    elif not OUT.exists() or OUT.read_text() != text:
        sys.exit("docs/syscalls.md is stale: run tools/gen_syscall_docs.py")


if __name__ == "__main__":
    main()
