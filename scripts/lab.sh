#!/usr/bin/env bash
# lab.sh one [ARGS...]: the lab tests. lab.sh both: the tests of the lab itself, the lab tests, then recovery on two CPUs,
# where races between CPUs can show, and what meets the differences between kernels on another one.
set -euo pipefail
cd "$(dirname "$0")/.."

which=$1
shift
status=0
if [ "$which" = both ]; then
  node --test --test-reporter=spec build/test/lab/world/worlds.test.js </dev/null || status=1
fi
node build/test/lab/run.js "$@" </dev/null || status=1
if [ "$which" = both ]; then
  node build/test/lab/run.js --world smp2 build/test/lab/recovery.lab.js </dev/null || status=1
  node build/test/lab/run.js --kernel 6.12 build/test/lab/{mirror,failover,heard,recovery}.lab.js </dev/null || status=1
fi
exit "$status"
