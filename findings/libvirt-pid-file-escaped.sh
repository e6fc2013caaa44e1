#!/usr/bin/env bash
# libvirt keeps two files of a running guest in /run/libvirt/qemu: NAME.xml, its status, and NAME.pid, QEMU's process id. Where
# the name has a character that XML escapes (<, >, &, a quote), the status file has the name as it is and the pid file the
# escaped one. Who looks for the pid file by the guest's name, or by that of its status file, finds none.
#
# Seen with libvirt 11.3.0-3+deb13u3 and QEMU 1:10.0.13+ds-0+deb13u1 (Debian 13):
#     R&D.xml
#     R&amp;D.pid
#
# Runs as root on Debian (amd64), with debootstrap. Makes a Debian 13 in a temporary folder, from the archive that apt uses, and
# runs it in namespaces of its own, without KVM and without a network.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
archive=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)
debootstrap --variant=minbase trixie root "$archive" >debootstrap.log
printf '#!/bin/sh\nexit 101\n' >root/usr/sbin/policy-rc.d # no service is to be started
chmod 755 root/usr/sbin/policy-rc.d
unshare --mount --pid --fork sh -ec 'mount -t proc proc root/proc
  export DEBIAN_FRONTEND=noninteractive
  chroot root apt-get -qq update
  chroot root apt-get -qq -y --no-install-recommends install libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients \
    qemu-system-x86 seabios' >apt.log 2>&1 || { cat apt.log >&2; exit 1; }
cat >root/etc/libvirt/qemu.conf <<'EOF'
security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
cgroup_controllers = []
stdio_handler = "file"
namespaces = []
seccomp_sandbox = 0
EOF
cat >root/inside <<'EOF'
libvirtd --daemon --pid-file /run/libvirtd.pid
echo "<domain type='qemu'><name>R&amp;D</name><memory unit='MiB'>32</memory><os><type machine='pc'>hvm</type></os>
  <devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices></domain>" >/run/domain.xml
virsh -q -c qemu:///system create /run/domain.xml >/dev/null
(cd /run/libvirt/qemu && LC_ALL=C ls -d R*) | sed 's/^/SEEN /'
virsh -q -c qemu:///system destroy 'R&D' >/dev/null
kill "$(cat /run/libvirtd.pid)"
EOF
cat >outside <<'EOF'
mount --make-rprivate / 2>/dev/null || true
cd root
mount --bind . . && cd "$PWD"
mount -t proc proc proc
mount --rbind /sys sys
for folder in run tmp dev; do mount -t tmpfs tmpfs $folder; done
for node in null zero full random urandom; do touch dev/$node; mount --bind /dev/$node dev/$node; done
mkdir dev/pts && mount -t devpts devpts dev/pts && ln -s pts/ptmx dev/ptmx
chroot . sh /inside
EOF
timeout 120 unshare --mount --net --ipc --pid --fork sh outside >out 2>err || true
echo "libvirt $(chroot root dpkg-query -f '${Version}' -W libvirt-daemon-driver-qemu), QEMU $(chroot root dpkg-query -f '${Version}' -W qemu-system-x86)"
seen=$(sed -n 's/^SEEN //p' out)
echo "$seen"
[ "$seen" = 'R&D.xml
R&amp;D.pid' ] || {
  echo 'this has changed' >&2
  cat out err >&2
  exit 1
}
