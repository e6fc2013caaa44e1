#!/usr/bin/env bash
# The service lab: the package as it is installed on a hypervisor with systemd. Expects build/ to be compiled.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/service-root.sh
scripts/deb.sh
exec node build/test/lab/run.js --world service build/test/lab/service/*.service.js </dev/null
