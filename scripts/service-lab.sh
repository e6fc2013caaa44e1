#!/usr/bin/env bash
# service-lab.sh package|all: what is installed on a hypervisor with systemd: the Debian package, and with `all` the
# tarball too. Expects build/ to be compiled.
set -euo pipefail
cd "$(dirname "$0")/.."

tests=(build/test/lab/service/package.service.js)
scripts/service-root.sh
scripts/deb.sh
if [ "$1" = all ]; then
  scripts/tarball.sh
  tests+=(build/test/lab/service/tarball.service.js)
fi
exec node build/test/lab/run.js --world service --jobs 1 "${tests[@]}" </dev/null
