/** The tables as `ip -j` and `bridge -j` print them. */
import { json } from '../net/ip.js';
import { inOrder, type FdbRow, type LinkRow, type NeighbourRow, type Tables } from './tables.js';

interface IpLink {
  ifname: string;
  address?: string;
  flags: string[];
  master?: string;
  linkinfo?: {
    info_kind?: string;
    info_data?: { active_slave?: string; id?: number };
    info_slave_kind?: string;
    info_slave_data?: { state?: string };
  };
}

function linkRow({ ifname, address, flags, master, linkinfo }: IpLink): LinkRow {
  const {
    info_kind: kind = null,
    info_data: data,
    info_slave_kind: slaveKind,
    info_slave_data: slave,
  } = linkinfo ?? {};
  return {
    name: ifname,
    mac: address ?? null,
    up: flags.includes('UP'),
    carrier: flags.includes('LOWER_UP'),
    master: master ?? null,
    kind,
    activeSlave: kind === 'bond' ? (data?.active_slave ?? null) : null,
    slaveActive: slaveKind === 'bond' ? slave?.state === 'ACTIVE' : null,
    vlanId: kind === 'vlan' ? (data?.id ?? null) : null,
  };
}

interface BridgeFdb {
  mac: string;
  ifname: string;
  master?: string;
  vlan?: number;
  state: string;
}

function fdbRow({ mac, ifname, master, vlan, state }: BridgeFdb): FdbRow {
  return { mac, port: ifname, bridge: master ?? null, vlan: vlan ?? null, permanent: state === 'permanent' };
}

interface IpNeighbour {
  dst: string;
  dev: string;
  lladdr?: string;
}

function neighbourRow({ dst, dev, lladdr }: IpNeighbour): NeighbourRow {
  return { address: dst, device: dev, mac: lladdr ?? null };
}

/** Reads a namespace's tables through iproute2. */
export async function readWithIproute2(netns: string): Promise<Tables> {
  const links = (await json('ip', netns, 'link', 'show')) as IpLink[];
  const fdb = (await json('bridge', netns, 'fdb', 'show')) as BridgeFdb[];
  const neighbours = (await json('ip', netns, 'neigh', 'show')) as IpNeighbour[];
  return inOrder({
    links: links.map(linkRow),
    fdb: fdb.map(fdbRow),
    neighbours: neighbours.map(neighbourRow),
  });
}
