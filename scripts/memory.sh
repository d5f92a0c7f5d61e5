#!/usr/bin/env bash
# Peak memory of `validate` must not depend on the size of the file, and its time must be linear.
#
#   scripts/memory.sh [SMALL_MB] [LARGE_MB]        default 1 and 1000
#
# Generates files in a directory of its own, one large file at a time, and removes the directory at the end, also after a failure. Fails when the peak of the large
# file is more than 32 MiB above that of the small one. Prints the ratio of the times of the large file and of half of it: CPU time (user and
# system), because wall time on a shared machine depends on other programs.
set -euo pipefail
# Numbers are printed with a decimal point in every locale.
export LC_ALL=C

cd "$(dirname "$0")/.."
bin=${GATEWAY_BIN:-target/release/noemie-gateway}
small_mb=${1:-1}
large_mb=${2:-1000}
# Approximate bytes of an invoice of the mixed profile: the generator takes a number of invoices.
invoice_bytes=1377
margin_kib=$((32 * 1024))

[ -x "$bin" ] || { echo "no $bin: cargo build --release first, or set GATEWAY_BIN" >&2; exit 2; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
free_mb=$(df -Pm "$dir" | awk 'NR == 2 { print $4 }')
need_mb=$((large_mb + large_mb / 5))
[ "$free_mb" -ge "$need_mb" ] || { echo "needs $need_mb MB in $dir, $free_mb free" >&2; exit 2; }

# measure MB: generates a file of that size, validates it, leaves `peak` (KiB), `seconds` (CPU) and `bytes`.
measure() {
    local file="$dir/$1.b2" invoices=$(($1 * 1000000 / invoice_bytes))
    "$bin" generate --norm dre --invoices "$invoices" --seed 1 -o "$file" 2>"$dir/generate.log" || { cat "$dir/generate.log" >&2; exit 1; }
    bytes=$(wc -c <"$file")
    if [ -x /usr/bin/time ]; then
        /usr/bin/time -f '%M %U %S' -o "$dir/time" "$bin" validate --format json "$file" >"$dir/report"
        read -r peak user system <"$dir/time"
    else
        # /proc has the peak memory of a process until it ends: the last value read is the peak, except for the last instants.
        local before after
        before=$(times | awk 'NR == 2')
        "$bin" validate --format json "$file" >"$dir/report" &
        local pid=$!
        peak=0
        while kill -0 "$pid" 2>/dev/null; do
            peak=$(awk '/VmHWM/ { print $2 }' "/proc/$pid/status" 2>/dev/null || true)
            [ -n "$peak" ] && echo "$peak" >"$dir/peak"
            sleep 0.005
        done
        wait "$pid"
        peak=$(cat "$dir/peak")
        after=$(times | awk 'NR == 2')
        read -r user system < <(echo "$before $after" | tr -d 's' | awk '{ split($1,a,"m"); split($2,b,"m"); split($3,c,"m"); split($4,d,"m");
            print c[1]*60+c[2]-a[1]*60-a[2], d[1]*60+d[2]-b[1]*60-b[2] }')
    fi
    grep -q '"verdict":"accepted"' "$dir/report" || { echo "the generated file is not accepted" >&2; exit 1; }
    seconds=$(awk -v u="$user" -v s="$system" 'BEGIN { print u + s }')
    rm -f "$file"
    echo "$bytes bytes: peak $peak KiB, $seconds s of CPU"
}

measure "$small_mb"; small_peak=$peak
measure $((large_mb / 2)); half_seconds=$seconds half_bytes=$bytes
measure "$large_mb"; large_peak=$peak

awk -v h="$half_seconds" -v l="$seconds" -v hb="$half_bytes" -v lb="$bytes" \
    'BEGIN { if (h > 0) printf "%.2f x the bytes took %.2f x the time (2.1 x wanted)\n", lb / hb, l / h }'
grown=$((large_peak - small_peak))
echo "peak grew by $grown KiB ($margin_kib KiB allowed)"
[ "$grown" -le "$margin_kib" ] || { echo "memory grows with the file" >&2; exit 1; }
