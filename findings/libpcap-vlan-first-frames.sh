#!/usr/bin/env bash
# libpcap 1.11 loses the first frames of a capture with `vlan 905`: `tcpdump -i eth0 vlan 905` shows nothing of them, and says
# that it dropped nothing. Where the kernel holds the tag beside the frame, as it does with all that it receives, the compiled
# filter loads the tag as two bytes; up to libpcap 1.10 it loaded one. The kernel takes both. But of the first frames, as
# many as the buffer has blocks, libpcap judges in user space, where its interpreter knows the load of one byte only and
# takes that of two for a read beyond the frame: false. `vlan` without a number loads no tag and is right.
#
# Seen with libpcap 1.11.0-1 and tcpdump 4.99.6-2 (Debian unstable, 2026-11), Linux 6.18; 40 frames in VLAN 905:
#     the filter: ldh [vlan_tci]
#     vlan: 40
#     vlan 905: 39, the first one missing; more where the buffer has more blocks
# libpcap 1.10.3 of Debian 12 loads one byte (ldb) and lost none.
#
# Runs without rights, where users may have namespaces and the kernel has veth; amd64, with python3. Downloads the packages
# from the archive that apt uses into a temporary folder and installs nothing. Once unstable has a later libpcap, apt has to
# be given a snapshot of that archive of 2026-11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
archive=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)
echo "deb [trusted=yes] $archive unstable main" >list
mkdir -p state/lists/partial cache/archives/partial
apt() {
  apt-get -qq -o Dir::Etc::SourceList="$work/list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State="$work/state" \
    -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root "$@"
}
apt update
apt download libpcap0.8t64=1.11.0-1 tcpdump=4.99.6-2 libc6 libdbus-1-3 libsystemd0 libcap2 libssl3t64 zlib1g libzstd1
for file in *.deb; do dpkg-deb -x "$file" root; done

cat >inside <<'EOF'
ip link add v0 type veth peer name v1
for device in v0 v1; do
  echo 1 >/proc/sys/net/ipv6/conf/$device/disable_ipv6
  ip link set $device up
done
lib=root/usr/lib/x86_64-linux-gnu
dump() { exec "$lib/ld-linux-x86-64.so.2" --library-path "$lib" root/usr/bin/tcpdump "$@"; }
echo "the filter: $(dump -i v0 -d 'vlan 905' 2>/dev/null | grep -o 'ld[bh] *\[vlan_tci\]' | tr -s ' ')"
for filter in vlan 'vlan 905'; do
  rm -f said
  (dump -Z root -i v0 -n -l --immediate-mode "$filter") >seen 2>said &
  pid=$!
  until grep -qs listening said; do sleep 0.05; done
  python3 -c '
import socket, time
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(("v1", 0))
for _ in range(40): # a RARP frame with a tag
    out.send(bytes.fromhex("ffffffffffff525400000001810003898035" + "0001080006040003" + "525400000001" + "00" * 4 + "525400000001") + bytes(22))
    time.sleep(0.02)'
  sleep 0.5
  kill $pid
  wait $pid || true
  echo "$filter: $(grep -c Reverse seen)"
done
EOF
timeout 60 unshare -rn bash inside >out 2>err || true
cat out
grep -qx 'the filter: ldh \[vlan_tci\]' out && grep -qx 'vlan: 40' out && [ "$(sed -n 's/^vlan 905: //p' out)" -lt 40 ] || {
  echo 'this has changed' >&2
  cat err >&2
  exit 1
}
