import { type Mac, macFromBytes } from '../addr/mac.js';
import { failureOf, NetlinkRequestError } from '../errors.js';
import type { LinkEvent } from '../kernel/events.js';
import * as link from '../kernel/requests.js';
import type { KernelRequests } from './kernel-requests.js';

/** Larger than any frame. */
const MTU = 65535;

/** The address of a device of ours ("bond" in ASCII), which a later run knows it by; `last`: whether we made its qdisc. */
const addressOf = (last: number): Mac => macFromBytes(Uint8Array.of(0x02, 0x62, 0x6f, 0x6e, 0x64, last));
const OURS = { madeQdisc: addressOf(1), foundQdisc: addressOf(0) };

/** A dummy device of ours, `bh-IFINDEX`, that gets the copies of what leaves a bond. */
export interface MirrorDevice {
  readonly ifindex: number;
  /** Whether the qdisc on the bond is ours: made now, or by the run that left the device behind. */
  readonly madeQdisc: boolean;
}

/**
 * Has the device there and up, new or left behind by a run that was killed.
 * @param madeQdisc whether the qdisc on the bond was made just now
 * @throws NetlinkRequestError when another device has its name
 * @throws SyscallError
 */
export function makeMirrorDevice(requests: KernelRequests, bond: number, madeQdisc: boolean): MirrorDevice {
  const name = `bh-${bond}`;
  const isNew = requests.wasDone('EEXIST', `device ${name}`, (seq) => link.addDummyRequest(name, ours(madeQdisc), seq));
  const found = linksIn(requests.ask(name, (seq) => link.getLinkRequest(name, seq))).find((each) => each.name === name);
  if (!found || !isOurs(found))
    throw new NetlinkRequestError(`device ${name} exists, and bondherald did not create it`);
  const { ifindex } = found;
  const made = madeQdisc || (!isNew && found.address === OURS.madeQdisc);
  requests.wasDone('EAFNOSUPPORT', name, (seq) => link.noIpv6AddressRequest(ifindex, seq));
  requests.ask(`device ${name}`, (seq) => link.setUpDummyRequest(ifindex, ours(made), MTU, seq));
  return { ifindex, madeQdisc: made };
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

const ours = (madeQdisc: boolean): Mac => (madeQdisc ? OURS.madeQdisc : OURS.foundQdisc);

function linksIn(events: readonly { readonly type: string }[]): LinkEvent[] {
  return events.filter((event): event is LinkEvent => event.type === 'link');
}

function isOurs({ details, address }: LinkEvent): boolean {
  const dummy = details.type === 'other' && details.kind === 'dummy';
  return dummy && (address === OURS.madeQdisc || address === OURS.foundQdisc);
}
