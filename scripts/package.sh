# Sourced by deb.sh, rpm.sh and tarball.sh: the version, the architecture, the time that all files get, and whether there is anything to do.

# Node's name of the architecture: x64 or arm64.
arch=${1:-$(node -p process.arch)}

# Packages for this machine land in dist/, others in a folder of their own there.
dist=dist
[ "$arch" = "$(node -p process.arch)" ] || dist=dist/$arch

# The oldest C library that everything in a package runs with, RHEL 8's; stage.sh holds every binary to it.
GLIBC=2.28

# The last commit's time, so that the same commit gives the same package; without git, the changelog's.
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)
fi
export SOURCE_DATE_EPOCH

# What is no release, a clean checkout of the tag vVERSION, has the time and the name of its commit in its version.
version_of_checkout() {
  local release commit
  release=$(node -p 'require("./package.json").version')
  commit=$(git rev-parse --short=9 HEAD 2>/dev/null) || { echo "$release"; return; }
  [ -z "$(git status --porcelain --untracked-files=no)" ] || commit=$commit.changed
  if [ "$(git describe --exact-match --match "v$release" 2>/dev/null)" = "v$release" ] && [[ $commit != *.changed ]]; then
    echo "$release"
  else
    echo "$release+$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M).g$commit"
  fi
}
version=$(version_of_checkout)

# up_to_date FILE: whether nothing that goes into FILE is newer than it.
up_to_date() {
  [ -f "$1" ] && [ "build/package/runtime-$arch" -ot "$1" ] &&
    [ -z "$(find build/program bin systemd packaging docs config scripts package.json package-lock.json README.md CHANGELOG.md LICENSE -newer "$1" -print -quit)" ]
}

# arrange ROOT: moves what stage.sh made in ROOT/usr/lib/bondherald to the places where distributions look for it.
arrange() {
  local usr=$1/usr lib=$1/usr/lib/bondherald
  mkdir -p "$1/etc/bondherald" "$usr"/{bin,share/man,share/doc,share/bash-completion/completions,share/zsh/site-functions}
  mkdir -p "$usr"/lib/{systemd/system,systemd/network,sysusers.d,sysctl.d,NetworkManager/conf.d}
  ln -s ../lib/bondherald/bin/bondherald "$usr/bin/bondherald"
  mv "$lib/config/bondherald.yaml" "$1/etc/bondherald/"
  mv "$lib/man"/* "$usr/share/man/"
  mv "$lib/doc" "$usr/share/doc/bondherald"
  mv "$lib/completion/bondherald.bash" "$usr/share/bash-completion/completions/bondherald"
  mv "$lib/completion/_bondherald" "$usr/share/zsh/site-functions/"
  mv "$lib/systemd/bondherald.service" "$usr/lib/systemd/system/"
  mv "$lib/systemd/sysusers.conf" "$usr/lib/sysusers.d/bondherald.conf"
  mv "$lib/systemd/sysctl.conf" "$usr/lib/sysctl.d/10-bondherald.conf"
  mv "$lib/systemd/networkd.network" "$usr/lib/systemd/network/00-bondherald.network"
  mv "$lib/systemd/networkmanager.conf" "$usr/lib/NetworkManager/conf.d/10-bondherald.conf"
  rmdir "$lib/config" "$lib/man" "$lib/completion"
}
