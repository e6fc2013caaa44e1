#!/usr/bin/env bash
# A frame that a raw packet socket sends on a macvlan, without a protocol in its socket address, passes tc at the device
# below without a protocol: filters by protocol (`tc filter add ... protocol arp`) do not match it, though it is ARP. On the
# device below itself the same frame matches, because the kernel reads the protocol from the header there. Whatever writes
# whole frames to a packet socket of ETH_P_ALL and gives no address with each is not seen by such filters.
#
# Seen with Linux 6.1 (Debian's user-mode-linux 6.1um4+b13), iproute2 6.1.0-3, Python 3.11.2:
#     v0: 1
#     macvlan: 0
# Presumably because net/packet/af_packet.c:packet_parse_headers asks dev_parse_header_protocol, and the header_ops of
# drivers/net/macvlan.c have no parse_protocol.
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
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))  # ETH_P_ALL
s.bind((sys.argv[1], 0))
mac = bytes.fromhex(open(f'/sys/class/net/{sys.argv[1]}/address').read().strip().replace(':', ''))
arp = bytes.fromhex('0001080006040001') + mac + bytes([192, 0, 2, 1]) + bytes(6) + bytes([192, 0, 2, 2])
s.send((b'\xff' * 6 + mac + b'\x08\x06' + arp).ljust(60, b'\0'))
EOF

cat >init <<EOF
#!/bin/sh
export PATH=$work/root/usr/bin:$work/root/usr/sbin:$work/root/sbin:$work/root/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu:$work/root/lib/x86_64-linux-gnu
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t tmpfs tmpfs /run
mkdir -p /run/m/lib; ln -s $work/root/usr/lib/uml/modules /run/m/lib/modules
modprobe -d /run/m -a veth macvlan sch_ingress cls_matchall act_gact af_packet 2>/dev/null
ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up
for way in v0 macvlan; do
  dev=v0
  if [ \$way != v0 ]; then dev=upper; ip link add upper link v0 type macvlan mode bridge; ip link set upper up; fi
  tc qdisc add dev v0 clsact; tc filter add dev v0 egress protocol arp pref 1 matchall action ok
  python3.11 -S $work/send.py \$dev
  echo "SEEN \$way: \$(tc -s filter show dev v0 egress | sed -n 's/.*Sent [0-9]* bytes \([0-9]*\) pkt.*/\1/p')"
  tc qdisc del dev v0 clsact
  [ \$dev = v0 ] || ip link del upper
done
poweroff -f 2>/dev/null || halt -f
EOF
chmod +x init
timeout 120 root/usr/bin/linux.uml mem=256M root=/dev/root rootfstype=hostfs rootflags=/ ro "init=$work/init" \
  con=null con0=null,fd:1 quiet "uml_dir=$work/" umid=finding </dev/null >out 2>&1 || true
seen=$(tr -d '\r' <out | sed -n 's/^SEEN //p')
echo "$seen"
[ "$seen" = $'v0: 1\nmacvlan: 0' ] || {
  echo 'this has changed' >&2
  cat out >&2
  exit 1
}
