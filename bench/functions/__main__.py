"""What watching a function adds to each call of it, beside an empty probe at the same place.

Every round runs each side once, by turns; what counts is the median of the ratios within the rounds.
"""

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BARS = {("pushes", "count"): 1.5, ("pushes", "events"): 2.2, ("nops", "events"): 3.0}


def build(into):
    flags = ["-O2", "-Wall"]
    subprocess.run(["cc", *flags, HERE / "called.c", "-o", into / "called"], check=True)
    subprocess.run(["cc", *flags, HERE / "empty_uprobe.c", "-o", into / "empty_uprobe", "-lbpf", "-lelf", "-lz"], check=True)
    subprocess.run(["clang-19", "-g", "-O2", "-target", "bpf", "-I/usr/include/x86_64-linux-gnu", "-c", HERE / "empty_uprobe.bpf.c",
                    "-o", into / "empty_uprobe.bpf.o"], check=True)


def run(command):
    done = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return done.stdout.strip()


def lost(catena, trace):
    query = "select sum(l), sum(c) from (select max(lost_function_calls) as l, max(function_calls) as c from loss group by cpu)"
    return run([catena, "query", trace, query, "--format", "csv"]).splitlines()[1]


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
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
