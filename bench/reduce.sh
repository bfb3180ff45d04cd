#!/bin/bash
# What catena reduce takes and gives, by each rule: rows and bytes before and after, events a second, memory, and its time as a ratio
# to that of reading the same recording once in order of time.
#
#   bench/reduce.sh CATENA [TRACE]     TRACE: a recording; else the stretch trace of CADETS (../shared/data, or $CATENA_TEST_DATA)
set -euo pipefail

case ${2:-} in -h | --help)
    sed -n '2,6s/^# \?//p' "$0"
    exit
    ;;
esac
catena=$(realpath "$1")
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

trace=${2:-$directory/stretch.catena}
if [[ -z ${2:-} ]]; then
    log=${CATENA_TEST_DATA:-../shared/data}/cadets-e1-stretch/stretch.json.xz
    [[ -e $log ]] || { echo "$log is not there: name a recording, or set CATENA_TEST_DATA" >&2; exit 1; }
    "$catena" import cadets "$log" -o "$trace" 2>"$directory/said" || { cat "$directory/said" >&2; exit 1; }
fi

# Seconds and KiB of a command, the fastest of three.
measure() {
    local best= run
    for run in 1 2 3; do
        rm -f "$directory/out.catena"
        /usr/bin/env time -f '%e %M' -o "$directory/time" "$@" >"$directory/said"
        if [[ -z $best ]] || (($(echo "$(cut -d' ' -f1 "$directory/time") < ${best% *}" | bc))); then best=$(<"$directory/time"); fi
    done
    echo "$best"
}
value() { "$catena" query "$1" --format csv "$2" | tail -n +2; }

read -r reading _ <<<"$(measure "$catena" query "$trace" "SELECT max(hash(e)) FROM (SELECT * FROM events ORDER BY ts_ns, id) e")"
before=$(value "$trace" "SELECT count(*) FROM events")
bytes=$(stat -c %s "$trace")
echo "$before events, $bytes bytes; to read them in order takes $reading s"
printf '%-5s %10s %8s %10s %8s %9s %12s %8s\n' rule events factor bytes factor "events/s" "× reading" MiB
for rule in cpr fd sd; do
    read -r seconds kib <<<"$(measure "$catena" reduce "$trace" -o "$directory/out.catena" --rule $rule)"
    after=$(value "$directory/out.catena" "SELECT count(*) FROM events")
    small=$(stat -c %s "$directory/out.catena")
    awk -v rule=$rule -v b="$before" -v a="$after" -v B="$bytes" -v A="$small" -v s="$seconds" -v r="$reading" -v k="$kib" \
        'BEGIN { printf "%-5s %10d %7.2f× %10d %7.2f× %9d %11.1f× %8d\n", rule, a, b / a, A, B / A, b / s, s / r, k / 1024 }'
done
