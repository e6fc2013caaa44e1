#!/usr/bin/env bash
# libvirt-lab.sh [VERSION...]: the tests with real libvirt and QEMU, each time in the Debian that has them; 11.3, 12.8 and
# 9.0 by default. Expects build/ to be compiled.
set -euo pipefail
cd "$(dirname "$0")/.."

[ "$#" -gt 0 ] || set -- 11.3 12.8 9.0
status=0
for version in "$@"; do
  scripts/libvirt-root.sh "$version"
  node build/test/lab/run.js --libvirt "$version" --timeout 480 build/test/lab/libvirt/*.libvirt.js </dev/null || status=1
done
exit "$status"
