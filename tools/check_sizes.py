#!/usr/bin/env python3
"""Reads file names from standard input and says which files or functions are longer than STYLE.md allows.

Headers 300 lines, sources 600, BPF programs 300, functions 60; tables and generated code (…_table.…) are exempt. A
function is a brace that opens after a parameter list where only namespaces and types are open; what is nested in it counts to it.
"""

import re
import sys

LIMITS = [(".bpf.c", 300), (".bpf.h", 300), (".h", 300), (".cc", 600), (".c", 600)]
FUNCTION_LIMIT = 60
# Comments, strings and characters, in which braces mean nothing.
OPAQUE = re.compile(
    r"//[^\n]*|/\*.*?\*/|R\"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)\"|\"(?:\\.|[^\"\\\n])*\"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'", re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.M)
SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b")


def blank(match):
    return re.sub(r"[^\n]", " ", match.group())


def functions(text):
    """(first line, lines) of each function."""
    text = DIRECTIVE.sub(blank, OPAQUE.sub(blank, text))
    stack, head_start = [], 0  # of open braces: is it a scope that functions can be in?
    for position, character in enumerate(text):
        if character == "{":
            head = text[head_start:position].strip()
            outside = all(kind == "scope" for kind, _ in stack)
            if outside and "(" in head and not head.endswith(("=", ",", "return", "(")) and not re.match(r"(enum|union)\b", head):
                start = head_start + len(text[head_start:position]) - len(text[head_start:position].lstrip())
                stack.append(("function", start))
            elif outside and SCOPE.search(head):
                stack.append(("scope", position))
            else:
                stack.append(("other", position))
            head_start = position + 1
        elif character == "}":
            kind, start = stack.pop() if stack else ("other", 0)
            if kind == "function":
                first = text.count("\n", 0, start) + 1
                yield first, text.count("\n", 0, position) + 2 - first
            head_start = position + 1
        elif character == ";":
            head_start = position + 1


def main():
    problems, measured, seen_functions = [], 0, 0
    for path in sys.stdin.read().split("\n"):
        limit = next((limit for suffix, limit in LIMITS if path.endswith(suffix)), None)
        if limit is None or "_table." in path:
            continue
        with open(path, encoding="utf-8") as file:
            text = file.read()
        measured += 1
        lines = text.count("\n")
        if lines > limit:
            problems.append(f"{path}: {lines} lines, at most {limit}")
        for first, length in functions(text):
            seen_functions += 1
            if length > FUNCTION_LIMIT:
                problems.append(f"{path}:{first}: a function of {length} lines, at most {FUNCTION_LIMIT}")
    for problem in problems:
        print(problem, file=sys.stderr)
    if measured == 0:
        sys.exit("no source files on standard input")
    print(f"sizes: {measured} files, {seen_functions} functions, {len(problems)} too long")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
