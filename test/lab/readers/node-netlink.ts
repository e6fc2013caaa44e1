/**
 * Prints the tables as read through the node-netlink package. It splits datagrams into messages; their bodies are taken
 * apart here, from linux/rtnetlink.h, linux/if_link.h and linux/neighbour.h, with no code of the program.
 */
import netlink from 'node-netlink';
import { inOrder, type FdbRow, type LinkRow, type NeighbourRow } from './tables.js';

const [RTM_GETLINK, RTM_GETNEIGH] = [18n, 30n];
const [AF_INET, AF_INET6, AF_BRIDGE] = [2, 10, 7];
const IFINFOMSG = 16;
const NDMSG = 12;

const route = await netlink.open({ family: 0 });

/** Dumps a table; 32 further bytes of zeros would be taken for attributes, so the request's body is exact. */
async function dump(type: bigint, family: number, length: number): Promise<Buffer[]> {
  const payload = Buffer.alloc(length);
  payload[0] = family;
  const flags = netlink.NLM_F_REQUEST | netlink.NLM_F_DUMP | netlink.NLM_F_ACK;
  const packets = await route.talk({ header: { nlmsg_type: type, nlmsg_flags: flags }, payload });
  return packets.map((packet) => packet.payload);
}

function attributes(body: Buffer, from = 0): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = from; at + 4 <= body.length;) {
    const length = body.readUInt16LE(at);
    found.set(body.readUInt16LE(at + 2) & 0x3fff, body.subarray(at + 4, at + length));
    at += Math.ceil(length / 4) * 4;
  }
  return found;
}

const text = (bytes: Buffer | undefined): string | null => bytes?.toString('utf8').replace(/\0.*$/, '') ?? null;
const mac = (bytes: Buffer | undefined): string | null =>
  bytes?.length === 6 ? (bytes.toString('hex').match(/../g) ?? []).join(':') : null;
const u32 = (bytes: Buffer | undefined): number | null => bytes?.readUInt32LE(0) ?? null;

const linkBodies = await dump(RTM_GETLINK, 0, IFINFOMSG);
const names = new Map(linkBodies.map((body) => [body.readInt32LE(4), text(attributes(body, IFINFOMSG).get(3)) ?? '']));
const nameOf = (ifindex: number | null): string | null => names.get(ifindex ?? 0) ?? null;

function linkRow(body: Buffer): LinkRow {
  const flags = body.readUInt32LE(8);
  const link = attributes(body, IFINFOMSG);
  const info = attributes(link.get(18) ?? Buffer.alloc(0));
  const kind = text(info.get(1));
  const data = attributes(info.get(2) ?? Buffer.alloc(0));
  const slave = attributes(info.get(5) ?? Buffer.alloc(0));
  return {
    name: text(link.get(3)) ?? '',
    mac: mac(link.get(1)),
    up: (flags & 1) !== 0,
    carrier: (flags & 0x10000) !== 0,
    master: nameOf(u32(link.get(10))),
    kind,
    activeSlave: kind === 'bond' ? nameOf(u32(data.get(2))) : null,
    slaveActive: text(info.get(4)) === 'bond' ? slave.get(1)?.[0] === 0 : null,
    vlanId: kind === 'vlan' ? (data.get(1)?.readUInt16LE(0) ?? null) : null,
  };
}

function fdbRow(body: Buffer): FdbRow {
  const row = attributes(body, NDMSG);
  return {
    mac: mac(row.get(2)) ?? '',
    port: nameOf(body.readInt32LE(4)) ?? '',
    bridge: nameOf(u32(row.get(9))),
    vlan: row.get(5)?.readUInt16LE(0) ?? null,
    permanent: (body.readUInt16LE(8) & 0x80) !== 0,
  };
}

function neighbourRow(body: Buffer): NeighbourRow {
  const row = attributes(body, NDMSG);
  const address = row.get(1) ?? Buffer.alloc(0);
  const groups = (address.toString('hex').match(/..../g) ?? []).join(':');
  return {
    address: address.length === 4 ? address.join('.') : new URL(`http://[${groups}]`).hostname.slice(1, -1),
    device: nameOf(body.readInt32LE(4)) ?? '',
    mac: mac(row.get(2)),
  };
}

const NUD_NOARP = 0x40;
const resolved = (body: Buffer): boolean => (body.readUInt16LE(8) & NUD_NOARP) === 0;
const neighbours = [...(await dump(RTM_GETNEIGH, AF_INET, NDMSG)), ...(await dump(RTM_GETNEIGH, AF_INET6, NDMSG))];
const fdb = await dump(RTM_GETNEIGH, AF_BRIDGE, NDMSG);
await route.close();
const tables = {
  links: linkBodies.map(linkRow),
  fdb: fdb.map(fdbRow),
  neighbours: neighbours.filter(resolved).map(neighbourRow),
};
console.log(JSON.stringify(inOrder(tables)));
