#!/usr/bin/env bash
# deb.sh [x64|arm64]: builds dist/bondherald_VERSION_ARCH.deb from packaging/deb and what stage.sh puts together, for this
# machine's architecture or that one. The same commit gives the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh
. scripts/package.sh

root=build/package/deb

case $arch in
  x64) architecture=amd64 ;;
  *) architecture=$arch ;;
esac

# What only Debian wants, or wants elsewhere.
debianize() {
  local doc=$root/usr/share/doc/bondherald
  gzip -9n "$doc/CHANGELOG.md"
  mv "$doc/CHANGELOG.md.gz" "$doc/changelog.gz"
  cp packaging/deb/copyright "$doc/"
  mv "$root/usr/share/zsh/site-functions" "$root/usr/share/zsh/vendor-completions"
}

control() {
  mkdir -p "$root/DEBIAN"
  sed -e "s/@VERSION@/$version/" -e "s/@ARCH@/$architecture/" -e "s/@GLIBC@/$GLIBC/" \
    -e "s/@SIZE@/$(du -ks --apparent-size --exclude=DEBIAN "$root" | cut -f1)/" packaging/deb/control >"$root/DEBIAN/control"
  for script in preinst postinst prerm postrm; do
    [ ! -f "packaging/deb/$script" ] || install -m 755 "packaging/deb/$script" "$root/DEBIAN/"
  done
  install -m 644 packaging/deb/triggers "$root/DEBIAN/"
  echo /etc/bondherald/bondherald.yaml >"$root/DEBIAN/conffiles"
  (cd "$root" && find . -type f ! -path './DEBIAN/*' | sort | sed 's|^\./||' | xargs md5sum) >"$root/DEBIAN/md5sums"
}

build() {
  rm -rf "$root"
  scripts/stage.sh "$root/usr/lib/bondherald" "$arch" || return # `step` has switched errexit off
  arrange "$root" || return
  debianize || return
  control || return
  find "$root" -type d -exec chmod 755 {} +
  chmod 644 "$root"/DEBIAN/{control,conffiles,md5sums}
  dpkg-deb --root-owner-group -Zxz -z1 --build "$root" "$file.new" || return
  rm -f "$dist"/bondherald_*_"$architecture.deb"
  mv "$file.new" "$file"
  rm -rf "$root"
}

file=$dist/bondherald_${version}_$architecture.deb
scripts/runtime.sh "$arch"
lock
up_to_date "$file" && { say "$file is up to date"; exit 0; }
mkdir -p "$dist"
step 'building the Debian package' build
say "$file ($(du -h "$file" | cut -f1))"
