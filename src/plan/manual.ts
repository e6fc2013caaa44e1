import { byMacAndVlan, outerVlan, type SuppressReason, type Verdict } from '../guests/verdict.js';
import type { Address, Announceable, Place, ReportsOf } from './turns.js';
import type { BondPlan } from './bond-plan.js';
import type { Ip } from '../addr/ip.js';
import type { GroupReport } from '../frames/group-records.js';
import type { Mac } from '../addr/mac.js';
import type { AnnounceConfig, FrameKind } from '../config/config.js';
import type { HostState } from '../guests/host-state.js';
import { ETH_P_8021Q } from '../kernel/constants.js';
import type { BondId } from '../topology/bond-id.js';
import { frameKey } from '../frames/ethernet.js';
import { encodeRarp } from '../frames/arp.js';

/** Whom an operator asks to be announced: everyone, these MACs, this VLAN, or both. */
export interface ManualRequest {
  readonly bond: BondId;
  readonly macs: readonly Mac[];
  /** The outermost tag on the wire; null: whatever is right. */
  readonly vlan: number | null;
}

/** What people want to know of a frame. */
export interface ManualFrame {
  readonly kind: FrameKind;
  readonly mac: Mac;
  /** The outermost tag, null for an untagged frame. */
  readonly vlan: number | null;
  /** null for RARP, and for reports of groups. */
  readonly ip: Ip | null;
}

/** The settings of an announcement by hand: these kinds of frames, and so many rounds of the schedule. */
export function manualSettings(
  announce: AnnounceConfig,
  { kinds, rounds }: { readonly kinds: readonly FrameKind[]; readonly rounds: number },
): AnnounceConfig {
  return { ...announce, kinds, schedule: announce.schedule.slice(0, rounds) };
}

/**
 * The guests of an announcement by hand: those announceable when it began, as they are when asked. A MAC that no source
 * knows is announced as the operator says, one that is known to live elsewhere never.
 */
export class ManualGuests implements Announceable {
  /** Who is not announced, and why. */
  readonly suppressed: readonly { readonly mac: Mac; readonly vlan: number | null; readonly reason: SuppressReason }[];
  /** By the keys of their frames, in order of MAC and VLAN. */
  private readonly macs: ReadonlyMap<string, Mac>;

  constructor(
    private readonly host: HostState,
    private readonly request: ManualRequest,
    private readonly reportsOf: ReportsOf = () => [],
  ) {
    const wanted = request.macs.length > 0 ? new Set(request.macs) : host.macs();
    const verdicts = [...wanted].flatMap((mac) => this.chosen(mac)).sort(byMacAndVlan);
    this.suppressed = verdicts.flatMap(({ mac, tags, suppressed: reason }) =>
      reason === null ? [] : [{ mac, vlan: outerVlan({ tags }), reason }],
    );
    const open = verdicts.filter(({ suppressed }) => suppressed === null);
    this.macs = new Map(open.map((verdict) => [frameKey(verdict), verdict.mac]));
  }

  keys(): Iterable<string> {
    return this.macs.keys();
  }

  rarp(key: string): Uint8Array | null {
    const verdict = this.verdict(key);
    return verdict && encodeRarp(verdict.mac, verdict.tags);
  }

  place(key: string): Place | null {
    return this.verdict(key);
  }

  /** Whoever is not announceable when the operator asks is told to him, not waited for. */
  waiting(): boolean {
    return false;
  }

  addresses({ mac, tags }: Place, now: number): readonly Address[] {
    return this.host.addressesOf(mac, { bond: this.request.bond, tags }, now);
  }

  reports(place: Place, now: number): readonly GroupReport[] {
    return this.reportsOf(this.request.bond, place, now);
  }

  private verdict(key: string): Verdict | null {
    const mac = this.macs.get(key);
    const verdicts = mac === undefined ? [] : this.chosen(mac);
    return verdicts.find((verdict) => verdict.suppressed === null && frameKey(verdict) === key) ?? null;
  }

  private chosen(mac: Mac): Verdict[] {
    const { bond, macs, vlan } = this.request;
    const fits = (verdict: Verdict): boolean => verdict.bond === bond && (vlan === null || outerVlan(verdict) === vlan);
    const known = this.host.verdicts(mac).filter(fits);
    if (known.length > 0 || macs.length === 0) return known;
    const tags = vlan === null ? [] : [{ tpid: ETH_P_8021Q, vid: vlan }];
    return this.host.verdicts(mac, [{ bond, tags }]).filter(fits);
  }
}

/** So many frames are listed in one step: well below a millisecond. */
const FRAMES_A_STEP = 64;

/**
 * The frames of a whole announcement in the order in which they would go, found by playing the plan through in time
 * that takes none. One list a step, so that others may have their turn in between.
 * @param plan not begun
 * @param now monotonic clock, seconds
 */
export function* listFrames(plan: BondPlan, guests: Announceable, now: number): Generator<readonly ManualFrame[]> {
  plan.begin(now, () => false);
  for (let at: number | null = now; at !== null; at = plan.wakeAt(at)) {
    yield plan.next(at, FRAMES_A_STEP).flatMap(({ turn: { kind, key, ip } }) => {
      const place = guests.place(key);
      return place ? [{ kind, mac: place.mac, vlan: outerVlan(place), ip }] : [];
    });
  }
}
