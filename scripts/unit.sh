#!/usr/bin/env bash
# Runs the unit tests: quiet when they pass, the failures when they do not, and a closing line with the counts.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# node --test expands no ** before Node 21. The tests of the lint rules are JavaScript and run where they stand.
shopt -s globstar nullglob
files=(build/test/{unit,support,lab/net}/**/*.test.js build/test/lab/world/transcript.test.js test/unit/**/*.test.js)
[ "${#files[@]}" -gt 0 ] || die 'no unit tests found'

count() { sed -n "s/^ℹ $1 //p" "$log" | tail -n 1; }

status=0
# Its own choice is one process less than there are CPUs: on two CPUs, one.
node --enable-source-maps --test --test-concurrency="$(nproc)" --test-reporter=spec "${files[@]}" </dev/null >"$log" 2>&1 || status=$?
if [ "$status" -ne 0 ]; then
  sed -n '/^✖ failing tests:/,$p' "$log"
  grep -q '^✖ failing tests:' "$log" || cat "$log"
fi
passed=$(count pass) failed=$(count fail) cancelled=$(count cancelled) skipped=$(count skipped)
[ -n "$passed" ] || die 'the test runner ended without its counts'
if [ "$skipped" -gt 0 ]; then
  say "$skipped unit tests were skipped: a test that cannot run must fail"
  status=1
fi
printf 'unit: %d passed, %d failed, %d skipped\n' "$passed" "$((failed + cancelled))" "$skipped"
[ "$status" -eq 0 ] && [ "$passed" -gt 0 ]
