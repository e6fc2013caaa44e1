#!/usr/bin/env bash
# rpm.sh [x64|arm64]: builds dist/bondherald-VERSION-1.ARCH.rpm from packaging/rpm and what stage.sh puts together, for this
# machine's architecture or that one, with glibc 2.28 (RHEL 8) or newer. The same commit gives the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh
. scripts/package.sh

case $arch in
  x64) architecture=x86_64 ;;
  arm64) architecture=aarch64 ;;
esac
root=build/package/rpm

build() {
  rm -rf "$root"
  scripts/stage.sh "$root/staged/usr/lib/bondherald" "$arch" || return # `step` has switched errexit off
  arrange "$root/staged" || return
  find "$root/staged" -type d -exec chmod 755 {} +
  find "$root/staged" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  sed -e "s/@VERSION@/$version/" -e "s/@GLIBC@/$GLIBC/" packaging/rpm/bondherald.spec >"$root/bondherald.spec"
  HOME=$PWD/$root rpmbuild -bb --quiet --target "$architecture-linux" --define "_topdir $PWD/$root/top" \
    --define "staged $PWD/$root/staged" "$root/bondherald.spec" || return
  rm -f "$dist"/bondherald-*."$architecture.rpm"
  mv "$root/top/RPMS/$architecture"/*.rpm "$file"
  rm -rf "$root"
}

file=$dist/bondherald-$version-1.$architecture.rpm
scripts/runtime.sh "$arch"
lock
up_to_date "$file" && { say "$file is up to date"; exit 0; }
mkdir -p "$dist"
step 'building the RPM package' build
say "$file ($(du -h "$file" | cut -f1))"
