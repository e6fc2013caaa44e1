#!/usr/bin/env bash
# libvirt-lab.sh [LIBVIRT...]: the tests with real libvirt and QEMU, each time in the Debian that has them: 11.3 (libvirtd)
# or 11.3/virtqemud (the modular
# daemons, which Debian 12 has not); all by default. Expects build/ to be compiled.
set -euo pipefail
cd "$(dirname "$0")/.."

[ "$#" -gt 0 ] || set -- 11.3 11.3/virtqemud 12.8 12.8/virtqemud 9.0
status=0
for libvirt in "$@"; do
  scripts/libvirt-root.sh "${libvirt%%/*}"
  node build/test/lab/run.js --libvirt "$libvirt" --timeout 480 build/test/lab/libvirt/*.libvirt.js </dev/null || status=1
done
exit "$status"
