import { type Mac, macFromBytes } from '../addr/mac.js';
import { failureOf, NetlinkRequestError } from '../errors.js';
import type { LinkEvent } from '../kernel/events.js';
import { otherKind } from '../kernel/link.js';
import * as link from '../kernel/requests.js';
import type { KernelRequests } from './kernel-requests.js';

/** Larger than any frame. */
const MTU = 65535;

/** The address of a device of ours ("bond" in ASCII), which a later run knows it by; `last`: whether we made its qdisc. */
const addressOf = (last: number): Mac => macFromBytes(Uint8Array.of(0x02, 0x62, 0x6f, 0x6e, 0x64, last));
const OURS = { madeQdisc: addressOf(1), foundQdisc: addressOf(0) };

/** A dummy device of ours, `bh-IFINDEX`, that gets the copies of what leaves a bond. */
interface MirrorDevice {
  readonly ifindex: number;
  /** Whether the run that made it made the qdisc on the bond as well. */
  readonly madeQdisc: boolean;
}

const NAME = /^bh-(\d+)$/;
const nameOf = (bond: number): string => `bh-${bond}`;

/** The device that a run left behind which was killed; null: there is none, or one that is not ours. @throws SyscallError */
export function findMirrorDevice(requests: KernelRequests, bond: number): MirrorDevice | null {
  const name = nameOf(bond);
  const links: LinkEvent[] = [];
  requests.wasDone(
    'ENODEV',
    name,
    (seq) => link.getLinkRequest(name, seq),
    (events) => links.push(...linksIn(events)),
  );
  const found = links.find((each) => each.name === name);
  return found && isOurs(found) ? { ifindex: found.ifindex, madeQdisc: found.address === OURS.madeQdisc } : null;
}

/** All of them on this host, with the index of the bond that each is of. @throws SyscallError */
export function findMirrorDevices(requests: KernelRequests): { readonly bond: number; readonly ifindex: number }[] {
  const events = requests.ask('the devices of this host', (seq) => link.dumpRequest('links', seq));
  return linksIn(events).flatMap((each) => {
    const [, bond] = NAME.exec(each.name) ?? [];
    return bond !== undefined && isOurs(each) ? [{ bond: Number(bond), ifindex: each.ifindex }] : [];
  });
}

/**
 * Has the device there and up, with an address that says whether the qdisc on the bond is ours.
 * @returns its ifindex
 * @throws NetlinkRequestError when another device has its name
 * @throws SyscallError
 */
export function makeMirrorDevice(requests: KernelRequests, bond: number, madeQdisc: boolean): number {
  const name = nameOf(bond);
  const address = madeQdisc ? OURS.madeQdisc : OURS.foundQdisc;
  requests.wasDone('EEXIST', `device ${name}`, (seq) => link.addDummyRequest(name, address, seq));
  const found = findMirrorDevice(requests, bond);
  if (!found) throw new NetlinkRequestError(`device ${name} exists, and bondherald did not create it`);
  const { ifindex } = found;
  requests.wasDone('EAFNOSUPPORT', name, (seq) => link.noIpv6AddressRequest(ifindex, seq));
  requests.ask(`device ${name}`, (seq) => link.setUpDummyRequest(ifindex, address, MTU, seq));
  return ifindex;
}

/** Why the device gives what did not leave the bond, or nothing; null: it is as we made it. @throws SyscallError */
export function flawOfDevice(requests: KernelRequests, ifindex: number): string | null {
  const answer = requests.ask('the mirror device', (seq) => link.getLinkByIndexRequest(ifindex, seq));
  const found = linksIn(answer).find((each) => each.ifindex === ifindex);
  if (!found?.up) return 'another program took its device away';
  // What a bridge floods would pass for what left.
  return found.master === null ? null : `another program made ${found.name} a port of another device`;
}

/** Removes the device, if it is there still. */
export function removeMirrorDevice(requests: KernelRequests, ifindex: number): void {
  failureOf(() => requests.ask('a dummy', (seq) => link.deleteLinkRequest(ifindex, seq)));
}

function linksIn(events: readonly { readonly type: string }[]): LinkEvent[] {
  return events.filter((event): event is LinkEvent => event.type === 'link');
}

function isOurs(device: LinkEvent): boolean {
  const { address } = device;
  return otherKind(device) === 'dummy' && (address === OURS.madeQdisc || address === OURS.foundQdisc);
}
