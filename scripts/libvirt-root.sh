#!/usr/bin/env bash
# libvirt-root.sh VERSION...: makes the Debian that has that libvirt, .lab/libvirt-VERSION/root, once, with its QEMU and its
# User Mode Linux. Before its first domain, libvirt asks QEMU what it can do, which takes most of a minute in User Mode
# Linux: it is done here, and what it found is kept in that Debian.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

# As in kernel-root.sh, less what has nothing to do with libvirt.
base='user-mode-linux,iproute2,kmod,tcpdump,libstdc++6,busybox,procps,util-linux'
libvirt='libvirt-daemon,libvirt-daemon-driver-qemu,libvirt-clients,qemu-system-x86,ipxe-qemu,seabios'

# No security driver, cgroups or namespaces, and QEMU as root: what a kernel without systemd, KVM and users has.
configure() {
  # libvirt 9.0 looks for the user that Debian's packages would have made.
  chroot "$1" id libvirt-qemu >/dev/null 2>&1 || chroot "$1" useradd --system --user-group --no-create-home libvirt-qemu
  mkdir -p "$1"/etc/libvirt "$1"/var/{lib,log}/libvirt/qemu
  cat >"$1/etc/libvirt/qemu.conf" <<'END'
security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
cgroup_controllers = []
stdio_handler = "file"
namespaces = []
seccomp_sandbox = 0
END
  cat >"$1/etc/libvirt/libvirtd.conf" <<'END'
unix_sock_group = "root"
auth_unix_ro = "none"
auth_unix_rw = "none"
host_uuid = "11111111-2222-3333-4444-555555555500"
END
}

# Runs in namespaces of its own, with no device that this machine happens to have: KVM would be missed later.
ask_qemu() {
  unshare --mount --net --ipc --pid --fork sh -s "$1" <<'END'
set -e
cd "$1"
mount --make-rprivate / 2>/dev/null || true
mount --bind . . && cd "$PWD"
mount -t proc proc proc
mount --rbind /sys sys
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs dev
for node in null zero full random urandom; do
  touch dev/$node
  mount --bind /dev/$node dev/$node
done
chroot . sh -ec '
  libvirtd --daemon --pid-file /run/libvirtd.pid
  virsh -q -c qemu:///system capabilities >/dev/null
  kill "$(cat /run/libvirtd.pid)"'
END
}

for version in "$@"; do
  more=
  case $version in
    9.0) release=bookworm ;;
    11.3) release=trixie more=,libvirt-daemon-driver-network ;;
    12.8) release=sid more=,libvirt-daemon-driver-network ;;
    *) die "libvirt-root.sh: no such libvirt: $version (9.0, 11.3, 12.8)" ;;
  esac
  scripts/debian-root.sh "libvirt-$version" "$release" "$base" "$libvirt$more"
  root=.lab/libvirt-$version/root
  ! compgen -G "$root/var/cache/libvirt/qemu/capabilities/*.xml" >/dev/null || continue
  ( # the lock is gone with it
    lock
    configure "$root"
    step "asking the QEMU of libvirt $version what it can do" ask_qemu "$root"
  )
done
