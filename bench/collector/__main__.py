"""./do bench collector: what recording costs the programs that are recorded. README.md has its tables."""

import argparse
import json
import os
import pathlib
import signal
import sys

import bars
import endurance
import machine
import measure
import report
import sides
import workloads
from machine import Trouble, say

EXAMPLES = """\
examples:
  ./do bench collector                                   every workload, five rounds
  ./do bench collector --only io,find --runs 9           two of them, nine rounds
  ./do bench collector --peers --json figures.json       against strace, perf trace, bpftrace and auditd too
  ./do bench collector --only '' --soak --idle           only whether full speed loses anything, and what an idle host costs
  ./do bench collector --soak --storm 1000000 --idle     all bars

workloads:
""" + "\n".join(f"  {workload.name:<10}{workload.title}" for workload in workloads.ALL)


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("has to be 1 or more")
    return value


def names(text):
    chosen = [name for name in text.split(",") if name]
    for name in chosen:
        if name not in workloads.NAMES:
            raise argparse.ArgumentTypeError(f"no workload is called '{name}'; there are: {', '.join(workloads.NAMES)}")
    return chosen


def arguments():
    parser = argparse.ArgumentParser(prog="./do bench collector", description="Measures what recording costs, as ratios to doing nothing and to "
                                     "an empty pair of BPF programs on each system call. Tables go to standard output, progress to standard error.",
                                     epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catena", metavar="CATENA", help="the program to measure; ./do bench names it")
    parser.add_argument("--runs", type=positive, default=5, metavar="N", help="rounds of each workload (5); every side runs once in each")
    parser.add_argument("--only", type=names, metavar="NAME[,NAME]", help="these workloads and no others; '' is none")
    parser.add_argument("--peers", action="store_true", help="against strace, perf trace, bpftrace, auditd too. auditd logs the whole machine while "
                        "it runs, and leaves the rule never,task behind, without which the kernel would be slower until it restarts")
    parser.add_argument("--soak", type=positive, nargs="?", const=60, metavar="SECONDS", help="both cores at full speed for so long (60): is anything lost?")
    parser.add_argument("--storm", type=positive, metavar="N", help="N short processes: how much memory does the recorder take?")
    parser.add_argument("--storm-kind", choices=("exec", "fork"), default="exec", help="what they do: vfork and exec (default), or only fork")
    parser.add_argument("--idle", type=positive, nargs="?", const=20, metavar="SECONDS", help="record the host for so long (20): what does the recorder take?")
    parser.add_argument("--disk", default="/var/tmp", metavar="FOLDER", help="where recordings are written (/var/tmp)")
    parser.add_argument("--json", metavar="FILE", help="write all results there too, with every sample")
    return parser.parse_args()


def measure_workloads(folder, options, results):
    own, skipped = sides.usable(sides.own_sides(folder, options.catena))
    peers, without = sides.usable(sides.peer_sides(folder)) if options.peers else ([], {})
    results["skipped"].update(skipped | without)
    for workload in workloads.ALL:
        if options.only is not None and workload.name not in options.only:
            continue
        if missing := workload.missing():
            why = f"not installed: {', '.join(missing)}"
            if options.only:
                raise Trouble(f"{workload.name}: {why}")
            results["skipped"][workload.name] = why
            continue
        try:
            main, apart, failed = measure.measure(folder, workload, own, peers, options.runs)
        except Trouble as trouble:  # the others may still tell something
            note_failure(results, workload.name, trouble)
            continue
        results["workloads"][workload.name] = main
        if apart:
            results["peers"][workload.name] = apart
        results["skipped"].update(failed)


def note_failure(results, what, trouble):
    say(f"{what} failed: {trouble}")
    results["skipped"][what] = "failed: " + str(trouble).strip().replace("\n", " / ")
    results["failed"] += 1


def measure_endurance(folder, options, results):
    for name, wanted, function in (
            ("soak", options.soak, lambda: endurance.soak(folder, options.catena, options.soak)),
            ("storm", options.storm, lambda: endurance.storm(folder, options.catena, options.storm, options.storm_kind)),
            ("idle", options.idle, lambda: endurance.idle(folder, options.catena, options.idle))):
        if not wanted:
            continue
        try:
            results[name] = function()
        except Trouble as trouble:
            note_failure(results, name, trouble)


def run(options):
    if os.geteuid() != 0:
        raise Trouble("recording needs root: run it as root")
    if not os.access(options.catena, os.X_OK):
        raise Trouble(f"{options.catena} is not a program")
    options.catena = str(pathlib.Path(options.catena).resolve())
    if options.json:  # better now than after an hour
        pathlib.Path(options.json).touch()
    results = {"machine": machine.describe(), "runs": options.runs, "with_peers": options.peers, "workloads": {}, "peers": {},
               "skipped": {}, "failed": 0}
    folder = machine.Folder(options.disk)
    try:
        folder.compile_programs()
        measure_workloads(folder, options, results)
        measure_endurance(folder, options, results)
    finally:
        folder.close()
    results["bars"] = bars.all_bars(results)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(report.markdown(results, {workload.name: workload.title for workload in workloads.ALL},
                          [(side.name, side.title) for side in (sides.Strace, sides.PerfTrace, sides.Bpftrace, sides.Auditd)]))
    if sides.Auditd.used:
        say("audit is switched off again; its rule never,task stays until auditctl -d never,task")
    return 1 if results["failed"] else 0


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(run(options))
    except (Trouble, OSError) as trouble:
        sys.exit(f"./do bench collector: {trouble}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
