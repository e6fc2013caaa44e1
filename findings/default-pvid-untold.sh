#!/usr/bin/env bash
# `ip link set br0 type bridge vlan_default_pvid 100` moves every port of a live bridge from VLAN 1 to VLAN 100. On
# RTNLGRP_BRVLAN the kernel tells that the ports are in VLAN 100 (RTM_NEWVLAN), and never that they have left VLAN 1: whoever
# keeps the ports' VLANs by these messages keeps VLAN 1 for ever.
#
# Seen with Linux 6.1 (Debian's user-mode-linux 6.1um4+b13), iproute2 6.1.0-3:
#     before: 1
#     told new: 100
#     told deleted: nothing
#     after: 100
#
# Runs without rights, on Debian 12 (amd64). Downloads the packages into a temporary folder and installs nothing.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
packages='user-mode-linux=6.1um4+b13 iproute2=6.1.0-3 kmod=30+20221128-1 libbpf1=1:1.1.2-0+deb12u1 libelf1=0.188-2.1
  libmnl0=1.0.4-3 libcap2 libdb5.3 libtirpc3 libxtables12'
for package in $packages; do apt-get -o APT::Sandbox::User=root download -qq "$package"; done
for file in *.deb; do dpkg-deb -x "$file" root; done

cat >init <<EOF
#!/bin/sh
export PATH=$work/root/usr/bin:$work/root/usr/sbin:$work/root/sbin:$work/root/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu:$work/root/lib/x86_64-linux-gnu
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t tmpfs tmpfs /run
mkdir -p /run/m/lib; ln -s $work/root/usr/lib/uml/modules /run/m/lib/modules
modprobe -d /run/m -a bridge veth 2>/dev/null
vlans() { bridge vlan show dev p0 | sed -n 's/^p0  *\([0-9]*\).*/\1/p'; }
ip link add br0 type bridge vlan_filtering 1; ip link add p0 type veth peer name p1
ip link set p0 master br0; ip link set br0 up; ip link set p0 up; ip link set p1 up
echo "SEEN before: \$(vlans)"
stdbuf -oL bridge monitor vlan >/run/told 2>&1 &
sleep 2
ip link set br0 type bridge vlan_default_pvid 100
sleep 2
cat /run/told
of() { grep p0 /run/told | grep \$1 '^Deleted' | grep -o 'p0  *[0-9]*' | grep -o '[0-9]*\$' | sort -u | tr '\n' ' ' | sed 's/ \$//'; }
new=\$(of -v); deleted=\$(of -e)
echo "SEEN told new: \${new:-nothing}"
echo "SEEN told deleted: \${deleted:-nothing}"
echo "SEEN after: \$(vlans)"
poweroff -f 2>/dev/null || halt -f
EOF
chmod +x init
timeout 120 root/usr/bin/linux.uml mem=256M root=/dev/root rootfstype=hostfs rootflags=/ ro "init=$work/init" \
  con=null con0=null,fd:1 quiet "uml_dir=$work/" umid=finding </dev/null >out 2>&1 || true
seen=$(tr -d '\r' <out | sed -n 's/^SEEN //p')
echo "$seen"
[ "$seen" = $'before: 1\ntold new: 100\ntold deleted: nothing\nafter: 100' ] || {
  echo 'this has changed' >&2
  cat out >&2
  exit 1
}
