import type { Guest, Tag } from './hypervisor.js';

/** The client behind the second switch and the one behind the first, by namespace, and the last byte of their addresses. */
export const CLIENTS: Readonly<Record<string, { host: number; mac: string }>> = {
  client: { host: 251, mac: '02:00:00:00:0c:01' },
  client2: { host: 252, mac: '02:00:00:00:0c:02' },
};

/** The stacks of tags in use, each a subnet 10.77.N.0/24. */
export function subnets(guests: readonly Guest[]): Map<string, readonly Tag[]> {
  const stacks = new Map<string, readonly Tag[]>([['', []]]);
  for (const { wire } of guests) if (wire !== null) stacks.set(keyOf(wire), wire);
  return stacks;
}

/** Gives every guest an address in the subnet of its tags; one that nobody can reach stays without. */
export function giveAddresses(guests: readonly Guest[]): void {
  const keys = [...subnets(guests).keys()];
  for (const [index, guest] of guests.entries()) {
    if (guest.wire === null) continue;
    if (index >= 250) throw new Error('a lab has at most 250 guests; give one guest more MACs instead');
    guest.ip = `10.77.${keys.indexOf(keyOf(guest.wire))}.${index + 1}`;
  }
}

/**
 * The `ip` lines for a client: a VLAN device and an address for each stack of tags, and fixed neighbours, because a
 * guest that is asked for its address would answer, and then it would no longer be silent.
 */
export function clientLines(client: string, guests: readonly Guest[]): string[] {
  const host = CLIENTS[client]?.host ?? 0;
  const lines = ['link set eth0 up'];
  const made = new Set<string>();
  for (const [n, wire] of [...subnets(guests).values()].entries()) {
    const device = wire.reduce((lower, tag) => {
      const name = `${lower}.${tag.vid}`;
      const protocol = tag.tpid === 0x88a8 ? '802.1ad' : '802.1Q';
      if (!made.has(name)) {
        lines.push(`link add link ${lower} name ${name} type vlan protocol ${protocol} id ${tag.vid}`);
        lines.push(`link set ${name} up`);
      }
      made.add(name);
      return name;
    }, 'eth0');
    lines.push(`addr add 10.77.${n}.${host}/24 dev ${device}`);
    for (const guest of guests) {
      if (!guest.ip.startsWith(`10.77.${n}.`)) continue;
      lines.push(`neigh replace ${guest.ip} lladdr ${guest.mac} dev ${device} nud permanent`);
    }
  }
  return lines;
}

function keyOf(wire: readonly Tag[]): string {
  return wire.map(({ tpid, vid }) => `${tpid}:${vid}`).join('.');
}
