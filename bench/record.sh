#!/usr/bin/env bash
# What recording costs the program that is recorded: bench/record.sh CATENA [RUNS]
#
# Each workload runs RUNS times (5) with nothing and as often under `catena record`, by turns, so that whatever else the machine
# does hits both. What is timed is the workload itself, from inside, not the start and the end of the recorder. Prints a Markdown
# table of medians, and what the recordings held.
set -euo pipefail
catena=$(realpath "$1")
runs=${2:-5}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cc -O2 -o "$work/one_byte_io" "$here/one_byte_io.c"

# timed FILE COMMAND…: how a shell runs the command and adds its seconds to FILE; an argument list for "$@".
readonly timed='TIMEFORMAT=%3R; { time "${@:1}" >/dev/null 2>&1; } 2>>"$0"'
median() { sort -n "$1" | sed -n "$(((runs + 1) / 2))p"; }
# number SQL: the one number that it yields for the last recording.
number() { "$catena" query --format csv "$work/trace.catena" "$1" | tail -n 1; }
total() { number "select sum(v) from (select arg_max($1, ts_ns) as v from loss group by cpu)"; }

measure() { # measure TITLE COMMAND…
    local title=$1 i
    shift
    rm -f "$work/alone" "$work/recorded"
    for ((i = 0; i < runs; i++)); do
        bash -c "$timed" "$work/alone" "$@"
        "$catena" record -o "$work/trace.catena" -- bash -c "$timed" "$work/recorded" "$@"
    done
    local alone recorded
    alone=$(median "$work/alone") recorded=$(median "$work/recorded")
    awk -v title="$title" -v alone="$alone" -v recorded="$recorded" -v seen="$(total seen)" -v stored="$(total stored)" \
        -v lost="$(total lost)" -v bytes="$(stat -c %s "$work/trace.catena")" 'BEGIN {
            printf "| %s | %.2f | %.2f | %.2f | %d | %d | %.0f | %d | %.1f |\n",
                title, alone, recorded, recorded / alone, seen, stored, seen / recorded, lost, bytes / 1e6 }'
}

printf '| workload | alone, s | recorded, s | ratio | calls seen | events stored | seen/s | lost | recording, MB |\n'
printf '|---|---|---|---|---|---|---|---|---|\n'
measure '2 M one-byte reads and writes' "$work/one_byte_io"
measure 'find /usr -type f' find /usr -type f
measure '1,500 × /bin/echo from a shell' bash -c 'for ((i = 0; i < 1500; i++)); do /bin/echo; done'
printf '\nMedians of %d runs; %s, %d cores, Linux %s.\n' "$runs" "$(date -u +%F)" "$(nproc)" "$(uname -r)"
