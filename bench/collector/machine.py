"""The machine and the bench's folder on it: programs that are compiled for the run, commands that are run, their memory."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

BENCH = pathlib.Path(__file__).resolve().parent.parent
ROOT = BENCH.parent
TIMEOUT_S = 900  # no single run takes longer; one that does hangs
SAMPLE_S = 0.05


class Trouble(Exception):
    """What the user has to know, in a sentence."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def require_tools(*tools):
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing:
        raise Trouble(f"not installed: {', '.join(missing)}; `./do setup` and `./do bench collector` install what they need")


class Folder:
    """Everything that the bench writes: `path` on a disk, `memory` in a tmpfs. Both vanish with close()."""

    def __init__(self, disk):
        if not pathlib.Path("/dev/shm").is_dir() or not os.access("/dev/shm", os.W_OK):
            raise Trouble("/dev/shm cannot be written; the small files of the workloads belong there")
        try:
            self.path = pathlib.Path(tempfile.mkdtemp(prefix="catena-bench.", dir=disk))
        except OSError as error:
            raise Trouble(f"cannot write to {disk}: {error.strerror}") from error
        self.memory = pathlib.Path(tempfile.mkdtemp(prefix="catena-bench.", dir="/dev/shm"))

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)
        shutil.rmtree(self.memory, ignore_errors=True)

    def program(self, name):
        return str(self.path / name)

    def fresh(self, name):
        """A path in the folder at which there is nothing."""
        path = self.path / name
        for old in self.path.glob(f"{name}*"):
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        return path

    def compile_programs(self):
        require_tools("cc", "clang-19")
        for name, *extra in (("one_byte_io",), ("timed",), ("small_files",), ("soak",), ("storm", "-static"), ("empty_pair", "-lbpf")):
            self._compile(["cc", "-O2", "-o", self.program(name), str(BENCH / f"{name}.c"), *extra])
        self._compile(["clang-19", "-g", "-O2", "-target", "bpf", "-mcpu=v3", f"-I/usr/include/{os.uname().machine}-linux-gnu",
                       "-c", str(BENCH / "empty_pair.bpf.c"), "-o", self.program("empty_pair.bpf.o")])

    @staticmethod
    def _compile(command):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise Trouble(f"this failed: {' '.join(command)}\n{done.stderr}")


def memory_of(pid):
    """The fields of /proc/PID/status that are sizes, in bytes; empty once the process has ended."""
    sizes = {}
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as status:
            for line in status:
                key, _, value = line.partition(":")
                if value.endswith(" kB\n"):
                    sizes[key] = int(value.split()[0]) * 1024
    except (FileNotFoundError, ProcessLookupError):
        pass
    return sizes


class MemoryWatch(threading.Thread):
    """Looks at a process's memory again and again. The kernel keeps the peak itself (VmHWM), so that no more is missed than what a process
    takes between the last look and its end. (wait4 would give the largest of the process and its children.)"""

    def __init__(self, pid, every_s=SAMPLE_S):
        super().__init__(daemon=True)
        self._pid, self._every_s, self._over = pid, every_s, threading.Event()
        self.peak = 0
        self.samples = []  # (seconds, resident bytes, of these anonymous)

    def run(self):
        began = time.monotonic()
        while not self._over.is_set():
            sizes = memory_of(self._pid)
            if "VmRSS" in sizes:
                self.peak = max(self.peak, sizes["VmHWM"])
                self.samples.append((time.monotonic() - began, sizes["VmRSS"], sizes.get("RssAnon", 0)))
            self._over.wait(self._every_s)

    def stop(self):
        self._over.set()
        self.join()


def run(command, log, watch_every_s=0, timeout_s=TIMEOUT_S):
    """Runs a command to its end, in a process group of its own; both its outputs go to `log`. Returns the MemoryWatch, if any."""
    with open(log, "wb") as output:
        child = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                 start_new_session=True)
    watch = MemoryWatch(child.pid, watch_every_s) if watch_every_s else None
    try:
        if watch:
            watch.start()
        status = child.wait(timeout_s)
    except BaseException as stopped:
        end_group(child)
        if isinstance(stopped, subprocess.TimeoutExpired):
            raise Trouble(f"not done after {timeout_s} s: {' '.join(map(str, command))}") from None
        raise
    finally:
        if watch:
            watch.stop()
    if status != 0:
        tail = pathlib.Path(log).read_bytes()[-2000:].decode(errors="replace")
        raise Trouble(f"exit code {status}: {' '.join(map(str, command))}\n{tail}")
    return watch


def end_group(child):
    """Asks a process that we started, and what it started, to end; and makes it."""
    for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, number)
            child.wait(5)
            return
        except ProcessLookupError:
            child.wait()
            return
        except subprocess.TimeoutExpired:
            pass


def describe():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        models = [line.partition(":")[2].strip() for line in info if line.startswith("model name")]
    return {"date": time.strftime("%Y-%m-%d", time.gmtime()), "cores": os.cpu_count(), "cpu": models[0] if models else "",
            "kernel": os.uname().release, "load_1_min": os.getloadavg()[0], "foreign_links": foreign_links()}


def foreign_links():
    """How many BPF programs are attached to the kernel's tracepoints that are not ours; each would hit every side."""
    for bpftool in ("bpftool", "/usr/sbin/bpftool"):
        if shutil.which(bpftool):
            done = subprocess.run([bpftool, "--json", "link", "show"], capture_output=True, text=True)
            links = json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else []
            return sum(link.get("type") in ("tracing", "raw_tracepoint", "perf_event") for link in links if isinstance(link, dict))
    return 0
