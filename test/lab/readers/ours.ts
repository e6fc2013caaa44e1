/** Prints the tables as the program itself reads them: its socket, its requests, its decoder. */
import { decodeDatagram } from '../../../src/kernel/decode.js';
import { NUD_NOARP, NUD_PERMANENT } from '../../../src/kernel/constants.js';
import type { FdbEvent, KernelEvent, LinkEvent, NeighbourEvent } from '../../../src/kernel/events.js';
import { TableDumps } from '../../../src/kernel/table-dumps.js';
import { openRouteSocket } from '../../../src/sys/netlink/route-socket.js';
import { inOrder, type FdbRow, type LinkRow, type NeighbourRow } from './tables.js';

const events: KernelEvent[] = [];
await new Promise<void>((resolve, reject) => {
  const datagram = (bytes: Uint8Array): void => {
    for (const event of decodeDatagram(bytes)) {
      events.push(event);
      if (!dumps.take(event)) continue;
      socket.close();
      resolve();
    }
  };
  const socket = openRouteSocket([], { datagram, trouble: (detail) => reject(new Error(detail)) });
  const dumps = new TableDumps(['links', 'fdb', 'neighbours4', 'neighbours6'], (request) => socket.send(request));
  dumps.startIfDue(0);
});

const links = events.filter((event): event is LinkEvent => event.type === 'link');
const names = new Map(links.map(({ ifindex, name }) => [ifindex, name]));
const nameOf = (ifindex: number | null): string | null => names.get(ifindex ?? 0) ?? null;

function linkRow({ name, address, up, lowerUp, master, details, bondSlaveActive }: LinkEvent): LinkRow {
  return {
    name,
    mac: address,
    up,
    carrier: lowerUp,
    master: nameOf(master),
    kind: details.type === 'other' ? details.kind : details.type,
    activeSlave: details.type === 'bond' ? nameOf(details.activeSlave) : null,
    slaveActive: bondSlaveActive,
    vlanId: details.type === 'vlan' ? details.id : null,
  };
}

function fdbRow({ mac, port, bridge, vlan, state }: FdbEvent): FdbRow {
  return { mac, port: nameOf(port) ?? '', bridge: nameOf(bridge), vlan, permanent: (state & NUD_PERMANENT) !== 0 };
}

function neighbourRow({ address, ifindex, mac }: NeighbourEvent): NeighbourRow {
  return { address, device: nameOf(ifindex) ?? '', mac };
}

const isFdb = (event: KernelEvent): event is FdbEvent => event.type === 'fdb';
// `ip neigh` leaves out what needs no resolution, such as multicast; so do we here.
const isNeighbour = (event: KernelEvent): event is NeighbourEvent =>
  event.type === 'neighbour' && (event.state & NUD_NOARP) === 0;
const tables = {
  links: links.map(linkRow),
  fdb: events.filter(isFdb).map(fdbRow),
  neighbours: events.filter(isNeighbour).map(neighbourRow),
};
console.log(JSON.stringify(inOrder(tables)));
