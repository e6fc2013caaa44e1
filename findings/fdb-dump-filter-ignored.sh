#!/usr/bin/env bash
# Who asks the kernel for the forwarding table of one port or of one bridge gets the tables of all bridges: in a dump of
# RTM_GETNEIGH for AF_BRIDGE, with the ndmsg header that its answers have, ndm_ifindex and NDA_MASTER are passed over without a
# word, unless the socket has the option NETLINK_GET_STRICT_CHK. So a program that reads port by port, to read less, reads
# everything once for each port.
#
# Seen with Linux 6.1 (Debian's user-mode-linux 6.1um4+b13), iproute2 6.1.0-3, Python 3.11.2, two bridges of two ports with ten
# rows each:
#     without: 40 rows, of both bridges, for the port, for the bridge and for nothing
#     with NETLINK_GET_STRICT_CHK: 10 rows for the port, 20 for the bridge, 40 for nothing
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

cat >dump.py <<'EOF'
import socket, struct
AF_BRIDGE, RTM_NEWNEIGH, RTM_GETNEIGH, NLM_F_DUMP_REQUEST, NDA_LLADDR, NDA_MASTER = 7, 28, 30, 0x301, 2, 9
SOL_NETLINK, NETLINK_GET_STRICT_CHK = 270, 12

def rows(strict, port=0, bridge=0):
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    if strict:
        s.setsockopt(SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1)
    body = struct.pack('=BBHiHBB', AF_BRIDGE, 0, 0, port, 0, 0, 0)
    if bridge:
        body += struct.pack('=HHI', 8, NDA_MASTER, bridge)
    s.send(struct.pack('=IHHII', 16 + len(body), RTM_GETNEIGH, NLM_F_DUMP_REQUEST, 1, 0) + body)
    count = 0
    while True:
        data = s.recv(1 << 16)
        while data:
            length, kind = struct.unpack_from('=IH', data)
            if kind in (2, 3):  # NLMSG_ERROR, NLMSG_DONE
                return count
            at = 28
            while kind == RTM_NEWNEIGH and at < length:
                size, attribute = struct.unpack_from('=HH', data, at)
                count += attribute == NDA_LLADDR and data[at + 4:at + 7] == b'\x52\x54\x00'
                at += (size + 3) & ~3
            data = data[(length + 3) & ~3:]

port, bridge = socket.if_nametoindex('p0'), socket.if_nametoindex('br0')
loose = {rows(False, port=port), rows(False, bridge=bridge), rows(False)}
print(f'SEEN without: {" or ".join(map(str, loose))} rows, of both bridges, for the port, for the bridge and for nothing')
print(f'SEEN with NETLINK_GET_STRICT_CHK: {rows(True, port=port)} rows for the port, {rows(True, bridge=bridge)} for the bridge, '
      f'{rows(True)} for nothing')
EOF

cat >init <<EOF
#!/bin/sh
export PATH=$work/root/usr/bin:$work/root/usr/sbin:$work/root/sbin:$work/root/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu:$work/root/lib/x86_64-linux-gnu
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t tmpfs tmpfs /run
mkdir -p /run/m/lib; ln -s $work/root/usr/lib/uml/modules /run/m/lib/modules
modprobe -d /run/m -a bridge dummy 2>/dev/null
for n in 0 1 2 3; do
  [ -e /sys/class/net/br\$((n / 2)) ] || ip link add br\$((n / 2)) type bridge vlan_filtering 1 vlan_default_pvid 0
  ip link add p\$n type dummy; ip link set p\$n master br\$((n / 2)); ip link set p\$n up
  for row in 0 1 2 3 4 5 6 7 8 9; do bridge fdb add 52:54:00:00:0\$n:0\$row dev p\$n master static; done
done
python3.11 -S $work/dump.py
poweroff -f 2>/dev/null || halt -f
EOF
chmod +x init
timeout 200 root/usr/bin/linux.uml mem=256M root=/dev/root rootfstype=hostfs rootflags=/ ro "init=$work/init" \
  con=null con0=null,fd:1 quiet "uml_dir=$work/" umid=finding </dev/null >out 2>&1 || true
seen=$(tr -d '\r' <out | sed -n 's/^SEEN //p')
echo "$seen"
[ "$seen" = "without: 40 rows, of both bridges, for the port, for the bridge and for nothing
with NETLINK_GET_STRICT_CHK: 10 rows for the port, 20 for the bridge, 40 for nothing" ] || {
  echo 'this has changed' >&2
  cat out >&2
  exit 1
}
