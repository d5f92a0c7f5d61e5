#!/usr/bin/env bash
# Lines of the workspace that its tests run: a table by room, and the share of each crate.
#
#   scripts/coverage.sh                        every test of the workspace, by ./test
#   scripts/coverage.sh -p noemie-parsers      other arguments go to ./test; crates without a test run are not checked
#
# Fails when a crate is below its limit in the table LEAST_PERCENT. Unit tests are in the files that they test and are counted with them. A process that a test kills with SIGKILL writes no counters, so that lines that run only in killed processes count
# as not run.
#
# The compiler writes the counters (-C instrument-coverage), llvm-profdata and llvm-cov read them. They must be of the
# compiler's LLVM version, and are looked for in this order: LLVM_PROFDATA and LLVM_COV; rustup's component llvm-tools; Debian's
# package llvm-<version>. The script installs nothing, and prints what is missing.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Crate directory and least share of its lines, in percent.
readonly LEAST_PERCENT="parsers/src 95
xray/src 90
src 85"
# Instrumented artifacts have a directory of their own: a build with other flags would rebuild everything.
readonly TARGET=target/coverage

version=$(rustc --version --verbose | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')

# tool NAME: prints the path of the LLVM program of the compiler's version.
tool() {
    local name=$1 variable candidate
    variable=$(tr 'a-z-' 'A-Z_' <<<"$name")
    for candidate in "${!variable:-}" "$(rustc --print sysroot)"/lib/rustlib/*/bin/"$name" "$name-$version" "/usr/lib/llvm-$version/bin/$name"; do
        if [ -n "$candidate" ] && command -v "$candidate" >/dev/null; then echo "$candidate"; return; fi
    done
    echo "missing: $name $version (rustup component add llvm-tools, or apt-get install llvm-$version, or set $variable)" >&2
    return 1
}

profdata=$(tool llvm-profdata) && cov=$(tool llvm-cov) || exit 2

rm -rf "$TARGET/profiles"
mkdir -p "$TARGET/profiles"
# %p: the gateway that an end-to-end test starts is a process of its own. %m: two programs may get the same process id.
export LLVM_PROFILE_FILE="$PWD/$TARGET/profiles/%m-%p.profraw"
export CARGO_TARGET_DIR="$PWD/$TARGET" RUSTFLAGS="${RUSTFLAGS:-} -C instrument-coverage"
./test "$@"

"$profdata" merge --sparse --failure-mode=all "$TARGET"/profiles/*.profraw --output="$TARGET/merged.profdata"
# Every test program and the gateway itself: a function is found only in a program that links it.
objects=()
while read -r program; do objects+=(--object "$program"); done < <(
    find "$TARGET/debug" "$TARGET/debug/deps" -maxdepth 1 -type f -executable ! -name '*.so' ! -name 'build-script-*' | sort
)
"$cov" export --summary-only --instr-profile="$TARGET/merged.profdata" "${objects[@]}" >"$TARGET/coverage.json" 2>"$TARGET/cov.log" \
    || { cat "$TARGET/cov.log" >&2; exit 1; }

python3 - "$TARGET/coverage.json" "$LEAST_PERCENT" <<'PYTHON'
import json, os, sys
files = json.load(open(sys.argv[1]))["data"][0]["files"]
root = os.getcwd() + "/"
least = [(line.split()[0], float(line.split()[1])) for line in sys.argv[2].splitlines()]
rooms, crates = {}, {}
for file in files:
    name = file["filename"].removeprefix(root)
    crate = next((crate for crate, _ in least if name.startswith(crate + "/")), None)
    if crate is None:
        continue
    room = crate + "/" + name[len(crate) + 1:].split("/")[0].removesuffix(".rs")
    lines = file["summary"]["lines"]
    for table, key in ((rooms, room), (crates, crate)):
        covered, count = table.get(key, (0, 0))
        table[key] = (covered + lines["covered"], count + lines["count"])
for room, (covered, count) in sorted(rooms.items()):
    print(f"{100 * covered / max(count, 1):6.1f} %  {covered:6} of {count:6}  {room}")
print()
failed = False
for crate, limit in least:
    covered, count = crates.get(crate, (0, 0))
    if count == 0 or covered == 0:
        print(f"{crate}: no test was run")
        continue
    share = 100 * covered / count
    print(f"{share:6.1f} %  {covered:6} of {count:6}  {crate}" + ("" if share >= limit else f"  below {limit} %"))
    failed |= share < limit
sys.exit(1 if failed else 0)
PYTHON
