"""What a compiled filter adds to the ten calls that servers make most, as a ratio to no filter.

The filter is that of a profile with these calls and sixty more, made by `catena seccomp derive`'s own compiler. Sides take turns; what
counts is the median of the ratios of the rounds.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BAR = 1.1
HOT = ["read", "write", "epoll_wait", "poll", "sendto", "recvfrom", "futex", "fcntl", "lseek", "getpid"]
# What else a server of some size needs, from its start on; those at the end are what this bench itself needs.
OTHERS = """close stat fstat lstat mmap mprotect munmap brk rt_sigaction rt_sigprocmask rt_sigreturn ioctl pread64 pwrite64 readv writev
access pipe select sched_yield madvise dup dup2 nanosleep setitimer sendfile socket connect accept sendmsg recvmsg shutdown bind listen
getsockname getpeername socketpair setsockopt getsockopt clone fork execve exit wait4 kill uname getcwd chdir rename mkdir unlink chmod
chown umask gettimeofday getrlimit getuid getgid setuid setgid geteuid getegid prctl arch_prctl exit_group openat newfstatat accept4
epoll_create1 epoll_ctl pipe2 prlimit64 getrandom clock_gettime""".split()


def measure(command):
    done = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True)
    return {name: float(ns) for name, ns in (line.split() for line in done.stdout.splitlines())}


def main():
    parser = argparse.ArgumentParser(prog="./do bench seccomp")
    parser.add_argument("catena")
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        into = pathlib.Path(folder)
        subprocess.run(["cc", "-O2", "-Wall", HERE / "hot_calls.c", "-o", into / "hot_calls"], check=True)
        profile = {"catena_profile": 1, "calls": [{"name": name, "seen": 1000 if name in HOT else 1} for name in HOT + OTHERS]}
        (into / "profile.json").write_text(json.dumps(profile))
        subprocess.run([options.catena, "seccomp", "export", into / "profile.json", "--format", "bpf", "-o", into / "filter"],
                       check=True, stderr=subprocess.DEVNULL)
        ratios = {name: [] for name in HOT}
        alone = {name: [] for name in HOT}
        for _ in range(options.runs):
            none, filtered = measure([into / "hot_calls"]), measure([into / "hot_calls", into / "filter"])
            for name in HOT:
                ratios[name].append(filtered[name] / none[name])
                alone[name].append(none[name])
        size = (into / "filter").stat().st_size // 8
        print(f"a filter of {len(HOT) + len(OTHERS)} calls, {size} instructions")
        for name in HOT:
            ratio = statistics.median(ratios[name])
            failed |= ratio > BAR
            print(f"  {name:<11} {statistics.median(alone[name]):6.0f} ns without, {ratio:.2f} x with"
                  f"  bar {BAR}: {'PASS' if ratio <= BAR else 'FAIL'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
