#!/bin/sh
# install.sh [PREFIX]: installs bondherald from this unpacked tarball to PREFIX (/opt/bondherald), with unit, user,
# manual pages and completions, and starts it. Run again with a newer tarball, it upgrades. For hosts that are not Debian.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
prefix=${1:-/opt/bondherald}

fail() { echo "install.sh: $*" >&2; exit 1; }

[ "$(id -u)" -eq 0 ] || fail 'run this as root'
case $prefix in /*) ;; *) fail "PREFIX must be an absolute path, not $prefix" ;; esac
case $prefix in *[!A-Za-z0-9/._-]*) fail "PREFIX may have letters, digits, and . _ - only: $prefix" ;; esac
[ "$prefix" != "$here" ] || fail "unpack the tarball somewhere else than $prefix"
[ ! -e "$prefix" ] || [ -f "$prefix/uninstall.sh" ] || fail "$prefix exists and is not a bondherald installation"
"$here/bin/node" --version >/dev/null || fail 'the runtime does not start on this host: the C library is too old, or the CPU architecture differs'

# Puts a file of the tarball to its place, with the prefix in it where that stands.
put() {
  mkdir -p "$(dirname "$2")"
  sed "s|/usr/bin/bondherald|$prefix/bin/bondherald|" "$here/$1" >"$2"
  chmod 644 "$2"
}

rm -rf "$prefix.new"
mkdir -p "$prefix.new"
cp -R "$here/." "$prefix.new/"
chown -R 0:0 "$prefix.new"
rm -rf "$prefix"
mv "$prefix.new" "$prefix"

mkdir -p /usr/local/bin
ln -sfn "$prefix/bin/bondherald" /usr/local/bin/bondherald
# sudo of RHEL and its kin does not look in /usr/local/bin.
if grep -qs '^[^#]*secure_path' /etc/sudoers && ! grep -qs '^[^#]*secure_path.*/usr/local/bin' /etc/sudoers; then
  [ -e /usr/bin/bondherald ] || ln -s "$prefix/bin/bondherald" /usr/bin/bondherald
fi
put systemd/bondherald.service /etc/systemd/system/bondherald.service
put systemd/sysusers.conf /etc/sysusers.d/bondherald.conf
put systemd/sysctl.conf /etc/sysctl.d/10-bondherald.conf
put systemd/networkd.network /etc/systemd/network/00-bondherald.network
[ ! -d /etc/NetworkManager ] || put systemd/networkmanager.conf /etc/NetworkManager/conf.d/10-bondherald.conf
put completion/bondherald.bash /usr/local/share/bash-completion/completions/bondherald
put completion/_bondherald /usr/local/share/zsh/site-functions/_bondherald
mkdir -p /usr/local/share/man/man5 /usr/local/share/man/man8
cp "$here/man/man5/bondherald.yaml.5.gz" /usr/local/share/man/man5/
cp "$here/man/man8/bondherald.8.gz" /usr/local/share/man/man8/

if [ ! -e /etc/bondherald/bondherald.yaml ]; then
  put config/bondherald.yaml /etc/bondherald/bondherald.yaml
elif ! cmp -s "$here/config/bondherald.yaml" /etc/bondherald/bondherald.yaml; then
  put config/bondherald.yaml /etc/bondherald/bondherald.yaml.new
  echo 'your /etc/bondherald/bondherald.yaml is unchanged; the new default is /etc/bondherald/bondherald.yaml.new'
fi

systemd-sysusers bondherald.conf
"$prefix/systemd/host-access" "$prefix/systemd"
! command -v restorecon >/dev/null || restorecon -R "$prefix" /etc/systemd/system/bondherald.service /etc/bondherald || true
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  "$prefix/systemd/network-managers"
  systemctl enable --quiet bondherald.service
  systemctl restart bondherald.service
else
  systemctl enable --quiet bondherald.service
fi
echo "bondherald $("$prefix/bin/bondherald" --version) is installed in $prefix; remove it with $prefix/uninstall.sh"
