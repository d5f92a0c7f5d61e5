#!/usr/bin/env bash
# Prints the instructions of the readers by function, as callgrind counts them: the counts do not depend on the load of the machine.
#
#   scripts/profile.sh [WORK...]        decode_constants decode_by_hand b2_blocks noemie_lines by default
#
# The works are those of parsers/benches/debit/profil.rs; only the reading is counted, not the building of the file. Inlined code counts for the function that holds it. Needs valgrind.
set -euo pipefail
export LC_ALL=C

cd "$(dirname "$0")/.."
shown=${SHOWN:-12}
[ $# -gt 0 ] || set -- decode_constants decode_by_hand b2_blocks noemie_lines

command -v valgrind >/dev/null || { echo "needs valgrind" >&2; exit 2; }
bin=$(cargo bench -p noemie-parsers --bench profil --no-run 2>&1 | sed -n 's/.*Executable.*(\(.*\))$/\1/p')
[ -x "$bin" ] || { echo "the bench profil was not built: cargo bench -p noemie-parsers --bench profil --no-run" >&2; exit 2; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

for work in "$@"; do
    valgrind --tool=callgrind --callgrind-out-file="$dir/counts" --toggle-collect='profil::mesurer*' "$bin" "$work" >"$dir/said" 2>"$dir/log" \
        || { cat "$dir/log" >&2; exit 1; }
    bytes=$(sed -n 's/^.*: \([0-9]*\) bytes.*/\1/p' "$dir/said")
    [ -n "$bytes" ] || { echo "no work is called $work" >&2; exit 2; }
    # A line of callgrind is a function in one source file: "N (p%)  file:function [object]". No path has a colon.
    callgrind_annotate --threshold=100 --auto=no "$dir/counts" | awk -v work="$work" -v bytes="$bytes" '
        !/^ *[0-9,]+ \(/ { next }
        { n = $1; gsub(",", "", n) }
        /PROGRAM TOTALS/ { printf "%s: %d bytes, %d instructions, %.1f a byte\n", work, bytes, n, n / bytes; total = n; next }
        { name = $0; sub(/^[^:]*:/, "", name); sub(/ \[[^]]*\]$/, "", name); count[name] += n }
        END { for (name in count) printf "%5.1f %%  %s\n", 100 * count[name] / total, name | "sort -rn" }
    ' >"$dir/table"
    head -n "$((shown + 1))" "$dir/table"
done
