import * as c from './constants.js';
import { attribute, half, networkHalf, networkWord, request, text, words } from './message.js';

/*
 * Traffic control: requests about the qdisc clsact and its filters. Each has a struct tcmsg (linux/rtnetlink.h):
 *
 *    0        1     4         8         12        16                       20
 *    +--------+-----+---------+---------+---------+------------------------+------------
 *    | family | pad | ifindex | handle  | parent  | info                   | attributes
 *    +--------+-----+---------+---------+---------+------------------------+------------
 *    info of a filter: pref in the high half; in the low half the protocol, in network byte order
 */
const AF_UNSPEC_AND_PAD = 0;
const SOCK_FILTER_BYTES = 8;

/** Bits of a packet, counted from its network header, compared with a number. Never across a 4-byte boundary. */
export interface U32Match {
  readonly bytes: 1 | 2;
  readonly value: number;
  readonly mask: number;
  readonly at: number;
}

/** A filter of ours. */
export interface MirrorFilter {
  /** The smaller, the earlier it is asked. One pref has one protocol and one kind of match. */
  readonly pref: number;
  /** The EtherType; that of the outermost tag, if there is one. */
  readonly protocol: number;
  /** What a packet must match, all of it; null for every packet of the protocol. */
  readonly matches: readonly U32Match[] | null;
  /** Whether what matches goes to the other device only, and leaves by no other. */
  readonly redirects?: boolean;
}

/** A program that is an action of tc; who names the same index shares it, within the network namespace. */
export interface SharedProgram {
  readonly index: number;
  /** Classic BPF: an array of struct sock_filter. */
  readonly bytes: Uint8Array;
}

/** `tc qdisc add dev IFINDEX clsact`. The kernel says EEXIST when it, or its older kin ingress, is there. */
export function addClsactRequest(ifindex: number, seq: number): Uint8Array {
  return clsactRequest(c.RTM_NEWQDISC, c.NLM_F_CREATE | c.NLM_F_EXCL, ifindex, seq);
}

/** `tc qdisc del dev IFINDEX clsact`: all its filters go with it, whoever's they are. */
export function deleteClsactRequest(ifindex: number, seq: number): Uint8Array {
  return clsactRequest(c.RTM_DELQDISC, 0, ifindex, seq);
}

function clsactRequest(type: number, flags: number, ifindex: number, seq: number): Uint8Array {
  const tcmsg = words(AF_UNSPEC_AND_PAD, ifindex, c.TC_H_CLSACT_HANDLE, c.TC_H_CLSACT, 0);
  return request(type, flags, seq, tcmsg, attribute(c.TCA_KIND, text('clsact')));
}

/** `tc qdisc show`, of all devices. The answers are `qdisc` events. */
export function qdiscDumpRequest(seq: number): Uint8Array {
  return request(c.RTM_GETQDISC, c.NLM_F_DUMP, seq, words(AF_UNSPEC_AND_PAD, 0, 0, 0, 0));
}

/** `tc filter show dev IFINDEX egress` (or ingress). The answers are `filter` events. */
export function filterDumpRequest(ifindex: number, hook: 'egress' | 'ingress', seq: number): Uint8Array {
  const parent = hook === 'egress' ? c.TC_H_CLSACT_EGRESS : c.TC_H_CLSACT_INGRESS;
  return request(c.RTM_GETTFILTER, c.NLM_F_DUMP, seq, words(AF_UNSPEC_AND_PAD, ifindex, 0, parent, 0));
}

/** `tc filter del dev IFINDEX egress protocol PROTOCOL pref PREF`: all that is at that pref. */
export function deleteFilterRequest(ifindex: number, { pref, protocol }: MirrorFilter, seq: number): Uint8Array {
  return request(c.RTM_DELTFILTER, 0, seq, egressFilter(ifindex, pref, protocol));
}

/**
 * `tc filter add dev IFINDEX egress protocol PROTOCOL pref PREF matchall (or u32 match ...) action (bpf bytecode PROGRAM
 * pipe index INDEX action) mirred egress mirror dev TARGET continue`: the filters after it are asked all the same. One
 * that redirects: `mirred egress redirect dev TARGET`, and the search ends.
 * @param program says of which packets no copies are made (act_bpf)
 */
export function addFilterRequest(
  ifindex: number,
  { pref, protocol, matches, redirects = false }: MirrorFilter,
  target: number,
  seq: number,
  program: SharedProgram | null = null,
): Uint8Array {
  const copy = actions(...(program ? [unless(program)] : []), mirred(target, redirects));
  const kind = attribute(c.TCA_KIND, text(matches ? 'u32' : 'matchall'));
  const options = matches
    ? attribute(c.TCA_OPTIONS, attribute(c.TCA_U32_ACT, copy), attribute(c.TCA_U32_SEL, selector(matches)))
    : attribute(c.TCA_OPTIONS, attribute(c.TCA_MATCHALL_ACT, copy));
  const flags = c.NLM_F_CREATE | c.NLM_F_EXCL;
  return request(c.RTM_NEWTFILTER, flags, seq, egressFilter(ifindex, pref, protocol), kind, options);
}

function egressFilter(ifindex: number, pref: number, protocol: number): Uint8Array {
  const info = (pref << 16) | networkHalf(protocol);
  return words(AF_UNSPEC_AND_PAD, ifindex, 0, c.TC_H_CLSACT_EGRESS, info);
}

/** What an action is, and its parameters. */
type Action = readonly [kind: Uint8Array, options: Uint8Array];

/** Actions in their order, numbered from 1. */
function actions(...list: readonly Action[]): Uint8Array {
  return Buffer.concat(list.map((parts, i) => attribute(i + 1, ...parts)));
}

function action(kind: string, ...parameters: readonly Uint8Array[]): Action {
  return [attribute(c.TCA_ACT_KIND, text(kind)), attribute(c.TCA_ACT_OPTIONS | c.NLA_F_NESTED, ...parameters)];
}

/** struct tc_mirred (linux/tc_act/tc_mirred.h): index, capab, action, refcnt, bindcnt, eaction, ifindex */
function mirred(target: number, redirects: boolean): Action {
  const [result, way] = redirects ? [c.TC_ACT_STOLEN, c.TCA_EGRESS_REDIR] : [c.TC_ACT_UNSPEC, c.TCA_EGRESS_MIRROR];
  const parameters = words(0, 0, result, 0, 0, way, target);
  return action('mirred', attribute(c.TCA_MIRRED_PARMS, parameters));
}

/** struct tc_act_bpf (linux/tc_act/tc_bpf.h): index, capab, action, refcnt, bindcnt */
function unless({ index, bytes }: SharedProgram): Action {
  return action(
    'bpf',
    attribute(c.TCA_ACT_BPF_OPS_LEN, half(bytes.length / SOCK_FILTER_BYTES)),
    attribute(c.TCA_ACT_BPF_OPS, bytes),
    attribute(c.TCA_ACT_BPF_PARMS, words(index, 0, c.TC_ACT_PIPE, 0, 0)),
  );
}

/**
 * struct tc_u32_sel (linux/pkt_cls.h): 0 flags u8   2 nkeys u8   and what we do not use up to 16, then keys of 16 bytes:
 * 0 mask be32   4 value be32   8 offset s32, a multiple of 4   12 offmask
 */
function selector(matches: readonly U32Match[]): Uint8Array {
  const keys = matches.map(({ bytes, value, mask, at }) => {
    const shift = 8 * (4 - bytes - (at & 3));
    return words(networkWord(mask << shift), networkWord(value << shift), at & ~3, 0);
  });
  const head = new Uint8Array(16);
  head[0] = c.TC_U32_TERMINAL;
  head[2] = keys.length;
  return Buffer.concat([head, ...keys]);
}
