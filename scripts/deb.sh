#!/usr/bin/env bash
# Builds dist/bondherald_VERSION_ARCH.deb from packaging/deb and what stage.sh puts together. The same checkout with the
# same node gives the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh
. scripts/package.sh

root=build/package/deb
lib=$root/usr/lib/bondherald

architecture() {
  case $(node -p process.arch) in
    x64) echo amd64 ;;
    arm) echo armhf ;;
    *) node -p process.arch ;;
  esac
}

# The newest version of the C library that anything in the package asks for; pcap is optional and left out.
glibc() {
  find "$lib" \( -name node -o -name '*.node' \) -type f ! -path '*/pcap/*' -exec objdump -T {} + |
    grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1 | cut -d_ -f2
}

# Moves what stage.sh made to the places where Debian looks for it.
arrange() {
  mkdir -p "$root"/{etc/bondherald,usr/bin,usr/share/man,usr/share/doc,usr/lib/systemd/system,usr/lib/sysusers.d,usr/lib/sysctl.d}
  mkdir -p "$root"/usr/share/{bash-completion/completions,zsh/vendor-completions}
  ln -s ../lib/bondherald/bin/bondherald "$root/usr/bin/bondherald"
  mv "$lib/config/bondherald.yaml" "$root/etc/bondherald/"
  mv "$lib/man"/* "$root/usr/share/man/"
  mv "$lib/doc" "$root/usr/share/doc/bondherald"
  gzip -9n "$root/usr/share/doc/bondherald/CHANGELOG.md"
  mv "$root/usr/share/doc/bondherald/CHANGELOG.md.gz" "$root/usr/share/doc/bondherald/changelog.gz"
  cp packaging/deb/copyright "$root/usr/share/doc/bondherald/"
  mv "$lib/completion/bondherald.bash" "$root/usr/share/bash-completion/completions/bondherald"
  mv "$lib/completion/_bondherald" "$root/usr/share/zsh/vendor-completions/"
  mv "$lib/systemd/bondherald.service" "$root/usr/lib/systemd/system/"
  mv "$lib/systemd/sysusers.conf" "$root/usr/lib/sysusers.d/bondherald.conf"
  mv "$lib/systemd/sysctl.conf" "$root/usr/lib/sysctl.d/10-bondherald.conf"
  rmdir "$lib/config" "$lib/man" "$lib/completion"
}

control() {
  mkdir -p "$root/DEBIAN"
  sed -e "s/@VERSION@/$version/" -e "s/@ARCH@/$(architecture)/" -e "s/@GLIBC@/$(glibc)/" \
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
  scripts/stage.sh "$lib"
  arrange
  control
  find "$root" -type d -exec chmod 755 {} +
  chmod 644 "$root"/DEBIAN/{control,conffiles,md5sums}
  dpkg-deb --root-owner-group -Zxz -z1 --build "$root" "$file.new"
  mv "$file.new" "$file"
  rm -rf "$root"
}

file=dist/bondherald_${version}_$(architecture).deb
lock
up_to_date "$file" && { say "$file is up to date"; exit 0; }
mkdir -p dist
step 'building the Debian package' build
say "$file ($(du -h "$file" | cut -f1))"
