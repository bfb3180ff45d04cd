#!/usr/bin/env python3
"""Runs a command under strace and under `catena record --fidelity full`, and compares what the two say of each thread's system calls.

    strace_differential.py CATENA NAME COMMAND…     in an empty folder; exits 77 (skipped) where strace or recording does not work

Calls are compared thread by thread, threads in the order of their creation, from the first execve on: how many there are, their names,
and their text (arguments and result) as far as both write it. What a run decides anew is made equal first: addresses, process
ids, times. Contents of buffers, which Catena leaves out, and structures that it does not take apart are left out of strace's side too.
"""

import os
import re
import subprocess
import sys
import tempfile

# Calls of which only the name and the result are compared, and why.
RESULT_ONLY = {
    # strace shows the bytes, Catena does not keep them
    "read", "write", "pread64", "pwrite64", "readv", "writev", "preadv", "pwritev", "sendto", "recvfrom", "sendmsg", "recvmsg", "sendmmsg",
    "recvmmsg", "getdents64", "getdents", "readlink", "readlinkat", "getrandom", "getcwd", "setxattr", "getxattr", "lsetxattr",
    "lgetxattr", "fsetxattr", "fgetxattr", "vmsplice", "process_vm_readv", "process_vm_writev", "listxattr", "flistxattr", "llistxattr",
    # structures that strace takes apart and Catena leaves as addresses, or the other way round
    "statfs", "fstatfs", "sysinfo", "ioctl", "set_robust_list", "rseq", "clone", "clone3", "execve", "execveat", "uname", "rt_sigtimedwait",
    "getrusage", "times", "sched_getaffinity", "utimensat", "statx", "capget", "capset", "ptrace", "waitid", "prctl", "arch_prctl", "futex", "select",
    "set_tid_address", "sigaltstack", "setsockopt", "getsockopt", "socketpair", "pselect6", "ppoll", "poll", "epoll_wait", "epoll_pwait", "epoll_ctl",
    "sendfile", "splice", "copy_file_range", "tee", "restart_syscall", "mknod", "mknodat", "sched_setaffinity", "clock_nanosleep", "nanosleep",
    "rt_sigqueueinfo", "rt_tgsigqueueinfo", "munmap", "pwritev2", "preadv2",
}
# Calls that return a process id, an address, or a time.
RESULT_VARIES = {"mmap", "brk", "mremap", "shmat", "getpid", "gettid", "getppid", "set_tid_address", "clone", "clone3", "fork", "vfork", "wait4", "waitid",
                 "getpgrp", "getpgid", "setsid", "getsid", "time", "times", "personality", "pidfd_open", "rt_sigreturn"}
# The same call goes this way or that, or is made or not, by chance: libc trims a thread's heap by where the kernel has put it.
RACES = {"futex", "restart_syscall", "sched_yield", "rt_sigreturn", "munmap"}
# Newer than Debian 12's strace.
NEWER = {"syscall_0x1c4": "fchmodat2", "fchmodat2": "fchmodat2"}


def normalise(name, arguments, result):
    # As far as strace's result: "-1 ENOENT (No such file…)", "3</x>", "0x7f… (flags …)".
    result = re.sub(r" \(.*\)$", "", result.strip())
    result = re.sub(r"^\? .*", "interrupted", result)
    if name in RESULT_VARIES and not result.startswith("-"):
        result = "varies"
    # What the program itself tells of this run; the numbers of inodes in it have as many digits as they have.
    if name == "write" and arguments.startswith("1,") and not result.startswith("-"):
        result = "varies"
    result = re.sub(r"0x[0-9a-f]+", "ADDRESS", result)
    if name in NEWER:
        return f"{NEWER[name]}(…) = {result}"
    arguments = re.sub(r"/tmp/catena-strace\S*?-run-\w+", "HERE", arguments)
    arguments = re.sub(r"\bRTMIN\b", "RT_0", arguments)
    arguments = re.sub(r"htons\(\d{4,5}\)", "htons(PORT)", arguments)
    # Which of several flags comes first is a matter of taste.
    arguments = re.sub(r"\w+(\|\w+)+", lambda m: "|".join(sorted(m.group().split("|"))), arguments)
    if name in RESULT_ONLY:
        return f"{name}(…) = {result}"
    arguments = re.sub(r"0x[0-9a-f]{5,}", "ADDRESS", arguments)
    arguments = re.sub(r" /\* .*? \*/", "", arguments)
    if name in ("kill", "tkill", "tgkill", "setpgid", "getpgid", "getsid", "wait4", "prlimit64", "pidfd_open", "process_vm_readv"):
        arguments = re.sub(r"\b\d{2,}\b(?!\*)", "NUMBER", arguments)
    if name in ("newfstatat", "fstat", "stat", "lstat"):
        arguments = re.sub(r"\{st_mode.*?\.\.\.\}", "STAT", arguments)
    if name == "brk":
        arguments = re.sub(r"ADDRESS|NULL", "X", arguments)
    if name in ("clock_gettime", "gettimeofday", "time"):
        arguments = re.sub(r"\{.*?\}", "TIME", arguments)
    # Temporary names that end in the process's id.
    arguments = re.sub(r"(catena[^\"]*?)\d+", r"\1N", arguments)
    return f"{name}({arguments}) = {result}"


def in_order(threads):
    """By creation: numbers of threads go up from the first one's, and begin anew at the largest."""
    with open("/proc/sys/kernel/pid_max") as file:
        most = int(file.read())
    first = int(next(iter(threads)))
    return [threads[tid] for tid in sorted(threads, key=lambda tid: (int(tid) - first) % most)]


def settled(calls):
    """Without those that are there or not by chance, and their children's ends, of which several may come as one signal."""
    return [c for c in calls if c.split("(")[0] not in RACES and "WNOHANG" not in c]


def from_strace(path):
    threads, unfinished = {}, {}
    with open(path, errors="replace") as file:
        for line in file:
            match = re.match(r"(\d+) +(.*)$", line.rstrip("\n"))
            if not match:
                continue
            tid, rest = match.groups()
            calls = threads.setdefault(tid, [])
            superseded = re.match(r"\+\+\+ superseded by execve in pid (\d+)", rest)
            if superseded:  # the call goes on as the leader's
                unfinished[tid] = unfinished.pop(superseded.group(1))
            if rest.startswith(("+++", "---")):
                continue
            if rest.endswith("<unfinished ...>"):
                unfinished[tid] = rest[: -len("<unfinished ...>")].rstrip()
                if unfinished[tid].endswith(","):
                    unfinished[tid] += " "
                continue
            resumed = re.match(r"<\.\.\. (\w+) resumed>(.*)$", rest)
            if resumed:
                rest = unfinished.pop(tid, resumed.group(1) + "(") + resumed.group(2)
            call = re.match(r"(\w+)\((.*)\) += (.*)$", rest)
            if call:
                calls.append(normalise(*call.groups()))
    for tid, text in unfinished.items():  # never returned
        name, arguments = text.split("(", 1)
        threads[tid].append(normalise(name, arguments.rstrip(", "), "?"))
    return in_order(threads)


def from_catena(catena, trace):
    lines = subprocess.run([catena, "events", trace, "--calls"], check=True, capture_output=True, text=True).stdout
    threads = {}
    for line in lines.splitlines():
        match = re.match(r"\S+ +(\d+) (.{15}) +([0-9.]+)? *(\w+)\((.*)\) = (.*)$", line)
        if not match:
            sys.exit(f"this line has no call: {line}")
        tid, _, _, name, arguments, result = match.groups()
        threads.setdefault(tid, []).append(normalise(name, arguments, result))
    first = next(iter(threads.values()))
    # What the held command did before it became the program; strace looks for the program itself.
    while first and first[0] != "execve(…) = 0":
        first.pop(0)
    return in_order(threads)


def main():
    catena, _, *command = sys.argv[1:]
    if os.geteuid() != 0 or subprocess.run(["sh", "-c", "command -v strace"], capture_output=True).returncode != 0:
        print("needs root and strace")
        return 77
    with tempfile.TemporaryDirectory(prefix="catena-strace-") as results:
        trace, log = f"{results}/t.catena", f"{results}/strace"
        for recorder in (["strace", "-f", "-s", "4096", "-o", log], [catena, "record", "--fidelity", "full", "-o", trace]):
            with tempfile.TemporaryDirectory(prefix="catena-strace-run-") as here:
                tail = ["--"] if recorder[0] == catena else []
                run = subprocess.run(recorder + tail + command, cwd=here, capture_output=True, text=True)
                if run.returncode in (3, 121) or "PTRACE_TRACEME" in run.stderr:
                    print(f"does not work here: {run.stderr}")
                    return 77
        expected, found = from_strace(log), from_catena(catena, trace)
    differences, compared = [], 0
    if len(expected) != len(found):
        differences.append(f"strace saw {len(expected)} threads, catena {len(found)}")
    for number, (left, right) in enumerate(zip(expected, found)):
        left, right = settled(left), settled(right)
        compared += len(left)
        for index, (one, other) in enumerate(zip(left, right)):
            if one != other:
                differences.append(f"thread {number}, call {index}:\n    strace: {one}\n    catena: {other}")
        if len(left) != len(right):
            differences.append(f"thread {number}: strace saw {len(left)} calls, catena {len(right)}; first beyond: "
                               f"{(left[len(right):] or right[len(left):])[0]}")
    for difference in differences[:25]:
        print(difference)
    print(f"{compared} calls of {len(expected)} threads compared, {len(differences)} differences")
    return 1 if differences or compared == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
