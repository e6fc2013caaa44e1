#!/usr/bin/env bash
# ESLint, Prettier, the figures of src/, and the lock file, which must work with any registry.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

status=0
node_modules/.bin/eslint --max-warnings 0 . & # one CPU for each of the two
eslint=$!
node_modules/.bin/prettier --log-level warn --check . || {
  say 'run `make format`'
  status=1
}
wait "$eslint" || status=1
node lint/house.js || status=1
if grep -n '"resolved"' package-lock.json; then
  say 'package-lock.json names a registry: npm install --omit-lockfile-registry-resolved, or take the "resolved" lines out'
  status=1
fi
exit "$status"
