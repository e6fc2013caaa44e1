#!/usr/bin/env bash
# Makes the Debian that the service lab boots, .lab/service/root, once: this machine's own release, from the archive that
# its apt uses. Half a minute and 250 MB. Delete the folder to have it made anew.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

root=.lab/service/root
# libpcap is for the tests, which run in there too.
packages=systemd,systemd-sysv,dbus,iproute2,procps,kmod,xz-utils,libpcap0.8
release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")

lock
[ "$(cat "$root/.made-of" 2>/dev/null)" != "$release $packages" ] || exit 0
[ "$(id -u)" -eq 0 ] || die 'debootstrap makes the Debian of the service lab as root only: run this as root'
[ -n "$release" ] || die 'the service lab needs a Debian: /etc/os-release has no VERSION_CODENAME'

# The URI of Debian's own archive, as apt knows it.
archive() {
  apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Origin: Debian' 'Label: Debian' \
    "Codename: $release" | head -n 1
}

make_root() {
  rm -rf "$root" "$root.new"
  mkdir -p "$root.new"
  debootstrap --variant=minbase --include="$packages" "$release" "$root.new" "$from"
  rm -rf "$root.new"/var/cache/apt/*.bin "$root.new"/var/cache/apt/archives/*.deb "$root.new"/var/lib/apt/lists/*
  echo "$release $packages" >"$root.new/.made-of"
  mv "$root.new" "$root"
}

from=$(archive)
if [ -z "$from" ]; then
  step 'reading the package lists' apt-get update
  from=$(archive)
fi
[ -n "$from" ] || die "apt knows no archive with Debian $release: check /etc/apt/sources.list"
step "making a Debian $release for the service lab" make_root
