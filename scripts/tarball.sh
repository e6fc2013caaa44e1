#!/usr/bin/env bash
# tarball.sh [x64|arm64]: builds dist/bondherald-VERSION-linux-ARCH.tar.xz: what the Debian package has, with install.sh, for any other Linux
# with systemd. It also runs from where it is unpacked: bin/bondherald.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh
. scripts/package.sh

name=bondherald-$version-linux-$arch
file=$dist/$name.tar.xz
root=build/package/$name

build() {
  scripts/stage.sh "$root" "$arch" || return # `step` has switched errexit off
  install -m 755 packaging/tarball/install.sh packaging/tarball/uninstall.sh "$root/"
  tar -c -C build/package --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" "$name" |
    xz -1 -T1 >"$file.new" || return
  rm -f "$dist"/bondherald-*-linux-"$arch".tar.xz
  mv "$file.new" "$file"
  rm -rf "$root"
}

scripts/runtime.sh "$arch"
lock
up_to_date "$file" && { say "$file is up to date"; exit 0; }
mkdir -p "$dist"
step 'building the tarball' build
say "$file ($(du -h "$file" | cut -f1))"
