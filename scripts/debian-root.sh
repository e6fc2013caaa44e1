#!/usr/bin/env bash
# debian-root.sh FOLDER RELEASE PACKAGES: makes a minimal Debian RELEASE with PACKAGES (a list with commas) in
# .lab/FOLDER/root, once, from the archive that this machine's apt uses. A minute and up to 900 MB. Delete the folder to
# have it made anew.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

root=.lab/$1/root
release=$2
packages=$3

lock
[ "$(cat "$root/.made-of" 2>/dev/null)" != "$release $packages" ] || exit 0
[ "$(id -u)" -eq 0 ] || die "debootstrap makes a Debian $release as root only: run this as root"

# The URI of Debian's own archive, as apt knows it: it has every release.
archive() {
  apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1
}

make_root() {
  rm -rf "$root" "$root.new"
  mkdir -p "$root.new"
  debootstrap --variant=minbase --include="$packages" "$release" "$root.new" "$from" || return # `step` has switched errexit off
  rm -rf "$root.new"/var/cache/apt/*.bin "$root.new"/var/cache/apt/archives/*.deb "$root.new"/var/lib/apt/lists/*
  echo "$release $packages" >"$root.new/.made-of"
  mv "$root.new" "$root"
}

from=$(archive)
if [ -z "$from" ]; then
  step 'reading the package lists' apt-get update
  from=$(archive)
fi
[ -n "$from" ] || die "apt knows no archive of Debian's: check /etc/apt/sources.list"
step "making a Debian $release in .lab/$1" make_root
