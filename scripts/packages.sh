# Sourced by need.sh and kernel-root.sh: the Debian packages of each group.

# node-gyp compiles pcap and syscall-napi.
build='python3 make g++ libpcap-dev'
unit='tcpdump openssl zsh mandoc'
lab='user-mode-linux iproute2 kmod tcpdump nftables openvswitch-switch ethtool prometheus openssl strace'
bench='gcc libc6-dev arping'
smp2='qemu-system-x86 cpio'
package='binutils binutils-aarch64-linux-gnu xz-utils openssl rpm'
debian='debootstrap' # what makes a Debian of its own: for the lab with systemd, and for other kernels
browser='chromium fonts-dejavu-core'
# Downloaded by the second lab, never installed.
smp2_kernel='linux-image-amd64'
