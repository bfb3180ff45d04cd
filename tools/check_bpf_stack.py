#!/usr/bin/env python3
"""check_bpf_stack.py OBJECT: says which chains of calls in BPF programs take more of the stack than a kernel allows.

As check_max_stack_depth() of kernel/bpf/verifier.c counts it: what each function uses, rounded up to 32 bytes, adds up to at most 512
along a chain of calls. Newer kernels round less (16 bytes); so what holds here holds there. Functions that are handed to helpers
as callbacks (bpf_loop) count as called by whoever names them.
"""

import re
import subprocess
import sys

LIMIT, ROUND = 512, 32
DISASSEMBLER = "llvm-objdump-19"
TEXT = ".text"  # where functions are that are no programs; static ones are called by their place in it


class Functions:
    def __init__(self, disassembly):
        self.used, self.calls, self.programs = {}, {}, []
        self._places, self._calls_to_places = {}, []  # in TEXT, counted in instructions
        self._read(disassembly.splitlines())
        for caller, place in self._calls_to_places:
            if place in self._places:
                self.calls[caller].add(self._places[place])

    def _read(self, lines):
        section = name = None
        copied, immediate = set(), 0  # registers that hold the frame's end; the number in the last instruction
        for line in lines:
            if match := re.match(r"Disassembly of section (.*):", line):
                section = match[1]
            elif (match := re.match(r"([0-9a-f]+) <(.+)>:$", line)) and not match[2].startswith("LBB"):
                name, copied = match[2], set()
                self.used[name], self.calls[name] = 0, set()
                if section == TEXT:
                    self._places[int(match[1], 16) // 8] = name
                else:
                    self.programs.append(name)
            elif match := re.search(r"R_BPF_64_(32|64)\s+(\S+)", line):
                self._relocated(name, match[1] == "32", match[2], immediate)
            elif name:
                immediate = self._instruction(name, line, copied, section == TEXT)

    def _relocated(self, name, is_call, symbol, immediate):
        if symbol == TEXT:
            self._calls_to_places.append((name, immediate + 1 if is_call else immediate // 8))
        else:
            self.calls[name].add(symbol)

    def _instruction(self, name, line, copied, in_text):
        depths = [int(depth, 16) for depth in re.findall(r"r10 - (0x[0-9a-f]+)", line)]
        if match := re.search(r"\b(r\d) = r10$", line):
            copied.add(match[1])
        elif (match := re.search(r"\b(r\d) \+= -(0x[0-9a-f]+)", line)) and match[1] in copied:
            copied.discard(match[1])
            depths.append(int(match[2], 16))
        self.used[name] = max([self.used[name], *depths])
        match = re.search(r"^\s*(\d+):.*\b(call|r\d =) (-?0x[0-9a-f]+)", line)
        if not match:
            return 0
        # Calls of static functions in the same section are relative, and not relocated.
        if in_text and " 85 10 " in line.replace("\t", " "):
            self._calls_to_places.append((name, int(match[1]) + int(match[3], 16) + 1))
        return int(match[3], 16)

    def deepest(self, name, above=()):
        """(bytes, names) of the chain from here that takes most."""
        below = [self.deepest(called, (*above, name)) for called in self.calls[name] if called in self.used and called not in above]
        most, names = max(below, default=(0, []))
        return most + max(1, -(-self.used[name] // ROUND)) * ROUND, [f"{name} {self.used[name]}", *names]


def main():
    disassembly = subprocess.run([DISASSEMBLER, "-dr", sys.argv[1]], capture_output=True, text=True, check=True).stdout
    functions = Functions(disassembly)
    chains = [functions.deepest(program) for program in functions.programs]
    wrong = [chain for chain in chains if chain[0] > LIMIT]
    for depth, names in wrong:
        print(f"{depth} bytes of stack, at most {LIMIT}: {' → '.join(names)}")
    print(f"stack: {len(chains)} BPF programs, {max(chains)[0]} bytes at most, {len(wrong)} too deep")
    return 1 if wrong or not chains else 0


if __name__ == "__main__":
    sys.exit(main())
