"""How long the analysis of a service and all that it loads takes: the twelve of tests/services, and libc alone.

    cold       nothing is known of any file; these are in memory already
    libraries  what was found in each file is known, and the program is gone through anew (as when one of its files has changed)
    kept       the answer is known, and only looked after

Each is a whole run of `catena analyze FILE --what syscalls`, with the start of catena itself, which stands at the end. What counts is the
median. Beside it stands the time on all processors together, which other work on the machine changes less. The packages of the services have to be there: ./do services fetches them.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SERVICES = HERE.parent.parent / "tests/services"
DAEMONS = {"nginx": "nginx", "redis": "redis-server", "memcached": "memcached", "bind9": "named", "unbound": "unbound", "chrony": "chronyd",
           "ntpsec": "ntpd", "postfix": "/usr/lib/postfix/sbin/master", "exim4": "exim4", "sshd": "sshd", "lighttpd": "lighttpd",
           "haproxy": "haproxy"}
LIBC = "/lib/x86_64-linux-gnu/libc.so.6"
BARS = {"cold": 1.0, "kept": 0.05}
BAR_LIBC = 0.5
KINDS = ("cold", "libraries", "kept")


def timed(command, folder):
    """Seconds until it ended, and seconds on processors."""
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, "CATENA_ANALYSIS_CACHE": folder})
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime


def measure(catena, file, runs):
    """Seconds of each run, by kind."""
    command = [catena, "analyze", file, "--what", "syscalls"]
    found = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory(dir=".") as work:
        folder = os.path.abspath(os.path.join(work, "cache"))
        timed(command, "")  # so that its files are in memory
        for _ in range(runs):
            found["cold"].append(timed(command, folder))
            found["kept"].append(timed(command, folder))
            answers = list(pathlib.Path(folder).glob("calls-*"))
            if len(answers) != 1:
                raise SystemExit(f"the answer for {file} was not kept")
            answers[0].unlink()
            found["libraries"].append(timed(command, folder))
            shutil.rmtree(folder)
    return found


def inside(catena, file, runs):
    path = shutil.which(file) or file
    print(json.dumps({"file": path, **measure(catena, path, runs)}))


def of_service(name, catena, runs):
    words = ["python3", "-B", str(HERE), catena, "--inside", DAEMONS[name], "--runs", str(runs)]
    done = subprocess.run([SERVICES / "run", name, "--in", *words], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == 77:
        print(f"{name:<12} {done.stdout.strip()}")
        return None
    done.check_returncode()
    return json.loads(done.stdout.splitlines()[-1])


def medians(samples):
    return [statistics.median(each) * 1000 for each in zip(*samples)]


def row(name, found, bars):
    """Whether it is within the bars."""
    all_medians = {kind: medians(found[kind]) for kind in KINDS}
    over = [kind for kind, bar in bars.items() if all_medians[kind][0] > bar * 1000]
    print(f"{name:<12} " + "".join("{:7.0f} ({:4.0f}) ".format(*all_medians[kind]) for kind in KINDS) + "  " +
          ("FAIL: " + ", ".join(over) if over else "PASS"), flush=True)
    return not over


def main():
    parser = argparse.ArgumentParser(prog="./do bench analyze", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catena")
    parser.add_argument("services", nargs="*", metavar="SERVICE", help="all unless named")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--inside", metavar="FILE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    catena = os.path.abspath(options.catena)
    if options.inside:
        return inside(catena, options.inside, options.runs)
    if unknown := set(options.services) - set(DAEMONS):
        parser.error(f"no service is called {', '.join(sorted(unknown))}; there are: {', '.join(DAEMONS)}")
    print(f"{'ms':<12} " + "".join(f"{kind:>14} " for kind in KINDS) + f"  bars: cold {BARS['cold']:.1f} s, kept {BARS['kept'] * 1000:.0f} ms, "
          f"libc cold {BAR_LIBC:.1f} s", flush=True)
    passed = [row("libc alone", measure(catena, LIBC, options.runs), {"cold": BAR_LIBC, "kept": BARS["kept"]})]
    for name in options.services or DAEMONS:
        if found := of_service(name, catena, options.runs):
            passed.append(row(name, found, BARS))
    start = medians([timed([catena, "--version"], "") for _ in range(max(options.runs, 11))])
    print("catena --version, which works nothing out: {:.0f} ({:.0f})".format(*start))
    print("load of the machine meanwhile: {:.1f}, on {} processors".format(os.getloadavg()[0], os.cpu_count()))
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
