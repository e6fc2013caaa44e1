#!/usr/bin/env bash
# debian-root.sh FOLDER RELEASE PACKAGES [MORE]: makes a minimal Debian RELEASE with PACKAGES (a list with commas) in
# .lab/FOLDER/root, once, from the archive that this machine's apt uses. A minute and up to 900 MB. Delete the folder to
# have it made anew. MORE (a list with commas) is installed by that Debian's own apt afterwards: debootstrap does not
# find an order for everything that depends on systemd.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

root=.lab/$1/root
release=$2
packages=$3
more=${4:-}
made_of="$release $packages${more:+ $more}"

lock
[ "$(cat "$root/.made-of" 2>/dev/null)" != "$made_of" ] || exit 0
[ "$(id -u)" -eq 0 ] || die "debootstrap makes a Debian $release as root only: run this as root"

# The URI of Debian's own archive, as apt knows it: it has every release.
archive() {
  apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1
}

# In a chroot: no service is to be started.
install_more() {
  printf '#!/bin/sh\nexit 101\n' >"$root.new/usr/sbin/policy-rc.d"
  chmod 755 "$root.new/usr/sbin/policy-rc.d"
  unshare --mount --pid --fork sh -ec '
    mount -t proc proc "$1/proc"
    export DEBIAN_FRONTEND=noninteractive
    chroot "$1" apt-get -q -o Acquire::Check-Valid-Until=false update # debootstrap does not check that either
    chroot "$1" apt-get -qy --no-install-recommends install $2' sh "$root.new" "${more//,/ }" || return
  rm "$root.new/usr/sbin/policy-rc.d"
}

make_root() {
  rm -rf "$root" "$root.new"
  mkdir -p "$root.new"
  debootstrap --variant=minbase --include="$packages" "$release" "$root.new" "$from" || return # `step` has switched errexit off
  [ -z "$more" ] || install_more || return
  rm -rf "$root.new"/var/cache/apt/*.bin "$root.new"/var/cache/apt/archives/*.deb "$root.new"/var/lib/apt/lists/*
  echo "$made_of" >"$root.new/.made-of"
  mv "$root.new" "$root"
}

from=$(archive)
if [ -z "$from" ]; then
  step 'reading the package lists' apt-get update
  from=$(archive)
fi
[ -n "$from" ] || die "apt knows no archive of Debian's: check /etc/apt/sources.list"
step "making a Debian $release in .lab/$1" make_root
