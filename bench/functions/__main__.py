"""What watching a function adds to each call of it, beside an empty probe at the same place.

Every round runs each side once, by turns; what counts is the median of the ratios within the rounds.
"""

import argparse
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
BARS = {("pushes", "count"): 1.5, ("pushes", "events"): 2.2, ("nops", "events"): 3.0}


def build(into):
    flags = ["-O2", "-Wall"]
    subprocess.run(["cc", *flags, HERE / "called.c", "-o", into / "called"], check=True)
    subprocess.run(["cc", *flags, "-pg", HERE / "called.c", "-o", into / "called_pg"], check=True)
    subprocess.run(["cc", *flags, HERE / "empty_uprobe.c", "-o", into / "empty_uprobe", "-lbpf", "-lelf", "-lz"], check=True)
    subprocess.run(["clang-19", "-g", "-O2", "-target", "bpf", "-I/usr/include/x86_64-linux-gnu", "-c", HERE / "empty_uprobe.bpf.c",
                    "-o", into / "empty_uprobe.bpf.o"], check=True)


def run(command):
    done = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return done.stdout.strip()


def lost(catena, trace):
    query = "select sum(l), sum(c) from (select max(lost_function_calls) as l, max(function_calls) as c from loss group by cpu)"
    return run([catena, "query", trace, query, "--format", "csv"]).splitlines()[1]


def number(output):
    """The line that `called` prints, among what a peer prints."""
    return float(re.search(r"^([0-9]+\.[0-9])$", output, re.MULTILINE).group(1))


def peers(options, into, record):
    """The same function, watched by bpftrace and by uftrace, beside Catena."""
    calls = str(options.calls // 5)
    called = f"{into}/called compiled {calls}"
    sides = {"nothing": called.split(), "catena count": [*record("compiled", "count"), *called.split()],
             "catena events": [*record("compiled", "events"), *called.split()]}
    if shutil.which("bpftrace"):
        probe = f"uprobe:{into}/called:compiled"
        sides["bpftrace count()"] = ["bpftrace", "-e", probe + " { @[func] = count(); }", "-c", called]
        sides["bpftrace printf()"] = ["bpftrace", "-o", into / "calls.txt", "-e", probe + ' { printf("%lu %d\\n", nsecs, tid); }', "-c", called]
    if shutil.which("uftrace"):
        sides["uftrace, compiled with -pg"] = ["uftrace", "record", "-F", "compiled", "-d", into / "uftrace.data", into / "called_pg", "compiled", calls]
    for peer in ("bpftrace", "uftrace"):
        if not shutil.which(peer):
            print(f"{peer} is not installed: left out")
    samples = {side: [] for side in sides}
    for _ in range(options.runs):
        for side, command in sides.items():
            try:
                samples[side].append(number(run(command)))
            except subprocess.CalledProcessError as failure:
                if side not in ("nothing", "catena count", "catena events"):
                    print(f"  {side} failed: exit code {failure.returncode}, {(failure.stderr.strip().splitlines() or ['no message'])[-1]}")
                    continue
                raise
    # A peer that failed once is left out: its samples are of other rounds than ours.
    samples = {side: values for side, values in samples.items() if len(values) == options.runs}
    added = {side: [s - n for s, n in zip(values, samples["nothing"])] for side, values in samples.items() if side != "nothing"}
    print(f"a function that begins with a push, {calls} calls:")
    for side, values in added.items():
        base = "catena count" if side.endswith("count()") else "catena events"
        ratio = statistics.median(v / c for v, c in zip(values, added[base]))
        print(f"  {side:<27} {statistics.median(values):8.0f} ns a call" + ("" if side == base or side == "catena count" else f", {ratio:.2f} x {base}"))


def many(options, into):
    """How long it takes until functions of libcrypto are watched and until they no longer are, in a process that has it mapped."""
    user = subprocess.Popen([sys.executable, "-c", "import ssl, time; print('ready', flush=True); time.sleep(600)"], stdout=subprocess.PIPE)
    try:
        user.stdout.readline()
        library = next(line.split()[-1] for line in open(f"/proc/{user.pid}/maps") if "libcrypto" in line)
        # A file for each thread; the same one attaches and detaches.
        run(["strace", "-ff", "-T", "-o", into / "strace", "-e", "trace=bpf,close", options.catena, "record", "-o", into / "many.catena", "--functions",
             f"{library}:*", "--functions-mode", "count", "--pid", user.pid, "--duration", "1s"])
        attach, detach = 0.0, 0.0
        for thread in into.glob("strace.*"):
            links = set()
            for line in thread.read_text().splitlines():
                begun = re.match(r"bpf\(BPF_LINK_CREATE, .*attach_type=(?:0x30|BPF_TRACE_UPROBE_MULTI).*= (\d+) <([0-9.]+)>", line)
                ended = re.match(r"close\((\d+)\).*<([0-9.]+)>", line)
                if begun:
                    attach += float(begun.group(2))
                    links.add(begun.group(1))
                elif ended and ended.group(1) in links:
                    detach += float(ended.group(2))
                    links.remove(ended.group(1))
        if not attach or not detach:
            raise SystemExit("strace shows no probes of many functions")
        count = run([options.catena, "query", into / "many.catena", "select count(*) from functions where watched", "--format", "csv"]).splitlines()[1]
        print(f"{count} functions of {library}: attached in {attach:.3f} s, detached in {detach:.3f} s  bar 0.3 s for 10,000: "
              f"{'PASS' if max(attach, detach) <= 0.3 * int(count) / 10_000 else 'FAIL'}")
        if shutil.which("bpftrace"):
            pattern = "EVP_*"
            sides = {"catena": [options.catena, "record", "-o", into / "some.catena", "--functions", f"{library}:{pattern}", "--functions-mode", "count", "--", "/bin/true"],
                     "bpftrace": ["bpftrace", "-e", f"uprobe:{library}:{pattern} {{ @[func] = count(); }}", "-c", "/bin/true"]}
            took = {}
            for side, command in sides.items():
                began = time.monotonic()
                # bpftrace complains at its end where tracefs is not mounted; it has done its work then.
                subprocess.run([str(word) for word in command], env={**os.environ, "BPFTRACE_MAX_PROBES": "100000"}, check=side == "catena", capture_output=True)
                took[side] = time.monotonic() - began
            some = run([options.catena, "query", into / "some.catena", "select count(*) from functions where watched", "--format", "csv"]).splitlines()[1]
            print(f"{some} functions of it around /bin/true, from start to end: catena {took['catena']:.2f} s, bpftrace {took['bpftrace']:.2f} s, "
                  f"{took['bpftrace'] / took['catena']:.1f} x")
    finally:
        user.kill()
        user.wait()


def main():
    parser = argparse.ArgumentParser(prog="./do bench functions")
    parser.add_argument("catena")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--calls", type=int, default=500_000)
    options = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        into = pathlib.Path(folder)
        build(into)
        trace = into / "t.catena"

        def record(function, mode):
            return [options.catena, "record", "-o", trace, "--functions", f"exe:{function}", "--functions-mode", mode, "--"]

        for function in ("pushes", "nops"):
            called = [into / "called", function, options.calls]
            sides = {"nothing": [], "empty": [into / "empty_uprobe", into / "empty_uprobe.bpf.o", into / "called", function],
                     "count": record(function, "count"), "events": record(function, "events")}
            samples = {side: [] for side in sides}
            for _ in range(options.runs):
                for side, before in sides.items():
                    samples[side].append(float(run([*before, *called])))
            added = {side: [s - n for s, n in zip(samples[side], samples["nothing"])] for side in sides if side != "nothing"}
            print(f"{function}: an empty probe adds {statistics.median(added['empty']):.0f} ns to a call")
            for mode in ("count", "events"):
                ratio = statistics.median(a / e for a, e in zip(added[mode], added["empty"]))
                bar = BARS.get((function, mode))
                verdict = "" if bar is None else f"  bar {bar}: {'PASS' if ratio <= bar else 'FAIL'}"
                failed |= bar is not None and ratio > bar
                print(f"  {mode:<7} {statistics.median(added[mode]):6.0f} ns, {ratio:.2f} x an empty probe{verdict}")
        run([*record("nops", "events"), into / "called", "nops", 5_000_000, 500_000])
        gone, all_calls = lost(options.catena, trace).split(",")
        failed |= gone != "0" or all_calls != "5000000"
        print(f"500,000 calls a second for 10 s: {all_calls} recorded or lost, {gone} of them lost")
        peers(options, into, record)
        many(options, into)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
