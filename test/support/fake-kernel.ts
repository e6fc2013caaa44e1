/**
 * A kernel made of the devices of a FakeHost, spoken to in bytes: one function answers each request, and each change is
 * a datagram.
 */
import * as c from '../../src/kernel/constants.js';
import type { BridgePortEvent, FdbEvent, LinkEvent } from '../../src/kernel/events.js';
import type { FakeHost } from './host.js';
import { attribute, ifinfomsg, message, ndmsg, nested, result, text, u32, u8 } from './netlink.js';

const mac = (address: string): Buffer => Buffer.from(address.replaceAll(':', ''), 'hex');

function linkInfo({ details, bondSlaveActive, bridgePortState }: LinkEvent): Buffer[] {
  const info: Buffer[] = [];
  if (details.type === 'bond') {
    const active = u32(c.IFLA_BOND_ACTIVE_SLAVE, details.activeSlave ?? 0);
    const rest = [u8(c.IFLA_BOND_MODE, details.mode), u32(c.IFLA_BOND_ARP_INTERVAL, details.arpInterval)];
    info.push(text(c.IFLA_INFO_KIND, 'bond'), nested(c.IFLA_INFO_DATA, active, ...rest));
  } else if (details.type === 'bridge') {
    const filtering = u8(c.IFLA_BR_VLAN_FILTERING, details.vlanFiltering ? 1 : 0);
    info.push(text(c.IFLA_INFO_KIND, 'bridge'), nested(c.IFLA_INFO_DATA, filtering));
  } else if (details.type === 'other' && details.kind !== null) info.push(text(c.IFLA_INFO_KIND, details.kind));
  if (bondSlaveActive !== null) {
    const state = u8(c.IFLA_BOND_SLAVE_STATE, bondSlaveActive ? c.BOND_STATE_ACTIVE : 1);
    info.push(text(c.IFLA_INFO_SLAVE_KIND, 'bond'), nested(c.IFLA_INFO_SLAVE_DATA, state));
  } else if (bridgePortState !== null) {
    const state = u8(c.IFLA_BRPORT_STATE, bridgePortState);
    info.push(text(c.IFLA_INFO_SLAVE_KIND, 'bridge'), nested(c.IFLA_INFO_SLAVE_DATA, state));
  }
  return info.length > 0 ? [nested(c.IFLA_LINKINFO, ...info)] : [];
}

/** RTM_NEWLINK as the kernel would write it. */
export function linkMessage(link: LinkEvent, seq = 0): Buffer {
  const carrier = (link.lowerUp ? c.IFF_LOWER_UP : 0) | (link.running ? c.IFF_RUNNING : 0);
  const flags = (link.up ? c.IFF_UP : 0) | carrier;
  return message(
    { type: c.RTM_NEWLINK, seq },
    ifinfomsg(link.ifindex, flags),
    text(c.IFLA_IFNAME, link.name),
    ...(link.address === null ? [] : [attribute(c.IFLA_ADDRESS, mac(link.address))]),
    ...(link.master === null ? [] : [u32(c.IFLA_MASTER, link.master)]),
    ...(link.lower === null ? [] : [u32(c.IFLA_LINK, link.lower)]),
    ...linkInfo(link),
  );
}

function portMessage({ ifindex, state }: BridgePortEvent, seq: number): Buffer {
  const info = nested(c.IFLA_PROTINFO, u8(c.IFLA_BRPORT_STATE, state ?? 0));
  return message({ type: c.RTM_NEWLINK, seq }, ifinfomsg(ifindex, 0, c.AF_BRIDGE), info);
}

/** RTM_NEWNEIGH of a bridge's row. */
export function fdbMessage(row: FdbEvent, seq = 0): Buffer {
  const body = [ndmsg(row.port, { state: row.state }), attribute(c.NDA_LLADDR, mac(row.mac))];
  return message({ type: c.RTM_NEWNEIGH, seq }, ...body, u32(c.NDA_MASTER, row.bridge ?? 0));
}

export class FakeKernel {
  readonly rows: FdbEvent[] = [];

  constructor(readonly host: FakeHost) {}

  /** The answer to a request: an acknowledgement, or a table and its end. */
  answer(request: Uint8Array): Buffer[] {
    const header = Buffer.from(request);
    const [type, flags, seq, family] = [
      header.readUInt16LE(4),
      header.readUInt16LE(6),
      header.readUInt32LE(8),
      header[16] ?? 0,
    ];
    if ((flags & c.NLM_F_DUMP) !== c.NLM_F_DUMP) return [message({ type: c.NLMSG_ERROR, seq }, result(0))];
    return [...this.table(type, family, seq), message({ type: c.NLMSG_DONE, seq }, result(0))];
  }

  private table(type: number, family: number, seq: number): Buffer[] {
    const links = this.host.dump();
    if (type === c.RTM_GETLINK && family === c.AF_BRIDGE)
      return links.flatMap((event) => (event.type === 'bridgePort' ? [portMessage(event, seq)] : []));
    if (type === c.RTM_GETLINK)
      return links.flatMap((event) => (event.type === 'link' ? [linkMessage(event, seq)] : []));
    if (type === c.RTM_GETNEIGH && family === c.AF_BRIDGE) return this.rows.map((row) => fdbMessage(row, seq));
    return [];
  }
}
