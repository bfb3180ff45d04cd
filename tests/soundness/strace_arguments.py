#!/usr/bin/env python3
"""Values of arguments in the output of `strace -X raw`, and whether an analysis has them.

As a program: `strace_arguments.py seen` turns lines of strace into lines "call place value"; `strace_arguments.py lacking SEEN ANALYSIS`,
with the output of `catena analyze --what syscalls --format json`, prints how many of these values could be held against a set that
claims to be whole, and then a line for each that it lacks.
"""
import json
import re
import sys
from collections import defaultdict

# The calls of src/sys/argument_rules.cc, with the places of the arguments that have rules.
RULES = {"mmap": [2], "mprotect": [2], "ioctl": [1], "madvise": [2], "socket": [0, 1], "socketpair": [0], "clone": [0], "fcntl": [1],
         "ptrace": [0], "personality": [0], "prctl": [0], "arch_prctl": [0], "keyctl": [0], "unshare": [0], "setns": [1], "seccomp": [0],
         "bpf": [0], "pkey_mprotect": [2], "io_uring_register": [1]}
CALL = re.compile(r"^(?:\d+ +)?(" + "|".join(RULES) + r")\((.*)$")


def number(text):
    """0x3|0x80000 is 0x80003; nothing where it is no number."""
    value = 0
    for part in text.split("|"):
        try:
            value |= int(part, 0)
        except ValueError:
            return None
    return value & 0xFFFFFFFFFFFFFFFF


def arguments_of(line):
    """[(call, place, value)] of a line: the values that strace shows as numbers."""
    match = CALL.match(line)
    if not match:
        return []
    name, rest = match.groups()
    words = [word.strip() for word in re.split(r", |\)| <unfinished", rest)]
    if name == "clone":  # strace names its arguments, in an order of its own
        words = [word.removeprefix("flags=") for word in words if word.startswith("flags=")]
    found = [(name, place, number(words[place])) for place in RULES[name] if place < len(words)]
    return [each for each in found if each[2] is not None]


def lacking(seen, analysis):
    """What was seen, {(call, place): {value}}, and is not among the values of an analysis that claims to have all."""
    lacks = []
    for call in analysis["calls"]:
        if call["abi"] == "i386":
            continue
        for argument in call.get("arguments", []):
            if argument["index"] not in RULES.get(call["name"], []):
                lacks.append(f"{call['name']}: argument {argument['index']} is not looked at by strace_arguments.py")
            for value in sorted(seen.get((call["name"], argument["index"]), ())):
                if "values" in argument and value & argument["mask"] not in argument["values"]:
                    lacks.append(f"{call['name']}: argument {argument['index']} was {value:#x}, which is not in {argument['values']}")
    return lacks


def compared(seen, analysis):
    """How many values were seen of arguments of which the analysis claims to have all."""
    return sum(len(seen.get((call["name"], argument["index"]), ())) for call in analysis["calls"]
               for argument in call.get("arguments", []) if "values" in argument)


def seen_in(lines):
    """{(call, place): {value}} of all lines."""
    seen = defaultdict(set)
    for line in lines:
        for name, place, value in arguments_of(line):
            seen[name, place].add(value)
    return seen


def main():
    if sys.argv[1] == "seen":
        for (name, place), values in sorted(seen_in(sys.stdin).items()):
            for value in sorted(values):
                print(name, place, value)
        return
    seen = defaultdict(set)
    with open(sys.argv[2]) as lines:
        for line in lines:
            name, place, value = line.split()
            seen[name, int(place)].add(int(value))
    with open(sys.argv[3]) as file:
        analysis = json.load(file)
    print(compared(seen, analysis))
    print("\n".join(lacking(seen, analysis)), end="")


if __name__ == "__main__":
    main()
