#!/usr/bin/env bash
# Compiles src/ and test/ to build/, bundles the program to build/program, and removes from there what has no source any more: a deleted test must not run on.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

stamp=build/.stamp
started=build/.started

# A folder's own time changes when a file in it is added, renamed or removed.
up_to_date() {
  [ -f "$stamp" ] && [ -z "$(find src test tsconfig.json package-lock.json scripts/build.sh scripts/bundle.js -newer "$stamp" -print -quit)" ]
}

prune() {
  local output source
  find build/src build/test -name '*.js' | while IFS= read -r output; do
    source=${output#build/}
    [ -f "${source%.js}.ts" ] || rm -f "$output" "$output.map"
  done
}

lock
! up_to_date || exit 0
mkdir -p build/src build/test
rm -f "$stamp"
touch "$started"
prune
step 'compiling' node_modules/.bin/tsc -p tsconfig.json
step 'bundling' node scripts/bundle.js
mv "$started" "$stamp"
