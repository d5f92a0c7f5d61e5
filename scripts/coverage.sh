#!/usr/bin/env bash
# Lines of parsers/src that the tests of the parsers run: a table by file, and the share of all of them.
#
#   scripts/coverage.sh [LEAST_PERCENT]        95 when not given; fails below
#
# Installs nothing: says what is missing. Unit tests stand beside the code they test and are counted with it.
set -euo pipefail
cd "$(dirname "$0")/.."
least=${1:-95}

missing=()
cargo llvm-cov --version >/dev/null 2>&1 || missing+=("cargo install cargo-llvm-cov --locked")
# The tools of LLVM must be those of the compiler: they come with it.
compgen -G "$(rustc --print sysroot)/lib/rustlib/*/bin/llvm-profdata" >/dev/null || missing+=("rustup component add llvm-tools")
if [ ${#missing[@]} -gt 0 ]; then
    printf 'missing: %s\n' "${missing[@]}" >&2
    exit 2
fi

# The corpus and a few mutations are enough: what they run does not depend on the time they are given.
FUZZ_SECONDS=${FUZZ_SECONDS:-2} cargo llvm-cov --package noemie-parsers --locked --fail-under-lines "$least" "${@:2}"
