#!/usr/bin/env python3
"""Holds profiles of real daemons against what these daemons do: `check.py CATENA [NAME...]`.

For each exercise of this folder:
1. It runs behind strace, which knows nothing of Catena. Each call is given to the program that made it: what the daemon executes counts by itself.
2. Each such program is analysed. A call that strace saw and the analysis lacks is `missing`, and a fault; so is a value of an argument that is not among those
   that the analysis has, where it claims to have all. Sites of unknown number do not help here.
3. It runs behind `catena record --fidelity full`.
4. Profiles are derived of the daemon and the programs that it executed: from code alone, and joined with the recording. Calls that are there only because a
   site is unresolved are taken out, so that the filter is as narrow as what was shown.
5. It runs under each. Any refused call, and any wrong answer, is a fault.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "soundness"))
import strace_arguments

RUN = HERE / "run"

LINE = re.compile(r"^(\d+) +(?:(\w+)\(|<\.\.\. (\w+) resumed>)(.*)$")
RESULT = re.compile(r"= (\d+)(?: \(.*\))?$")
EXECUTED = re.compile(r'^(?:[^"]*, )?"((?:[^"\\]|\\.)*)"')
BIRTHS = {"clone", "clone3", "fork", "vfork"}
EXECS = {"execve", "execveat"}


class Seen(set):
    """Names of calls, and values of their arguments."""

    def __init__(self):
        super().__init__()
        self.arguments = defaultdict(set)  # (call, place): {value}

    def add(self, name, line):
        super().add(name)
        for call, place, value in strace_arguments.arguments_of(line):
            self.arguments[call, place].add(value)

    def update(self, other):
        super().update(other)
        for key, values in other.arguments.items():
            self.arguments[key] |= values


def calls_by_program(lines):
    """{program: {call}} of the output of `strace -f`, in which a process that is not born in it is the daemon's first."""
    programs, calls = {}, defaultdict(Seen)
    early = defaultdict(Seen)  # a child can be seen before its parent's call has returned
    pending = {}  # what execve, not yet returned, is given
    for line in lines:
        match = LINE.match(line)
        if not match:
            continue
        pid, begun, resumed, rest = match.groups()
        name = begun or resumed
        if begun:
            (calls[programs[pid]] if pid in programs else early[pid]).add(name, line)
            if name in EXECS and (path := EXECUTED.match(rest)):
                pending[pid] = path.group(1)
        if "<unfinished ...>" in rest:
            continue
        result = RESULT.search(rest.rstrip())
        if name in BIRTHS and result and result.group(1) != "0" and pid in programs:
            child = result.group(1)
            if child not in programs or child in early:
                programs[child] = programs[pid]
                calls[programs[pid]].update(early.pop(child, Seen()))
        if name in EXECS:
            path = pending.pop(pid, None)
            if path and result and result.group(1) == "0":
                if pid not in programs:
                    early.pop(pid, None)  # the launcher's
                programs[pid] = path
    for pid, names in early.items():
        if pid in programs:
            calls[programs[pid]].update(names)
        else:
            calls["?"].update(names)
    return calls


@dataclass
class Outcome:
    name: str
    programs: dict = field(default_factory=dict)  # path: (seen, static, unresolved)
    missing: list = field(default_factory=list)
    arguments: dict = field(default_factory=dict)  # path: what the analysis says of arguments
    values: int = 0  # of arguments that were seen and held against a whole set
    profiles: dict = field(default_factory=dict)  # kind: calls
    faults: list = field(default_factory=list)

    def row(self):
        daemon = next(iter(self.programs.values()), (set(), set(), 0))
        seen = set().union(*(each[0] for each in self.programs.values())) if self.programs else set()
        return [self.name, str(len(self.programs)), str(len(daemon[0])), str(len(daemon[1])), str(daemon[2]), str(len(seen)),
                str(self.profiles.get("static", "–")), str(self.profiles.get("joined", "–")), str(len(self.missing)),
                "pass" if not self.faults else "FAIL"]


HEADER = ["service", "programs", "seen", "static", "unresolved", "seen of all", "static of all", "joined of all", "missing", "result"]


def table(outcomes):
    rows = [HEADER, ["---"] * len(HEADER)] + [each.row() for each in outcomes]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


class Service:
    def __init__(self, catena, name, folder, log, without=()):
        self.catena, self.name, self.folder, self.log, self.without = str(catena), name, folder, log, without
        self.outcome = Outcome(name)

    def inside(self, *command):
        """Where the packages of the service are."""
        return subprocess.run([RUN, self.name, "--in", *command], capture_output=True, text=True, errors="replace", timeout=300)

    def exercise(self, what, *before, prefix=()):
        """Runs it; returns all that it and the daemon printed."""
        command = [*before, str(RUN), self.name] + (["--wrap", " ".join(prefix)] if prefix else [])
        environment = {**os.environ, "CATENA_SERVICE_OUT": str(self.folder / "out"), "CATENA_SERVICE_SECONDS": "240"}
        (self.folder / "out").unlink(missing_ok=True)
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", env=environment, timeout=400)
        if done.returncode == 77:
            raise Skipped(done.stdout.strip())
        if done.returncode:
            wrong = re.search(rf"^{self.name}: WRONG: .*", done.stderr, re.MULTILINE)
            self.fault(f"{what}: " + (wrong.group(0) if wrong else done.stderr.strip()[-300:]))
        self.log(f"{self.name}: {what}: {(done.stdout.strip().splitlines() or ['failed'])[-1]}")
        out = self.folder / "out"
        return done.stdout + done.stderr + (out.read_text(errors="replace") if out.exists() else "")

    def fault(self, text):
        self.outcome.faults.append(text)
        self.log(f"{self.name}: FAULT: {text}")

    def program(self, path):
        """The file that a path stands for where the packages are; of a script its interpreter. What is gone was a script that the
        exercise wrote, and these are the shell's."""
        script = 'p=$(readlink -e "$(command -v -- "$1")") || p=$(readlink -f /bin/sh); if [ "$(head -c 2 "$p")" = "#!" ]; then p=$(readlink -f "$(head -n 1 "$p" | sed "s/^#! *//; s/ .*//")"); fi; echo "$p"'
        return self.inside("sh", "-c", script, "sh", path).stdout.strip()

    def see(self):
        """{program: {call}}, the daemon's own first."""
        self.exercise("behind strace", prefix=("strace", "-f", "-qq", "-X", "raw", "-s", "300", "-e", "signal=none", "-o", f"{self.folder}/calls.%n"))
        seen = {}
        for file in sorted(self.folder.glob("calls.*"), key=lambda each: int(each.suffix[1:])):
            with file.open(errors="replace") as lines:
                for path, calls in calls_by_program(lines).items():
                    if path == "?":
                        self.fault(f"{file.name}: calls of processes of unknown origin")
                        continue
                    seen.setdefault(self.program(path), Seen()).update(calls)
            file.unlink()
        seen.pop("", None)
        return seen

    def compare(self, seen):
        for number, (path, calls) in enumerate(seen.items()):
            plugins = self.plugins() if number == 0 else []
            done = self.inside(self.catena, "analyze", path, "--what", "syscalls", "--format", "json", *plugins)
            if done.returncode or not done.stdout:
                self.fault(f"{path} cannot be analysed: {done.stderr.strip()[-200:]}")
                continue
            analysis = json.loads(done.stdout)
            static = {call["name"] for call in analysis["calls"]}
            self.outcome.programs[path] = (calls, static, len(analysis["unresolved"]))
            self.outcome.arguments[path] = {f"{call['name']} {each['index']}": each for call in analysis["calls"] if call["abi"] != "i386"
                                            for each in call.get("arguments", [])}
            self.outcome.values += strace_arguments.compared(calls.arguments, analysis)
            for lack in strace_arguments.lacking(calls.arguments, analysis):
                self.fault(f"{path}: {lack}")
            for call in sorted(calls - static):
                self.outcome.missing.append((path, call))
                self.fault(f"{path} makes {call}, which its analysis lacks")

    def plugins(self):
        """--also PLUGIN for what the exercise's configuration names: a line `# opens: GLOB` says where they are."""
        globs = re.findall(r"^# opens: (.*)$", (HERE / f"{self.name}.sh").read_text(), re.MULTILINE)
        files = self.inside("sh", "-c", f"ls {' '.join(globs)}").stdout.split() if globs else []
        return [word for file in files for word in ("--also", file)]

    def derive(self, kind, *options):
        file = self.folder / f"{kind}.json"
        binaries = [word for path in self.outcome.programs for word in ("--binary", path)]
        done = self.inside(self.catena, "seccomp", "derive", *binaries, *self.plugins(), *options, "-o", str(file))
        if done.returncode:
            raise RuntimeError(f"{self.name}: no {kind} profile: {done.stderr.strip()[-300:]}")
        profile = json.loads(file.read_text())
        profile["calls"] = [call for call in profile["calls"] if not only_unresolved(call) and call["name"] not in self.without]
        file.write_text(json.dumps(profile))
        self.outcome.profiles[kind] = len(profile["calls"])
        return file

    def under(self, kind, profile):
        told = self.exercise(f"under its {kind} profile", prefix=(self.catena, "seccomp", "run", "--new-privileges", "--profile", str(profile), "--"))
        for line in told.splitlines():
            if line.startswith("catena: refused") or ("catena: " in line and " refused (" in line):
                self.fault(f"{kind}: {line}")

    def check(self, quick=False):
        self.compare(self.see())
        if not self.outcome.programs:
            return
        self.under("static", self.derive("static", "--static"))
        if quick:
            return
        trace = self.folder / "trace.catena"
        self.exercise("recorded", self.catena, "record", "--fidelity", "full", "-o", str(trace), "--")
        self.under("joined", self.derive("joined", "--trace", str(trace)))


class Skipped(Exception):
    pass


def only_unresolved(call):
    evidence = call.get("evidence", "")
    text = evidence if isinstance(evidence, str) else "; ".join(evidence)
    return call.get("origin") == "static" and all("the number there is not known" in part for part in text.split("; ") if part) and text != ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catena", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--quick", action="store_true", help="leave the recording and the joined profile out")
    parser.add_argument("--without", action="append", default=[], metavar="CALL", help="leave it out of the profiles: this has to fail")
    parser.add_argument("--report", type=Path, help="write all that was found as JSON")
    arguments = parser.parse_intermixed_args()
    known = subprocess.run([RUN, "--list"], capture_output=True, text=True, check=True).stdout.split()
    outcomes = []
    for name in arguments.names or known:
        if name not in known:
            parser.error(f"no exercise is called '{name}'; there are: {' '.join(known)}")
        with tempfile.TemporaryDirectory(prefix=f"catena-check-{name}-") as folder:
            os.chmod(folder, 0o755)
            service = Service(arguments.catena.resolve(), name, Path(folder), lambda text: print(text, file=sys.stderr, flush=True), arguments.without)
            try:
                service.check(arguments.quick)
            except Skipped as skipped:
                print(f"{name}: {skipped}", file=sys.stderr)
                continue
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                service.fault(str(error))
            outcomes.append(service.outcome)
    if not outcomes:
        sys.exit(77)
    print(table(outcomes))
    for outcome in outcomes:
        for fault in outcome.faults:
            print(f"{outcome.name}: {fault}")
    if arguments.report:
        report = {each.name: {"faults": each.faults, "profiles": each.profiles, "arguments": each.arguments, "values": each.values,
                              "programs": {path: {"seen": sorted(seen), "static": sorted(static), "unresolved": unresolved}
                                           for path, (seen, static, unresolved) in each.programs.items()}} for each in outcomes}
        arguments.report.write_text(json.dumps(report, indent=1))
    sys.exit(1 if any(each.faults for each in outcomes) else 0)


if __name__ == "__main__":
    main()
