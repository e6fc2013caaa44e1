#!/usr/bin/env bash
# kernel-root.sh KERNEL...: makes the Debian whose User Mode Linux is that kernel, .lab/uml-KERNEL/root, once. With it
# come the iproute2, nftables and Open vSwitch of its time.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh
. scripts/packages.sh

for kernel in "$@"; do
  case $kernel in
    6.12) release=trixie ;;
    7.2) release=sid ;;
    *) die "kernel-root.sh: no such kernel: $kernel (6.12, 7.2)" ;;
  esac
  # Beside the lab's packages (tcpdump brings libpcap): what node needs, ps, and what switches the machine off.
  scripts/debian-root.sh "uml-$kernel" "$release" "${lab// /,},libstdc++6,busybox,procps,util-linux"
done
