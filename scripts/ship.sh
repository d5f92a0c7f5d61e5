#!/usr/bin/env bash
# Builds the binary that is shipped, stripped, and its debug file.
#
#   scripts/ship.sh [DIR]        default target/ship
#
# DIR/noemie-gateway         the program, without line tables and without symbols
# DIR/noemie-gateway.debug   line tables and symbols: put the file beside the program, or under /usr/lib/debug/<directory of the program>/,
#                            and backtraces, gdb and perf name functions and lines again. The program holds the name and
#                            the checksum of this file, so that the debug file of another build is refused.
#
# Needs objcopy (binutils), which comes with every C compiler of Debian.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly DIR=${1:-target/ship} NAME=noemie-gateway
command -v objcopy >/dev/null || { echo "no objcopy: install binutils" >&2; exit 2; }

cargo build --profile shipped --locked --bin "$NAME"
BUILT=$(realpath "${CARGO_TARGET_DIR:-target}/shipped/$NAME")
mkdir -p "$DIR"
objcopy --only-keep-debug --compress-debug-sections "$BUILT" "$DIR/$NAME.debug"
chmod 0644 "$DIR/$NAME.debug"
# `--add-gnu-debuglink` stores the file's name without its directory, and reads the file from the current directory.
(cd "$DIR" && objcopy --strip-all --add-gnu-debuglink="$NAME.debug" "$BUILT" "$NAME")
printf '%s: %s bytes, %s\n' "$DIR/$NAME" "$(wc -c <"$DIR/$NAME")" "$DIR/$NAME.debug: $(wc -c <"$DIR/$NAME.debug") bytes" >&2
