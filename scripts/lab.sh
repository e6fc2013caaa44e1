#!/usr/bin/env bash
# lab.sh one [ARGS...]: the lab tests. lab.sh both: these, then recovery on two CPUs, where races between CPUs can show.
set -euo pipefail
cd "$(dirname "$0")/.."

which=$1
shift
status=0
node build/test/lab/run.js "$@" </dev/null || status=1
if [ "$which" = both ]; then
  node build/test/lab/run.js --world smp2 build/test/lab/recovery.lab.js </dev/null || status=1
fi
exit "$status"
