#!/usr/bin/env bash
# Makes the Debian that the service lab boots, .lab/service/root, once: this machine's own release.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
[ -n "$release" ] || die 'the service lab needs a Debian: /etc/os-release has no VERSION_CODENAME'
# libpcap is for the tests, which run in there too; rpm installs the RPM package.
scripts/debian-root.sh service "$release" systemd,systemd-sysv,dbus,iproute2,procps,kmod,xz-utils,libpcap0.8,rpm
