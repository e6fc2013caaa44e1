import type { Mac } from '../addr/mac.js';
import type { HostState } from '../guests/host-state.js';
import { byMacAndVlan, outerVlan } from '../guests/order.js';
import type { SuppressReason, Verdict } from '../guests/verdict.js';
import { ETH_P_8021Q } from '../kernel/constants.js';
import type { Exit } from '../topology/exits.js';
import { planFirstRound } from './first-round.js';

/** What an operator asks to be announced: everyone, these MACs, this VLAN, or both. */
export interface ManualRequest {
  readonly bond: number;
  readonly macs: readonly Mac[];
  /** The outermost tag on the wire; null: whatever is right. */
  readonly vlan: number | null;
}

/** A frame, and what people want to know of it. */
export interface ManualFrame {
  readonly kind: 'rarp';
  readonly mac: Mac;
  /** The outermost tag, null for an untagged frame. */
  readonly vlan: number | null;
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** What goes out for a request, and which guests do not, each with its reason. */
export interface ManualPlan {
  readonly frames: readonly ManualFrame[];
  readonly suppressed: readonly { readonly mac: Mac; readonly vlan: number | null; readonly reason: SuppressReason }[];
}

/**
 * Plans an announcement by hand. A MAC that no source knows is announced as the operator says: with the VLAN's tag,
 * or untagged. One that is known to live elsewhere is not, whoever asks.
 */
export function planManual(host: HostState, request: ManualRequest): ManualPlan {
  const macs = request.macs.length > 0 ? new Set(request.macs) : host.macs();
  const verdicts = [...macs].flatMap((mac) => chosen(host, mac, request)).sort(byMacAndVlan);
  const frames = verdicts.filter(({ suppressed }) => suppressed === null);
  return {
    frames: frames.map((verdict) => ({
      kind: 'rarp',
      mac: verdict.mac,
      vlan: outerVlan(verdict),
      ...planFirstRound(verdict),
    })),
    suppressed: verdicts.flatMap((verdict) => {
      const { mac, suppressed: reason } = verdict;
      return reason === null ? [] : [{ mac, vlan: outerVlan(verdict), reason }];
    }),
  };
}

function chosen(host: HostState, mac: Mac, { bond, macs, vlan }: ManualRequest): Verdict[] {
  const fits = (verdict: Verdict): boolean => verdict.bond === bond && (vlan === null || outerVlan(verdict) === vlan);
  const known = host.verdicts(mac).filter(fits);
  if (known.length > 0 || macs.length === 0) return known;
  const claim: Exit = { bond, tags: vlan === null ? [] : [{ tpid: ETH_P_8021Q, vid: vlan }], blocked: null };
  return host.verdicts(mac, [claim]).filter(fits);
}
