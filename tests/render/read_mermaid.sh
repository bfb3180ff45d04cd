#!/usr/bin/env bash
# read_mermaid.sh MERMAID FOLDER…: read_mermaid.mjs, where Node.js and Mermaid are there.
set -euo pipefail
skip() { echo "skipped: $*"; exit 77; }
command -v node >/dev/null || skip "Node.js is not installed"
[[ -f $1/mermaid.esm.min.mjs ]] || skip "$1 holds no Mermaid: ./do setup fetches it"
exec node "$(dirname "$0")/read_mermaid.mjs" "$@"
