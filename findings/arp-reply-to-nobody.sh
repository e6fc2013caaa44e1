#!/usr/bin/env bash
# Gratuitous ARP says that an address has another MAC now. Linux takes it at once as a request, and as a reply whose target MAC
# is the sender's own. A reply with target MAC 0 it ignores for a second after the entry's last update (locktime), so that of two
# announcements in short order (a failover and its failback) the second is lost, for as long as the entry then lives.
#
# Seen with Linux 6.1 (Debian's user-mode-linux 6.1um4+b13), iproute2 6.1.0-3, Python 3.11.2, default sysctls:
#     request, 200 ms after the last: taken
#     reply to the sender's own MAC, 200 ms after the last: taken
#     reply to MAC 0, 200 ms after the last: ignored
#     reply to MAC 0, 1500 ms after the last: taken
# Presumably because net/ipv4/arp.c:arp_is_garp takes a reply for gratuitous only if its two MACs are equal.
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

cat >say.py <<'EOF'
import socket, subprocess, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(('far', 0x0806))
IP = bytes([192, 0, 2, 2])

def say(mac, operation, target):
    arp = bytes.fromhex('000108000604') + bytes([0, operation]) + mac + IP + target + IP
    s.send((b'\xff' * 6 + mac + b'\x08\x06' + arp).ljust(60, b'\0'))

def known():
    return subprocess.run(['ip', 'neigh', 'show', '192.0.2.2', 'dev', 'near'], capture_output=True, text=True).stdout

OLD, NEW, ZERO = b'\x52\x54\0\0\0\x01', b'\x52\x54\0\0\0\x02', bytes(6)
for what, operation, target, wait in (('request', 1, ZERO, 200), ("reply to the sender's own MAC", 2, NEW, 200),
                                      ('reply to MAC 0', 2, ZERO, 200), ('reply to MAC 0', 2, ZERO, 1500)):
    subprocess.run('ip neigh replace 192.0.2.2 lladdr 52:54:00:00:00:09 dev near nud reachable'.split(), check=True)
    time.sleep(2)
    say(OLD, 1, ZERO)
    last = time.monotonic()
    assert '52:54:00:00:00:01' in known(), known()
    time.sleep(max(0, last + wait / 1000 - time.monotonic()))
    say(NEW, operation, target)
    taken = '52:54:00:00:00:02' in known()
    print(f"SEEN {what}, {wait} ms after the last: {'taken' if taken else 'ignored'}", flush=True)
EOF

cat >init <<EOF
#!/bin/sh
export PATH=$work/root/usr/bin:$work/root/usr/sbin:$work/root/sbin:$work/root/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu:$work/root/lib/x86_64-linux-gnu
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t tmpfs tmpfs /run
mkdir -p /run/m/lib; ln -s $work/root/usr/lib/uml/modules /run/m/lib/modules
modprobe -d /run/m -a veth af_packet 2>/dev/null
ip link add near type veth peer name far; ip link set near up; ip link set far up; ip addr add 192.0.2.1/24 dev near
python3.11 -S $work/say.py
poweroff -f 2>/dev/null || halt -f
EOF
chmod +x init
timeout 200 root/usr/bin/linux.uml mem=256M root=/dev/root rootfstype=hostfs rootflags=/ ro "init=$work/init" \
  con=null con0=null,fd:1 quiet "uml_dir=$work/" umid=finding </dev/null >out 2>&1 || true
seen=$(tr -d '\r' <out | sed -n 's/^SEEN //p')
echo "$seen"
[ "$seen" = "request, 200 ms after the last: taken
reply to the sender's own MAC, 200 ms after the last: taken
reply to MAC 0, 200 ms after the last: ignored
reply to MAC 0, 1500 ms after the last: taken" ] || {
  echo 'this has changed' >&2
  cat out >&2
  exit 1
}
