#!/usr/bin/env bash
# lab.sh one [ARGS...]: the lab tests, on this machine's kernel. lab.sh both: the tests of the lab itself; the lab tests on
# 6.12, whose User Mode Linux runs them a fifth faster than 6.1's; recovery on two CPUs, where races between CPUs can show;
# and what meets the differences between kernels on this machine's.
set -euo pipefail
cd "$(dirname "$0")/.."

which=$1
shift
lab() { node build/test/lab/run.js "$@" </dev/null; }

if [ "$which" = one ]; then
  lab "$@"
  exit
fi
status=0
node --test --test-reporter=spec build/test/lab/world/worlds.test.js </dev/null || status=1
lab --kernel 6.12 "$@" || status=1
lab --world smp2 build/test/lab/recovery.lab.js || status=1
lab build/test/lab/{mirror,failover,heard,recovery}.lab.js || status=1
exit "$status"
