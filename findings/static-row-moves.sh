#!/usr/bin/env bash
# A static row of a bridge's table does not hold a MAC at its port. One frame with that source at another port moves the row
# there, and there it is still static: it never ages out, and the bridge sends the MAC's traffic to the wrong port until
# the owner speaks again or somebody mends it. Only `sticky` holds a MAC. So who writes a table himself, with learning off at
# the guests' ports (libvirt's macTableManager, Proxmox's bridge-disable-mac-learning), loses a silent guest by one frame that
# comes back from outside, for example a broadcast of the guest that a switch reflects.
#
# Seen with Linux 6.1 (Debian's user-mode-linux 6.1um4+b13), iproute2 6.1.0-3, Python 3.11.2:
#     written: guest static
#     after one frame at the uplink: uplink static
#     sticky, after the same frame: guest sticky static
#
# Runs without rights, on Debian 12 (amd64). Downloads the packages into a temporary folder and installs nothing.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
packages='user-mode-linux=6.1um4+b13 iproute2=6.1.0-3 kmod=30+20221128-1 libbpf1=1:1.1.2-0+deb12u1 libelf1=0.188-2.1
  libmnl0=1.0.4-3 libcap2 libdb5.3 libtirpc3 libxtables12
  python3.11-minimal=3.11.2-6+deb12u9 libpython3.11-minimal=3.11.2-6+deb12u9 libexpat1'
for package in $packages; do apt-get -o APT::Sandbox::User=root download -qq "$package"; done
for file in *.deb; do dpkg-deb -x "$file" root; done

cat >send.py <<'EOF'
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((sys.argv[1], 0x0806))
mac = bytes.fromhex('525400000001')
arp = bytes.fromhex('0001080006040001') + mac + bytes([192, 0, 2, 1]) + bytes(6) + bytes([192, 0, 2, 2])
s.send((b'\xff' * 6 + mac + b'\x08\x06' + arp).ljust(60, b'\0'))
EOF

cat >init <<EOF
#!/bin/sh
export PATH=$work/root/usr/bin:$work/root/usr/sbin:$work/root/sbin:$work/root/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu:$work/root/lib/x86_64-linux-gnu
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t tmpfs tmpfs /run
mkdir -p /run/m/lib; ln -s $work/root/usr/lib/uml/modules /run/m/lib/modules
modprobe -d /run/m -a bridge veth af_packet 2>/dev/null
ip link add br0 type bridge; ip link set br0 up
for port in guest uplink; do
  ip link add \$port type veth peer name far-\$port
  ip link set \$port master br0; ip link set \$port up; ip link set far-\$port up
done
bridge link set dev guest learning off
until bridge link show dev uplink | grep -q 'state forwarding'; do sleep 0.1; done
row() { bridge fdb show br br0 | grep '^52:54:00:00:00:01' | grep -v vlan | grep -ow -e guest -e uplink -e sticky -e static | xargs; }
bridge fdb replace 52:54:00:00:00:01 dev guest master static
echo "SEEN written: \$(row)"
python3.11 -S $work/send.py far-uplink
echo "SEEN after one frame at the uplink: \$(row)"
bridge fdb del 52:54:00:00:00:01 dev uplink master
bridge fdb replace 52:54:00:00:00:01 dev guest master static sticky
python3.11 -S $work/send.py far-uplink
echo "SEEN sticky, after the same frame: \$(row)"
poweroff -f 2>/dev/null || halt -f
EOF
chmod +x init
timeout 120 root/usr/bin/linux.uml mem=256M root=/dev/root rootfstype=hostfs rootflags=/ ro "init=$work/init" \
  con=null con0=null,fd:1 quiet "uml_dir=$work/" umid=finding </dev/null >out 2>&1 || true
seen=$(tr -d '\r' <out | sed -n 's/^SEEN //p')
echo "$seen"
[ "$seen" = $'written: guest static\nafter one frame at the uplink: uplink static\nsticky, after the same frame: guest sticky static' ] || {
  echo 'this has changed' >&2
  cat out >&2
  exit 1
}
