#!/usr/bin/env bash
# A bond of mode balance-xor with xmit_hash_policy vlan+srcmac chooses the link by source MAC and VLAN, so that a station always
# leaves by one link. A frame that a packet socket sends on the bond with its 802.1Q tag in the frame, as raw senders write it,
# is hashed without the VLAN: it leaves by another link than the frames that the station itself sends through a VLAN device,
# and moves the station's MAC in the switches. Through the VLAN device the packet socket's frame leaves by the right one.
#
# Seen with Linux 6.1 (Debian's user-mode-linux 6.1um4+b13), iproute2 6.1.0-3, Python 3.11.2:
#     64 stations, untagged, packet socket on the bond: 0 by another link than the station's own
#     64 stations, VLAN 5, packet socket on the VLAN device: 0 by another link than the station's own
#     64 stations, VLAN 5, tag in the frame, packet socket on the bond: 64 by another link than the station's own
# The station's own frames come from a macvlan with its MAC. Presumably because
# drivers/net/bonding/bond_main.c:bond_vlan_srcmac_hash takes the VLAN from the metadata of the frame alone.
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

cat >compare.py <<'EOF'
import random, select, socket, subprocess
random.seed(1)

def listener(device):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))  # ETH_P_ALL
    s.bind((device, 0))
    return s

FAR = {link: listener(f'far-{link}') for link in ('up1', 'up2')}

def drain():
    for s in FAR.values():
        try:
            while s.recv(200, socket.MSG_DONTWAIT):
                pass
        except BlockingIOError:
            pass

def link_of(mac):
    """The link by which the station's ARP frame comes out. A packet socket gets it without its tag."""
    while True:
        readable, _, _ = select.select(FAR.values(), [], [], 2)
        assert readable
        for link, s in FAR.items():
            frame = s.recv(200) if s in readable else b''
            if frame[6:14] == mac + b'\x08\x06':
                return link

def sent(device, mac, tag=b''):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind((device, 0x0806))
    arp = bytes.fromhex('0001080006040001') + mac + bytes([192, 0, 2, 1]) + bytes(6) + bytes([192, 0, 2, 2])
    drain()
    s.send((b'\xff' * 6 + mac + tag + b'\x08\x06' + arp).ljust(60, b'\0'))
    return link_of(mac)

def station(above, mac):
    """What the station sends itself: the kernel's own ARP request, from a macvlan with its MAC."""
    text = ':'.join(f'{byte:02x}' for byte in mac)
    run = lambda line: subprocess.run(line.split(), check=True)
    run(f'ip link add own link {above} address {text} type macvlan mode bridge')
    run('ip addr add 192.0.2.1/24 dev own'); run('ip link set own up')
    drain()
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.9', 9))
    link = link_of(mac)
    run('ip link del own')
    return link

others = [0, 0, 0]
for _ in range(64):
    mac = bytes([2]) + random.randbytes(5)
    own = station('bond0', mac)
    tagged = station('bond0.5', mac)
    assert own and tagged
    others[0] += sent('bond0', mac) != own
    others[1] += sent('bond0.5', mac) != tagged
    others[2] += sent('bond0', mac, bytes.fromhex('81000005')) != tagged
for what, count in zip(('untagged, packet socket on the bond', 'VLAN 5, packet socket on the VLAN device',
                        'VLAN 5, tag in the frame, packet socket on the bond'), others):
    print(f'SEEN 64 stations, {what}: {count} by another link than the station\'s own', flush=True)
EOF

cat >init <<EOF
#!/bin/sh
export PATH=$work/root/usr/bin:$work/root/usr/sbin:$work/root/sbin:$work/root/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu:$work/root/lib/x86_64-linux-gnu
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t tmpfs tmpfs /run
mkdir -p /run/m/lib; ln -s $work/root/usr/lib/uml/modules /run/m/lib/modules
modprobe -d /run/m -a bonding veth macvlan 8021q af_packet 2>/dev/null
ip link add bond0 type bond mode balance-xor xmit_hash_policy vlan+srcmac miimon 100
for link in up1 up2; do
  ip link add \$link type veth peer name far-\$link; ip link set far-\$link up; ip link set \$link master bond0
done
ip link set bond0 up; ip link add link bond0 name bond0.5 type vlan id 5; ip link set bond0.5 up
until grep -c 'MII Status: up' /proc/net/bonding/bond0 | grep -q 3; do sleep 0.1; done
python3.11 -S $work/compare.py
poweroff -f 2>/dev/null || halt -f
EOF
chmod +x init
timeout 300 root/usr/bin/linux.uml mem=256M root=/dev/root rootfstype=hostfs rootflags=/ ro "init=$work/init" \
  con=null con0=null,fd:1 quiet "uml_dir=$work/" umid=finding </dev/null >out 2>&1 || true
seen=$(tr -d '\r' <out | sed -n 's/^SEEN //p')
echo "$seen"
[ "$seen" = "64 stations, untagged, packet socket on the bond: 0 by another link than the station's own
64 stations, VLAN 5, packet socket on the VLAN device: 0 by another link than the station's own
64 stations, VLAN 5, tag in the frame, packet socket on the bond: 64 by another link than the station's own" ] || {
  echo 'this has changed' >&2
  cat out >&2
  exit 1
}
