import { eachAttribute, LITTLE_ENDIAN, pick, type Span } from './attributes.js';
import * as c from './constants.js';
import type { FilterEvent, QdiscEvent } from './events.js';

/**
 * The device that a message is about; null for one about an action, which no device has. struct ifinfomsg and struct tcmsg
 * have it at the same place.
 * @param datagram with one message, as the kernel tells the news
 */
export function newsOf(datagram: Uint8Array): number | null {
  if (datagram.length < c.NLMSG_HEADER_LENGTH + IFINDEX_AT + 4) return null;
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const type = view.getUint16(4, LITTLE_ENDIAN);
  if (type === c.RTM_NEWACTION || type === c.RTM_DELACTION) return null;
  return view.getInt32(c.NLMSG_HEADER_LENGTH + IFINDEX_AT, LITTLE_ENDIAN);
}

/** struct tcmsg: tc.ts shows it. */
const TCMSG_LENGTH = 20;
const IFINDEX_AT = 4;
const PARENT_AT = 12;
const INFO_AT = 16;

/** The body of RTM_NEWQDISC. @throws NetlinkDecodeError */
export function decodeQdisc(body: Span): QdiscEvent {
  const [kind] = pick(body.from(TCMSG_LENGTH), [c.TCA_KIND]);
  return { type: 'qdisc', ifindex: body.i32(IFINDEX_AT), parent: body.u32(PARENT_AT), kind: kind?.text() ?? '' };
}

/** Where filters of the kinds that we use keep their actions. */
const ACTIONS: Readonly<Record<string, number>> = { u32: c.TCA_U32_ACT, matchall: c.TCA_MATCHALL_ACT };

/** The body of RTM_NEWTFILTER. @throws NetlinkDecodeError */
export function decodeFilter(body: Span): FilterEvent {
  const [kind, options] = pick(body.from(TCMSG_LENGTH), [c.TCA_KIND, c.TCA_OPTIONS]);
  const [actions] = options ? pick(options, [ACTIONS[kind?.text() ?? ''] ?? 0]) : [];
  return {
    type: 'filter',
    ifindex: body.i32(IFINDEX_AT),
    pref: body.u32(INFO_AT) >>> 16,
    sends: actions ? sendsOf(actions) : null,
  };
}

/** struct tc_mirred: tc.ts shows it. */
const MIRRED_WAY_AT = 20;
const MIRRED_IFINDEX_AT = 24;

function sendsOf(actions: Span): FilterEvent['sends'] {
  let sends: FilterEvent['sends'] = null;
  eachAttribute(actions, (_, action) => {
    const [kind, options] = pick(action, [c.TCA_ACT_KIND, c.TCA_ACT_OPTIONS]);
    const [parameters] = kind?.text() === 'mirred' && options ? pick(options, [c.TCA_MIRRED_PARMS]) : [];
    sends = parameters
      ? { to: parameters.u32(MIRRED_IFINDEX_AT), redirected: parameters.u32(MIRRED_WAY_AT) === c.TCA_EGRESS_REDIR }
      : null;
  });
  return sends;
}
