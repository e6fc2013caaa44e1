#!/usr/bin/env bash
# Open vSwitch polices what comes in by an interface (ingress_policing_rate) with the qdisc `ingress`. Where another program
# holds that place with `clsact`, as tc and eBPF tools do, ovs-vsctl succeeds, the database has the rate and no error, and
# nothing is policed: clsact stays without a police filter. Only ovs-vswitchd's log has a warning.
#
# Seen with Open vSwitch 3.1.0-2+deb12u1, Linux 6.1 (Debian's user-mode-linux 6.1um4+b13), iproute2 6.1.0-3:
#     alone: ovs-vsctl 0, rate 8000, error [], qdisc ingress, police 1
#     clsact first: ovs-vsctl 0, rate 8000, error [], qdisc clsact, police 0
#     log: WARN|d1: adding policing qdisc failed: File exists
#
# Runs without rights, on Debian 12 (amd64). Downloads the packages into a temporary folder and installs nothing.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
packages='user-mode-linux=6.1um4+b13 iproute2=6.1.0-3 kmod=30+20221128-1 libbpf1=1:1.1.2-0+deb12u1 libelf1=0.188-2.1
  libmnl0=1.0.4-3 libcap2 libdb5.3 libtirpc3 libxtables12
  openvswitch-common=3.1.0-2+deb12u1 openvswitch-switch=3.1.0-2+deb12u1 libunbound8 libxdp1 libcap-ng0 libnuma1 libssl3
  libevent-2.1-7 libnghttp2-14 libprotobuf-c1'
for package in $packages; do apt-get -o APT::Sandbox::User=root download -qq "$package"; done
for file in *.deb; do dpkg-deb -x "$file" root; done

cat >init <<EOF
#!/bin/sh
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t tmpfs tmpfs /run
mkdir -p /run/m/lib /run/ovs /run/work
mount --bind $work /run/work; mount -t tmpfs tmpfs /tmp # ovsdb-server writes there
root=/run/work/root
export PATH=\$root/usr/lib/openvswitch-switch:\$root/usr/bin:\$root/usr/sbin:\$root/sbin:\$root/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LD_LIBRARY_PATH=\$root/usr/lib/x86_64-linux-gnu:\$root/lib/x86_64-linux-gnu
ln -s \$root/usr/lib/uml/modules /run/m/lib/modules
modprobe -d /run/m -a veth tun sch_ingress cls_matchall cls_basic act_police act_gact 2>/dev/null
export OVS_RUNDIR=/run/ovs OVS_LOGDIR=/run/ovs OVS_DBDIR=/run/ovs OVS_SYSCONFDIR=/run/ovs
ip link set lo up
for n in 0 1; do ip link add d\$n type veth peer name e\$n; ip link set d\$n up; ip link set e\$n up; done
tc qdisc add dev d1 clsact
ovsdb-tool create /run/ovs/conf.db \$root/usr/share/openvswitch/vswitch.ovsschema
ovsdb-server /run/ovs/conf.db --remote=punix:/run/ovs/db.sock --detach --no-chdir --pidfile 2>/dev/null
ovs-vsctl --no-wait init
ovs-vswitchd unix:/run/ovs/db.sock --detach --no-chdir --pidfile --log-file=/run/ovs/log 2>/dev/null
ovs-vsctl --timeout=20 add-br br0 -- set bridge br0 datapath_type=netdev -- add-port br0 d0 -- add-port br0 d1
for n in 0 1; do
  ovs-vsctl --timeout=20 set interface d\$n ingress_policing_rate=8000 ingress_policing_burst=800
  status=\$?
  rate=\$(ovs-vsctl --timeout=20 get interface d\$n ingress_policing_rate)
  error=\$(ovs-vsctl --timeout=20 get interface d\$n error)
  qdisc=\$(tc qdisc show dev d\$n | grep -o 'qdisc [a-z]* ffff:' | cut -d' ' -f2)
  police=\$(tc filter show dev d\$n parent ffff: | grep -c 'police.*rate')
  echo "SEEN d\$n: ovs-vsctl \$status, rate \$rate, error \$error, qdisc \$qdisc, police \$police"
done
echo "SEEN log: \$(grep -o "WARN|d1: .*" /run/ovs/log | sort -u)"
poweroff -f 2>/dev/null || halt -f
EOF
chmod +x init
timeout 120 root/usr/bin/linux.uml mem=512M root=/dev/root rootfstype=hostfs rootflags=/ ro "init=$work/init" \
  con=null con0=null,fd:1 quiet "uml_dir=$work/" umid=finding </dev/null >out 2>&1 || true
seen=$(tr -d '\r' <out | sed -n 's/^SEEN d0/alone/p; s/^SEEN d1/clsact first/p; s/^SEEN log/log/p')
echo "$seen"
[ "$seen" = 'alone: ovs-vsctl 0, rate 8000, error [], qdisc ingress, police 1
clsact first: ovs-vsctl 0, rate 8000, error [], qdisc clsact, police 0
log: WARN|d1: adding policing qdisc failed: File exists' ] || {
  echo 'this has changed' >&2
  cat out >&2
  exit 1
}
