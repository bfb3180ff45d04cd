"""Who watches a workload: nobody, an empty pair of programs, catena, or a peer. A side wraps a command into what runs it watched."""

import csv
import io
import os
import pathlib
import re
import shutil
import subprocess
import time

from machine import SAMPLE_S, Folder, Trouble, end_group

TRACEFS = pathlib.Path("/sys/kernel/tracing/events/raw_syscalls")


class Side:
    name = title = ""
    watch_every_s = 0  # how often the memory of what is started is looked at

    def __init__(self, folder: Folder):
        self.folder = folder

    def unusable(self):
        """Why this side cannot be measured here, or None."""
        return None

    def before(self):
        pass

    def wrap(self, command):
        return command

    def after(self):
        """What the side itself knows of the last run, which went well."""
        return {}

    def clean(self):
        """Called after each run, however it ended."""


class Alone(Side):
    name, title = "alone", "nothing"


class EmptyPair(Side):
    name, title = "pair", "empty pair"

    def wrap(self, command):
        return [self.folder.program("empty_pair"), self.folder.program("empty_pair.bpf.o"), *command]


class Catena(Side):
    watch_every_s = SAMPLE_S

    def __init__(self, folder, catena, name, options=()):
        super().__init__(folder)
        self.catena, self.name, self.title, self.options = catena, name, f"catena, {name}", list(options)
        self.recording = folder.path / "trace.catena"

    def unusable(self):
        for option in self.options:
            if option.startswith("--") and not self._knows(option):
                return f"`catena record` has no option {option}"
        return None

    def _knows(self, option):
        return option in subprocess.run([self.catena, "record", "--help"], capture_output=True, text=True).stdout

    def before(self):
        self.folder.fresh(self.recording.name)

    def wrap(self, command):
        return [self.catena, "record", *self.options, "-o", self.recording, "--", *command]

    def after(self):
        return recording_counts(self.catena, self.recording)

    def clean(self):
        self.folder.fresh(self.recording.name)


def rows_of(catena, recording, sql):
    done = subprocess.run([catena, "query", "--format", "csv", recording, sql], capture_output=True, text=True)
    if done.returncode != 0:
        raise Trouble(f"catena query failed: {done.stderr}")
    return list(csv.DictReader(io.StringIO(done.stdout)))


def recording_counts(catena, recording):
    """What a recording holds: the totals of `loss` over all CPUs, rows of `events`, bytes on disk. Columns of `loss` beyond those that
    every recording has come along under their own names."""
    last = {row["cpu"]: row for row in rows_of(catena, recording, "select * from loss order by ts_ns")}
    counts = dict.fromkeys(("seen", "stored", "merged", "filtered", "lost"), 0)
    for row in last.values():
        for column, value in row.items():
            if column not in ("ts_ns", "cpu") and re.fullmatch(r"-?\d+", value or ""):
                counts[column] = counts.get(column, 0) + int(value)
    counts["rows"] = int(rows_of(catena, recording, "select count(*) as n from events")[0]["n"])
    counts["disk_bytes"] = sum(path.stat().st_size for path in recording.parent.glob(f"{recording.name}*") if path.is_file())
    return counts


class Peer(Side):
    tools = ()
    needs_tracefs = False
    heavy = True  # takes so long a call that it gets less to do

    def unusable(self):
        missing = [tool for tool in self.tools if not shutil.which(tool)]
        if missing:
            return f"not installed: {', '.join(missing)}"
        if self.needs_tracefs and not TRACEFS.is_dir():
            return "tracefs is not mounted (mount -t tracefs none /sys/kernel/tracing)"
        return None

    def before(self):
        self.output = self.folder.fresh("peer.out")

    def clean(self):
        self.folder.fresh("peer.out")


class Strace(Peer):
    name, title, tools = "strace", "strace -f -o", ("strace",)

    def wrap(self, command):
        return ["strace", "-f", "-o", self.output, *command]


class PerfTrace(Peer):
    name, title, tools, needs_tracefs = "perf", "perf trace -o", ("perf",), True

    def wrap(self, command):
        return ["perf", "trace", "-o", self.output, *command]

    def after(self):
        with open(self.output, "rb") as lines:
            return {"lost": sum(int(found.group(1)) for line in lines if (found := re.search(rb"LOST (\d+) events", line)))}


class Bpftrace(Peer):
    name, title, tools, needs_tracefs = "bpftrace", "bpftrace, count by call", ("bpftrace",), True
    heavy = False

    def wrap(self, command):
        # -c splits at blanks only, so the command goes into a script.
        script = self.folder.path / "inside.sh"
        script.write_text("exec " + " ".join("'" + str(part).replace("'", "'\\''") + "'" for part in command) + "\n")
        return ["bpftrace", "-o", self.output, "-e", "tracepoint:raw_syscalls:sys_enter { @[args->id] = count(); }", "-c", f"/bin/sh {script}"]


AUDITD_CONFIG = """\
local_events = yes
write_logs = yes
log_file = {folder}/audit.log
log_format = RAW
flush = NONE
num_logs = 2
max_log_file = 20000
max_log_file_action = IGNORE
space_left = 2
space_left_action = IGNORE
admin_space_left = 1
admin_space_left_action = IGNORE
disk_full_action = IGNORE
disk_error_action = IGNORE
"""


class Auditd(Peer):
    """auditd logs every call of every process on the machine, started and ended by each run.

    Once auditing was on, Linux takes a slower way through the system calls of every process that begins later, until it is started anew. The rule
    "never,task" takes that back, so it holds between the runs here and stays behind when the bench ends.
    """
    name, title, tools = "auditd", "auditd, every call", ("auditd", "auditctl")
    all_calls = ["always,exit", "-F", "arch=b64", "-S", "all"]
    used = False
    _daemon = None

    @staticmethod
    def _control(*arguments):
        return subprocess.run(["auditctl", *arguments], capture_output=True, text=True)

    @classmethod
    def _status(cls):
        done = cls._control("-s")
        return dict(line.split(None, 1) for line in done.stdout.splitlines() if " " in line), done

    def unusable(self):
        if reason := super().unusable():
            return reason
        status, done = self._status()
        if done.returncode != 0 or "enabled" not in status:
            return f"auditctl -s: {(done.stderr or done.stdout).strip()}"
        rules = self._control("-l").stdout.split("\n")
        if status["enabled"] == "2":
            return "the rules of audit are locked"
        if status.get("pid", "0") != "0":
            return f"an audit daemon runs already, pid {status['pid']}"
        if any(rule.strip() not in ("", "No rules", "-a never,task") for rule in rules):
            return "the machine has audit rules of its own"
        return None

    def before(self):
        self.output = self.folder.fresh("peer.out")
        self.output.mkdir()
        (self.output / "auditd.conf").write_text(AUDITD_CONFIG.format(folder=self.output))
        os.chmod(self.output, 0o700)
        Auditd.used = True
        self._control("-d", "never,task")
        self._control("-b", "8192")
        self._daemon = subprocess.Popen(["auditd", "-n", "-c", str(self.output)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True)
        give_up = time.monotonic() + 10
        while self._status()[0].get("pid", "0") == "0":
            if self._daemon.poll() is not None or time.monotonic() > give_up:
                raise Trouble("auditd does not start")
            time.sleep(0.02)  # it tells nobody else that it is ready
        self._lost = int(self._status()[0].get("lost", 0))
        if (done := self._control("-a", *self.all_calls)).returncode != 0:
            raise Trouble(f"auditctl -a: {done.stderr.strip()}")

    def after(self):
        return {"lost": int(self._status()[0].get("lost", 0)) - self._lost}

    def clean(self):
        self._control("-d", *self.all_calls)
        self._control("-e", "0")
        self._control("-a", "never,task")
        if self._daemon:
            end_group(self._daemon)
            self._daemon = None
        super().clean()


def own_sides(folder, catena):
    return [Alone(folder), EmptyPair(folder), Catena(folder, catena, "causal"), Catena(folder, catena, "full", ["--fidelity", "full"])]


def peer_sides(folder):
    return [Strace(folder), PerfTrace(folder), Bpftrace(folder), Auditd(folder)]


def usable(sides):
    """The sides that can be measured here, and why the others cannot: {title: reason}."""
    reasons = {side.title: side.unusable() for side in sides}
    return [side for side in sides if not reasons[side.title]], {title: reason for title, reason in reasons.items() if reason}
