import { parseIp } from '../addr/ip.js';
import { parseMac, parseStationMac } from '../addr/mac.js';
import { FRAME_KINDS } from '../config/config.js';
import type { LimitDescription } from '../guests/description.js';
import type { SuppressReason } from '../guests/verdict.js';
import type { ManualFrame } from '../plan/manual.js';
import type { Source } from '../sources/sighting.js';
import * as shape from './shape.js';
import { standbyBond } from './standby.js';
import { statusReport } from './status.js';

/*
 * A request is one line:
 *
 *     {"v":1,"op":"guests","bond":"bond0"}                                            without "bond": every bond
 *     {"v":1,"op":"announce","bond":"bond0","macs":["52:54:00:12:34:56"],"vlan":null,
 *      "kinds":["rarp"],"rounds":1,"dryRun":true}                                          "kinds":null: the configuration's
 *     {"v":1,"op":"status"}
 *     {"v":1,"op":"standby","bond":"bond0"}                                           without "bond": every bond
 *     {"v":1,"op":"page"}
 *
 * and so is an answer:
 *
 *     {"v":1,"result":{...}}
 *     {"v":1,"error":{"code":"USAGE","exitCode":2,"message":"bond7: no such device; ..."}}
 */

const { flag, integer, listOf, literal, nullable, object, optional, orElse, parsed, recordOf, text } = shape;

/** Longer than any device's name (IFNAMSIZ is 16), so that a wrong name is answered with the right words. */
const name = text(256);
const count = integer(0, Number.MAX_SAFE_INTEGER);
const kind = literal(...FRAME_KINDS);
const mac = parsed(parseMac, 'a MAC address');

/** The outermost tag on the wire; null: untagged. */
const vlan = nullable(integer(0, 4095));

/** The daemon's word, passed on as it is: a newer daemon may know reasons and sources that we do not. */
const reason = text(64) as shape.Check<SuppressReason>;
const source = text(64) as shape.Check<Source>;

/** More than any schedule has. */
const MAX_ROUNDS = 1000;

/** Far beyond the largest page, which takes less than 700 KB. */
const PAGE_LENGTH = 4 << 20;

/** What a command may ask of the daemon. */
export const REQUESTS = {
  /** Who is behind a bond; null: behind every bond. */
  guests: object({ op: literal('guests'), bond: optional(name) }),
  /** To announce the guests behind a bond now. */
  announce: object({
    op: literal('announce'),
    bond: name,
    /** Only these; everyone where there are none. */
    macs: listOf(parsed(parseStationMac, 'the MAC address of a station')),
    /** Only this VLAN, the outermost tag on the wire; null: whatever is right. */
    vlan: nullable(integer(1, 4094)),
    /** null: those of the configuration. */
    kinds: nullable(listOf(kind)),
    /** So many rounds of the schedule, from its first. */
    rounds: integer(1, MAX_ROUNDS),
    dryRun: flag,
  }),
  /** How the bonds stand and what their last failovers were. */
  status: object({ op: literal('status') }),
  /** Which VLANs the links carry that are not active; null: of every bond. */
  standby: object({ op: literal('standby'), bond: optional(name) }),
  /** The status page, to be read from a file. */
  page: object({ op: literal('page') }),
};

const guest = object({
  mac,
  vlan,
  port: nullable(name),
  guest: nullable(name),
  addresses: listOf(text(64)),
  source,
  lastSeen: nullable(count),
  announced: flag,
  reason: nullable(reason),
  /** Some of the multicast groups that it was heard to report. Earlier daemons do not say. */
  groups: orElse([], listOf(text(64))),
});

const frame: shape.Check<ManualFrame> = object({ kind, mac, vlan, ip: nullable(parsed(parseIp, 'an IP address')) });

/** A limit that is met, and who is not announced for that. */
const limitMet: shape.Check<LimitDescription> = object({
  reason: text(64) as shape.Check<LimitDescription['reason']>,
  port: nullable(name),
  mac,
  limit: count,
  count,
});

const bondGuests = object({ bond: name, guests: listOf(guest) });

/** What each request is answered with. */
export const RESULTS = {
  guests: object({ bonds: listOf(bondGuests), limits: listOf(limitMet) }),
  announce: object({
    bond: name,
    activeSlave: nullable(name),
    dryRun: flag,
    /** In the order in which they are to go. */
    frames: listOf(frame),
    /** How many frames the kernel took. */
    sent: count,
    suppressed: listOf(object({ mac, vlan, reason })),
    /** How many frames it refused, by the symbolic errno. */
    refused: recordOf(count),
    /** Whether it was cut short because the bond failed over meanwhile. */
    cut: flag,
  }),
  status: statusReport,
  standby: object({ bonds: listOf(standbyBond) }),
  page: object({ html: text(PAGE_LENGTH) }),
};

/** An error of the daemon. */
export const failure = object({ code: text(64), exitCode: literal(1, 2), message: text(16 << 10) });

type Op = keyof typeof REQUESTS;
export type ControlRequest = { [O in Op]: shape.Checked<(typeof REQUESTS)[O]> }[Op];
export type StandbyReport = ControlResults['standby'];
export type GuestsRequest = shape.Checked<typeof REQUESTS.guests>;
export type AnnounceRequest = shape.Checked<typeof REQUESTS.announce>;

export type ControlResults = { readonly [O in Op]: shape.Checked<(typeof RESULTS)[O]> };
export type BondGuestList = shape.Checked<typeof bondGuests>;
export type AnnounceReport = shape.Checked<typeof RESULTS.announce>;

/** What can be answered without a daemon too, by reading the kernel. */
export type KernelResults = Omit<ControlResults, 'page' | 'standby'>;

/** The daemon's answer: a result, or why there is none. */
export type ControlAnswer<O extends Op> =
  { readonly result: ControlResults[O] } | { readonly error: shape.Checked<typeof failure> };
