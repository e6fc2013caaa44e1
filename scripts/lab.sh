#!/usr/bin/env bash
# lab.sh one [ARGS...]: the lab tests, on this machine's kernel. lab.sh both: the tests of the lab itself; the lab tests on
# 6.12, whose User Mode Linux runs them a fifth faster than 6.1's; recovery on two CPUs, where races between CPUs can show;
# and what meets the differences between kernels on this machine's.
set -euo pipefail
cd "$(dirname "$0")/.."

which=$1
shift
if [ "$which" = one ]; then
  exec node build/test/lab/run.js "$@" </dev/null
fi
status=0
node --test --test-reporter=spec build/test/lab/world/worlds.test.js </dev/null || status=1
node build/test/lab/run.js --kernel 6.12 "$@" </dev/null || status=1
node build/test/lab/run.js --world smp2 build/test/lab/recovery.lab.js </dev/null || status=1
node build/test/lab/run.js build/test/lab/{mirror,failover,heard,recovery}.lab.js </dev/null || status=1
exit "$status"
