"""./do bench graph: how long a question to a recording of ten million edges takes, from disk, and how fast a graph is built."""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

BAR_MS, BAR_MB, BAR_EVENTS = 300, 500, 2_000_000


def timed(command):
    """Seconds, and the most memory in MB, of a command that must succeed."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    took = time.monotonic() - start
    process.returncode = status
    if status != 0:
        sys.exit(f"bench graph: {' '.join(map(str, command))} ended with status {status}")
    return took, usage.ru_maxrss / 1024


def ask(catena, trace, runs, *options):
    samples = [timed([catena, "chain", trace, "file:/srv/out/last", *options]) for _ in range(runs)]
    return statistics.median(s for s, _ in samples) * 1000, max(mb for _, mb in samples)


def verdict(ok):
    return "PASS" if ok else "FAIL"


def main():
    parser = argparse.ArgumentParser(prog="./do bench graph", description=__doc__)
    parser.add_argument("catena", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--edges", type=int, default=10_000_000, metavar="N", help="of the recording (10,000,000)")
    parser.add_argument("--runs", type=int, default=7, metavar="N", help="of which the median counts (7)")
    parser.add_argument("--folder", type=pathlib.Path, help="keep the recordings there, and use those that are")
    options = parser.parse_args()
    tools = options.catena.resolve().parent
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or pathlib.Path(temporary)
        traces = {"host": [], "hub": ["hub"]}
        for name, extra in traces.items():
            trace = folder / f"{name}-{options.edges}.catena"
            if not trace.exists():
                timed([tools / "graph_trace", trace, str(options.edges), *extra])
            first = ["--max-nodes", "1000", "--keep", "rank", "--format", "json"]
            for what, arguments in {"first 1,000 nodes": first, "all nodes": ["--keep", "rank", "--format", "json"], "default": []}.items():
                ms, mb = ask(options.catena, trace, options.runs if arguments is first else 1, *arguments)
                bar = f"  {verdict(mb <= BAR_MB)} ({BAR_MB} MB)"
                if arguments is first:
                    bar += f"  {verdict(ms <= BAR_MS)} ({BAR_MS} ms)"
                print(f"{name:<5} back, {what:<18} {ms:8.0f} ms  {mb:6.0f} MB{bar}", flush=True)
        small = folder / "build-2000000.catena"
        if not small.exists():
            timed([tools / "graph_trace", small, "2000000"])
        built = [json.loads(subprocess.check_output([tools / "graph_build", small])) for _ in range(3)]
        rates = {key: statistics.median(b["events"] / b[key] for b in built) for key in ("build_s", "read_and_build_s")}
        print(f"graph building, one core: {rates['build_s'] / 1e6:.1f} M events/s  {verdict(rates['build_s'] >= BAR_EVENTS)} (2 M); "
              f"with reading {rates['read_and_build_s'] / 1e6:.1f} M events/s")


if __name__ == "__main__":
    main()
