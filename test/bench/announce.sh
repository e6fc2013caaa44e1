#!/bin/bash
# The script that a person would write: when the bond's active slave has changed, an ARP packet for each MAC address that
# the bridge knows on its other ports.
bond=bond0
bridge=br0

active() { cat "/sys/class/net/$bond/bonding/active_slave"; }

announce() {
  bridge fdb show br "$bridge" | grep -v -e permanent -e "dev $bond" | cut -d ' ' -f 1 | sort -u |
    while read -r mac; do
      arping -q -U -c 1 -w 0.001 -i "$bond" -s "$mac" -S 0.0.0.0 0.0.0.0 </dev/null
    done
}

last=$(active)
echo ready
ip monitor link dev "$bond" | while read -r _; do
  now=$(active)
  [ "$now" != "$last" ] || continue
  last=$now
  announce
done
