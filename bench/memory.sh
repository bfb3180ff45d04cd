#!/usr/bin/env bash
# What a recorder holds in memory while very many short processes run: bench/memory.sh CATENA [PROCESSES]
#
# Prints its peak (VmHWM, with the two mappings of the ring buffer and the pages of libduckdb.so) and its own pages (RssAnon), in
# MB, every ten seconds and at the end. They are to stay below 128 MB, and flat.
set -euo pipefail
catena=$(realpath "$1")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cc -O2 -o "$work/storm" "$here/storm.c"

"$catena" record -o "$work/trace.catena" -- "$work/storm" "${2:-1000000}" &
recorder=$!
last=
for ((tenths = 0; ; tenths++)); do
    now=$(awk '/^VmHWM|^RssAnon/ { printf "%s %.0f  ", $1, $2 / 1024 }' "/proc/$recorder/status" 2>/dev/null) || break
    [[ -n $now ]] || break
    last=$now
    ((tenths % 100)) || printf '%3d s  %s\n' $((tenths / 10)) "$now"
    sleep 0.1
done
wait "$recorder"
printf '  end  %s recording %d bytes\n' "$last" "$(stat -c %s "$work/trace.catena")"
