#!/usr/bin/env python3
"""servers.py nginx|redis FILE FOLDER AMOUNT: starts a server on the loopback, runs its load generator, ends both.

This whole script is what runs under a recorder, so server and client are both recorded. It only waits itself. FILE gets two numbers: the
seconds that the work took by the load generator's own account (for nginx: that 100,000 requests would take at the rate of AMOUNT
seconds; for redis: that AMOUNT requests took), and the seconds for which the load generator ran.
"""

import csv
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

NGINX_CONFIG = """\
daemon off;
user root;
worker_processes 1;
pid {work}/nginx.pid;
error_log {work}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log {work}/access.log;
    client_body_temp_path {work}/t1; proxy_temp_path {work}/t2; fastcgi_temp_path {work}/t3; uwsgi_temp_path {work}/t4; scgi_temp_path {work}/t5;
    keepalive_requests 1000000000;
    server {{ listen 127.0.0.1:{port}; root {work}/www; }}
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_open(server, port):
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up:
        if server.poll() is not None:
            sys.exit(f"{server.args[0]} ended at once, with exit code {server.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)  # a server on a port has no other way to say that it is ready
    sys.exit(f"{server.args[0]} does not listen on port {port}")


def with_server(command, port, load):
    """Runs `load` while the server is there; returns what it printed and the seconds it took."""
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        wait_until_open(server, port)
        began = time.monotonic()
        done = subprocess.run(load, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        wall = time.monotonic() - began
        if done.returncode != 0:
            sys.exit(f"{load[0]} failed with exit code {done.returncode}: {done.stderr or done.stdout}")
        return done.stdout, wall
    finally:
        server.terminate()
        server.wait()


def nginx(work, amount):
    port = free_port()
    (work / "www").mkdir()
    (work / "www" / "index.html").write_text("<p>" + "catena " * 85 + "</p>\n")
    config = work / "nginx.conf"
    config.write_text(NGINX_CONFIG.format(work=work, port=port))
    printed, wall = with_server(["nginx", "-c", str(config), "-e", str(work / "error.log")], port,
                                ["wrk", "-t", "1", "-c", "32", "-d", f"{amount}s", f"http://127.0.0.1:{port}/"])
    if "Non-2xx" in printed:
        sys.exit(f"nginx did not serve the page:\n{printed}")
    return 100_000 / float(re.search(r"Requests/sec:\s*([0-9.]+)", printed).group(1)), wall


def redis(work, amount):
    port = free_port()
    kinds = ["set", "get"]
    printed, wall = with_server(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                                 "--daemonize", "no", "--dir", str(work)], port,
                                ["redis-benchmark", "-p", str(port), "-n", str(amount // len(kinds)), "-q", "--csv", "-t", ",".join(kinds)])
    rows = [row for row in csv.reader(printed.splitlines()) if row and row[0].lower() in kinds]
    if len(rows) != len(kinds):
        sys.exit(f"redis-benchmark printed something else than was expected:\n{printed}")
    return sum(amount / len(kinds) / float(row[1]) for row in rows), wall


def main():
    if len(sys.argv) != 5 or sys.argv[1] not in ("nginx", "redis"):
        sys.exit("usage: servers.py nginx|redis FILE FOLDER AMOUNT")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # not without ending the server
    seconds, wall = {"nginx": nginx, "redis": redis}[sys.argv[1]](pathlib.Path(sys.argv[3]), int(sys.argv[4]))
    pathlib.Path(sys.argv[2]).write_text(f"{seconds:.6f} {wall:.6f}\n")


if __name__ == "__main__":
    main()
