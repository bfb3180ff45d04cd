"""What needs a while: full speed on both cores, a storm of short processes, a host that idles."""

import os
import signal
import statistics
import subprocess
import time

import machine
from machine import Trouble, say
from sides import recording_counts

TICK = os.sysconf("SC_CLK_TCK")
PATIENCE_S = 3600


def record(folder, catena, command, watch_every_s, patience_s):
    """A recording of a command that no round is made of: (MemoryWatch, seconds, what the recording holds, what was printed)."""
    recording, log = folder.fresh("trace.catena"), folder.path / "log"
    began = time.monotonic()
    watch = machine.run([catena, "record", "-o", recording, "--", *command], log, watch_every_s, patience_s)
    seconds = time.monotonic() - began
    counts = recording_counts(catena, recording)
    folder.fresh("trace.catena")
    return watch, seconds, counts, log.read_text(errors="replace")


def soak(folder, catena, seconds):
    say(f"== full speed on two cores for {seconds} s")
    watch, took, counts, printed = record(folder, catena, [folder.program("soak"), str(seconds)], 0.25, seconds + PATIENCE_S)
    made = next((line.split() for line in printed.splitlines() if line.replace(" ", "").isdigit()), None)
    if not made or len(made) != 2:
        raise Trouble(f"soak did not say what it did:\n{printed}")
    result = {"seconds": seconds, "took": took, "calls_made": int(made[0]), "children_made": int(made[1]), "peak_rss": watch.peak, **counts}
    result["per_second"] = counts["seen"] / seconds
    # Each call that was made has to be seen. What is missing was lost without being counted.
    result["unseen"] = max(0, result["calls_made"] - counts["seen"])
    return result


def storm(folder, catena, processes, kind):
    say(f"== {processes} short processes ({kind})")
    watch, took, counts, _ = record(folder, catena, [folder.program("storm"), kind, str(processes)], 0.25, PATIENCE_S)
    if len(watch.samples) < 6:
        raise Trouble(f"the storm was over before its memory could be told: take more than {processes} processes")
    third = len(watch.samples) // 3
    first, last = watch.samples[:third], watch.samples[-third:]
    result = {"processes": processes, "kind": kind, "took": took, "peak_rss": watch.peak, **counts,
              "first_third": statistics.median(rss for _, rss, _ in first), "last_third": statistics.median(rss for _, rss, _ in last),
              "peak_anonymous": max(anonymous for _, _, anonymous in watch.samples)}
    result["samples"] = watch.samples[:: max(1, len(watch.samples) // 200)]
    result["growth_percent"] = 100 * (result["last_third"] / result["first_third"] - 1)
    return result


def ticks_of(pid):
    """utime + stime of a process with all its threads, in seconds."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def busy_and_softirq():
    """Seconds that all cores together were busy, and of that in soft interrupts, since the start."""
    with open("/proc/stat", encoding="utf-8") as stat:
        user, nice, system, _idle, _iowait, irq, softirq, steal = (int(field) / TICK for field in stat.readline().split()[1:9])
    return user + nice + system + irq + softirq + steal, softirq


def idle(folder, catena, seconds):
    """CPU of `catena record --host` while the host does whatever it does: its own user and system time. What its programs take within the calls
    of others is theirs, and soft interrupts belong to nobody; both the host's load and its soft interrupts are given beside it."""
    say(f"== recording the host for {seconds} s; leave it alone")
    recording = folder.fresh("trace.catena")
    ready, told = os.pipe()
    with open(folder.path / "log", "wb") as log:
        recorder = subprocess.Popen([catena, "record", "--host", "--ready-fd", str(told), "-o", str(recording)], stdin=subprocess.DEVNULL,
                                    stdout=log, stderr=log, pass_fds=[told], start_new_session=True)
    os.close(told)
    try:
        with os.fdopen(ready, "rb") as pipe:
            if not pipe.read(1):
                raise Trouble(f"catena record --host does not begin:\n{(folder.path / 'log').read_text(errors='replace')[-2000:]}")
        began, cpu, (busy, softirq) = time.monotonic(), ticks_of(recorder.pid), busy_and_softirq()
        time.sleep(seconds)
        took, cpu = time.monotonic() - began, ticks_of(recorder.pid) - cpu
        busy, softirq = (after - before for after, before in zip(busy_and_softirq(), (busy, softirq), strict=True))
        peak = machine.memory_of(recorder.pid).get("VmHWM", 0)
        os.kill(recorder.pid, signal.SIGINT)
        recorder.wait(60)
    finally:
        if recorder.poll() is None:
            machine.end_group(recorder)
    counts = recording_counts(catena, recording)
    folder.fresh("trace.catena")
    return {"seconds": took, "cpu_percent": 100 * cpu / took, "host_busy_percent": 100 * busy / took, "softirq_percent": 100 * softirq / took,
            "peak_rss": peak, **counts}
