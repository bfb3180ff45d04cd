"""What is recorded. Each workload does a fixed amount of work and tells, from inside, how long that took."""

import dataclasses
import shutil
import sys
from collections.abc import Callable

from machine import BENCH, ROOT, Folder

SERVERS = BENCH / "collector" / "servers.py"
COMPILE = "for f in src/base/*.cc src/sys/*.cc; do [ ! -f $f ] || g++ -std=c++23 -O2 -I. -Isrc -c -o /dev/null $f || exit; done"


@dataclasses.dataclass(frozen=True)
class Workload:
    name: str
    title: str
    unit: str           # of work
    units: int          # in a run
    peer_units: int     # in a run under those that take too long otherwise
    tools: tuple        # that have to be installed
    command: Callable   # (folder, file for the seconds, units) → argument list
    per: int = 0        # the seconds are for so many units, where it is not `units`; for throughput

    def missing(self):
        return [tool for tool in self.tools if not shutil.which(tool)]

    def units_timed(self, units):
        return self.per or units


def timed(command):
    """A command that does not know of being timed."""
    return lambda folder, out, units: [folder.program("timed"), out, *command(folder, units)]


def small_files(files):
    def command(folder: Folder, units):
        spool = folder.memory / "spool"
        shutil.rmtree(spool, ignore_errors=True)
        spool.mkdir()
        return [folder.program("small_files"), spool, units, files, 42]
    return timed(command)


def postmark(folder: Folder, units):
    spool = folder.memory / "postmark"
    shutil.rmtree(spool, ignore_errors=True)
    spool.mkdir()
    orders = folder.path / "postmark.conf"
    orders.write_text(f"set location {spool}\nset number 5000\nset transactions {units}\nset seed 42\nrun\nquit\n")
    return ["postmark", orders]


def server(which):
    def command(folder: Folder, out, units):
        work = folder.fresh(which)
        work.mkdir()
        return [sys.executable, SERVERS, which, out, work, units]
    return command


ALL = [
    Workload("io", "2 M one-byte reads and writes", "call", 2_000_000, 20_000, (),
             timed(lambda folder, units: [folder.program("one_byte_io"), units // 2])),
    Workload("find", "find /usr -type f", "run", 1, 1, ("find",), timed(lambda folder, units: ["find", "/usr", "-type", "f"])),
    Workload("tar", "tar of /usr/share to a pipe", "run", 1, 1, ("tar",),
             timed(lambda folder, units: ["sh", "-c", "tar cf - /usr/share | cat >/dev/null"])),
    Workload("echo", "1,500 × /bin/echo from a shell", "process", 1500, 1500, (),
             timed(lambda folder, units: ["bash", "-c", f"for ((i = 0; i < {units}; i++)); do /bin/echo; done"])),
    Workload("files", "100,000 small-file transactions in memory", "transaction", 100_000, 5_000, (), small_files(500)),
    Workload("postmark", "postmark: 5,000 files, 200,000 transactions in memory", "transaction", 200_000, 5_000, ("postmark",), timed(postmark)),
    Workload("build", "g++ compiles src/base and src/sys", "run", 1, 1, ("g++",),
             timed(lambda folder, units: ["sh", "-c", f"cd {ROOT} && export CCACHE_DISABLE=1 && {COMPILE}"])),
    Workload("nginx", "nginx under wrk, 100,000 requests", "request", 3, 3, ("nginx", "wrk"), server("nginx"), per=100_000),
    Workload("redis", "redis, 200,000 SET and GET", "request", 200_000, 10_000, ("redis-server", "redis-benchmark"), server("redis")),
]
NAMES = [workload.name for workload in ALL]
