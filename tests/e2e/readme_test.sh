#!/usr/bin/env bash
# Does the README keep its word? readme_test.sh SOURCE COUNT_OPS
#
# Clones the repository (with what is not committed yet), runs the commands of the README's first code block in the clone, and
# looks at what they print and leave: the chain names the attacker and the secret; Catena and DuckDB count the same.
set -euo pipefail
source=$1 count_ops=$2

skip() { echo "skipped: $*"; exit 77; }
fail() { echo "FAILED: $*" >&2; exit 1; }
[[ $EUID == 0 ]] || skip "recording needs root"
git -C "$source" rev-parse --git-dir >/dev/null 2>&1 || skip "$source is not a git repository"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
clone=$work/catena

git clone -q "$source" "$clone"
(cd "$source" && git ls-files -z -co --exclude-standard | while IFS= read -r -d '' file; do
    if [[ -e $file || -L $file ]]; then printf '%s\0' "$file"; else rm -f "$clone/$file"; fi
done | tar -c --null -T -) | tar -x -C "$clone"
cd "$clone"

mapfile -t commands < <(sed -n '/^```sh$/,/^```$/p' README.md | sed -e '/^```$/q' | sed -e '/^```/d' -e 's/ *#.*//' -e '/^$/d')
[[ ${#commands[@]} == 2 ]] || fail "the README's first code block holds ${#commands[@]} commands, not two"
export CATENA_E2E=1
for command in "${commands[@]}"; do
    echo "== $command"
    status=0
    bash -c "$command" </dev/null >"$work/printed" 2>"$work/said" || status=$?
    [[ $status == 0 ]] || { cat "$work/said" "$work/printed"; fail "$command: code $status"; }
    cat "$work/printed" >>"$work/all"
done

require() { grep -q -F -- "$1" "$work/all" || { cat "$work/all"; fail "nothing printed names $1"; }; }
require 203.0.113.66
require customers.csv
require lighttpd
require '100% tests passed'
# The story begins where the attack did, however its lines are broken.
tr '\n' ' ' <"$work/all" | grep -q -E 'can have come from (a connection from )?203\.0\.113\.66:.{0,60}lighttpd \(pid' ||
    { cat "$work/all"; fail "the first sentence does not say that the attacker told lighttpd"; }

echo "== counts"
sql="select op::varchar as op, count(*) as n from events group by op order by op::varchar"
build/release/catena query --format csv run.catena "$sql" | tail -n +2 | tr ',' '\t' >"$work/ours"
"$count_ops" run.catena >"$work/theirs"
[[ -s $work/ours ]] || fail "the recording is empty"
diff "$work/ours" "$work/theirs" || fail "catena query and DuckDB count differently"

echo "== ./do run -- COMMAND"
./do run -- cp /etc/hostname "$work/copied" >"$work/touched"
cat "$work/touched"
grep -q -F "$work/copied" "$work/touched" || fail "the summary does not name the file that was written"
grep -q -F /etc/hostname "$work/touched" || fail "the summary does not name the file that was read"
status=0
./do run -- sh -c 'exit 7' >"$work/touched" || status=$?
[[ $status == 7 ]] || fail "the recorded command's exit code 7 became $status"
