#!/bin/sh
# uninstall.sh [--purge]: takes away what install.sh has installed; with --purge also configuration, state and user.
set -eu
prefix=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)

fail() { echo "uninstall.sh: $*" >&2; exit 1; }

[ "$(id -u)" -eq 0 ] || fail 'run this as root'
[ $# -eq 0 ] || [ "$*" = --purge ] || fail "unknown option: $*"
case $(readlink /usr/local/bin/bondherald 2>/dev/null) in
  "$prefix/bin/bondherald") ;;
  *) fail "bondherald is not installed in $prefix" ;;
esac

[ ! -d /run/systemd/system ] || systemctl stop bondherald.service || true
systemctl disable --quiet bondherald.service 2>/dev/null || true
"$prefix/bin/bondherald" cleanup || true # what a daemon that was killed left
"$prefix/systemd/host-access" --remove
[ "$(readlink /usr/bin/bondherald 2>/dev/null)" != "$prefix/bin/bondherald" ] || rm -f /usr/bin/bondherald
rm -f /etc/systemd/network/00-bondherald.network /etc/NetworkManager/conf.d/10-bondherald.conf
rm -f /etc/systemd/system/bondherald.service /etc/sysusers.d/bondherald.conf /etc/sysctl.d/10-bondherald.conf \
  /usr/local/bin/bondherald /usr/local/share/bash-completion/completions/bondherald \
  /usr/local/share/zsh/site-functions/_bondherald /usr/local/share/man/man5/bondherald.yaml.5.gz \
  /usr/local/share/man/man8/bondherald.8.gz
if [ "${1:-}" = --purge ]; then
  rm -rf /var/lib/bondherald /run/bondherald
  rm -f /etc/bondherald/bondherald.yaml /etc/bondherald/bondherald.yaml.new
  rmdir /etc/bondherald 2>/dev/null || true
  userdel bondherald 2>/dev/null || true
  groupdel bondherald 2>/dev/null || true
fi
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl reset-failed bondherald.service 2>/dev/null || true
fi
rm -rf "$prefix"
