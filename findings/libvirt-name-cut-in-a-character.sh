#!/usr/bin/env bash
# libvirt calls a guest's folder by the first 20 characters of its name. Where libvirtd runs in the locale C, as it does when
# started by hand, in a container or by a script of init, these are bytes. A name that has a character of two bytes at the
# 20th then makes a path that is no UTF-8; libvirt hands it to QEMU as JSON, and QEMU ends: the guest cannot be started. The
# same name starts in the locale C.UTF-8, and shorter or longer names with the same character start in both.
#
# Seen with libvirt 11.3.0-3+deb13u3 and QEMU 1:10.0.13+ds-0+deb13u1 (Debian 13):
#     C.UTF-8: bytes-19-and-more-ü starts
#     C: bytes-19-and-more-ü starts
#     C.UTF-8: bytes-20-and-more--ü starts
#     C: bytes-20-and-more--ü JSON parse error, invalid UTF-8 sequence in string
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
start() { # LOCALE NAME
  export LC_ALL=$1
  libvirtd --daemon --pid-file /run/libvirtd.pid
  echo "<domain type='qemu'><name>$2</name><memory unit='MiB'>32</memory><os><type machine='pc'>hvm</type></os>
    <devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices></domain>" >/run/domain.xml
  if virsh -q -c qemu:///system create /run/domain.xml >/run/said 2>&1; then
    echo "SEEN $1: $2 starts"
    virsh -q -c qemu:///system destroy "$2" >/dev/null
  else
    echo "SEEN $1: $2 $(grep -o 'JSON parse error.*' /run/said || cat /run/said)"
  fi
  kill "$(cat /run/libvirtd.pid)"
  while [ -e /run/libvirtd.pid ]; do sleep 0.1; done
}
for name in 'bytes-19-and-more-ü' 'bytes-20-and-more--ü'; do
  start C.UTF-8 "$name"
  start C "$name"
done
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
[ "$seen" = 'C.UTF-8: bytes-19-and-more-ü starts
C: bytes-19-and-more-ü starts
C.UTF-8: bytes-20-and-more--ü starts
C: bytes-20-and-more--ü JSON parse error, invalid UTF-8 sequence in string' ] || {
  echo 'this has changed' >&2
  cat out err >&2
  exit 1
}
