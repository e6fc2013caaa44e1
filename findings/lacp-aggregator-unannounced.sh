#!/usr/bin/env bash
# A bond of mode 802.3ad over two switches that are no pair (no MLAG) has two aggregators, one of which is active. When that
# loses its links the other takes over, and everything that the host and its guests send leaves by another switch, as at a
# failover of an active-backup bond. But the kernel announces nobody then, not even the bond's own address, for which an
# active-backup bond sends a gratuitous ARP: stations outside go on sending to the old switch.
#
# Seen with Linux 6.1 (Debian's user-mode-linux 6.1um4+b13), iproute2 6.1.0-3, Python 3.11.2:
#     active-backup: the other link takes over, 1 gratuitous ARP by it
#     802.3ad: the other link takes over, 0 gratuitous ARP by it
# The switches are two bonds of mode 802.3ad with one link each.
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

cat >count.py <<'EOF'
import socket, subprocess, time

def active():
    """The link by which the bond sends."""
    text = open('/proc/net/bonding/bond0').read()
    head, *slaves = text.split('Slave Interface: ')
    if 'Currently Active Slave: ' in head:
        return head.split('Currently Active Slave: ')[1].split()[0]
    aggregator = head.split('Aggregator ID: ')[1].split()[0]
    links = [s.split()[0] for s in slaves if f'Aggregator ID: {aggregator}\n' in s and 'MII Status: up' in s]
    return links[0] if links else None

def until(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, open('/proc/net/bonding/bond0').read()
        time.sleep(0.05)

until(active)
time.sleep(5)  # LACP agrees on both links
first = active()
other = {'up1': 'up2', 'up2': 'up1'}[first]
far = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
far.bind((f'far-{other}', 0x0806))
subprocess.run(f'ip link set far-{first} down'.split(), check=True)
until(lambda: active() == other)
far.settimeout(0.1)
count, end = 0, time.monotonic() + 5
while time.monotonic() < end:
    try:
        frame = far.recv(200)
        count += frame[28:32] == frame[38:42] == bytes([192, 0, 2, 1])
    except TimeoutError:
        pass
print(f'the other link takes over, {count} gratuitous ARP by it')
EOF

cat >init <<EOF
#!/bin/sh
export PATH=$work/root/usr/bin:$work/root/usr/sbin:$work/root/sbin:$work/root/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu:$work/root/lib/x86_64-linux-gnu
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t tmpfs tmpfs /run
mkdir -p /run/m/lib; ln -s $work/root/usr/lib/uml/modules /run/m/lib/modules
modprobe -d /run/m -a bonding veth af_packet 2>/dev/null
for mode in active-backup 802.3ad; do
  rate=; [ \$mode = active-backup ] || rate='lacp_rate fast'
  ip link add bond0 type bond mode \$mode miimon 100 \$rate
  for n in 1 2; do
    ip link add up\$n type veth peer name far-up\$n
    ip link set up\$n master bond0
    if [ \$mode = 802.3ad ]; then
      ip link add switch\$n type bond mode 802.3ad miimon 100 lacp_rate fast
      ip link set far-up\$n master switch\$n
      ip link set switch\$n up
    fi
    ip link set far-up\$n up
  done
  ip link set bond0 up; ip addr add 192.0.2.1/24 dev bond0
  echo "SEEN \$mode: \$(python3.11 -S $work/count.py)"
  for device in bond0 switch1 switch2 up1 up2; do ip link del \$device 2>/dev/null; done
done
poweroff -f 2>/dev/null || halt -f
EOF
chmod +x init
timeout 200 root/usr/bin/linux.uml mem=256M root=/dev/root rootfstype=hostfs rootflags=/ ro "init=$work/init" \
  con=null con0=null,fd:1 quiet "uml_dir=$work/" umid=finding </dev/null >out 2>&1 || true
seen=$(tr -d '\r' <out | sed -n 's/^SEEN //p')
echo "$seen"
[ "$seen" = $'active-backup: the other link takes over, 1 gratuitous ARP by it\n802.3ad: the other link takes over, 0 gratuitous ARP by it' ] || {
  echo 'this has changed' >&2
  cat out >&2
  exit 1
}
