import { type Cut, MAX_COUNTED } from './cuts.js';
import type { HostState } from './host-state.js';
import { outerVlan, type SuppressReason, type Verdict } from './verdict.js';

/** A guest behind a bond, in words for people and JSON: one for each MAC and stack of tags. */
export interface GuestDescription extends Pick<Verdict, 'mac' | 'source'> {
  /** The outermost tag on the wire, null for untagged frames. */
  readonly vlan: number | null;
  /** The device that its frames enter the host's network by, where one is known. */
  readonly port: string | null;
  /** Its name, where libvirt knows it. */
  readonly guest: string | null;
  /** Those that it has claimed on its way out, and nobody else since. */
  readonly addresses: readonly string[];
  /** Seconds ago; null when a source sees it now. */
  readonly lastSeen: number | null;
  readonly announced: boolean;
  /** Why it is not announced. */
  readonly reason: SuppressReason | null;
}

/** One guest, by one verdict. @param now monotonic clock, seconds @param reason why it is not announced; null: it is */
export function describeGuest(
  host: HostState,
  verdict: Verdict,
  now: number,
  reason: SuppressReason | null,
): GuestDescription {
  const { mac, device, source, lastSeen } = verdict;
  return {
    mac,
    vlan: outerVlan(verdict),
    port: host.topology.link(device)?.name ?? null,
    guest: host.declared.nameOf(mac),
    addresses: host
      .addressesOf(mac, verdict, now)
      .map(({ ip }) => ip)
      .sort(),
    source,
    lastSeen: lastSeen === null ? null : Math.max(0, Math.round(now - lastSeen)),
    announced: reason === null,
    reason,
  };
}

/** A limit that is met, and who is not announced for that. */
export interface LimitDescription extends Pick<Cut, 'reason' | 'mac' | 'limit' | 'count'> {
  /** The port that meets it, where one is known. */
  readonly port: string | null;
}

/** Which limits are met. */
export function describeLimits(host: HostState): LimitDescription[] {
  return host.cuts.all().map(({ port, ...cut }) => ({ ...cut, port: host.topology.link(port)?.name ?? null }));
}

/** A limit that is met, in one line for people. */
export function limitWords({ reason, mac, limit, count }: Omit<LimitDescription, 'port'>): string {
  const many = count >= MAX_COUNTED ? `${count} or more` : `${count}`;
  if (reason === 'vlans')
    return `${mac} is in too many VLANs: ${many} of them had no room, among ${limit} for all guests`;
  if (reason === 'static-vlans') {
    const who = count === 1 ? `${mac} has` : `${many} MACs, the last ${mac}, have`;
    return `${who} static rows in more than ${limit} VLANs of a port: announced in its PVID and where heard`;
  }
  const macs = count === 1 ? '1 MAC was' : `${many} MACs were`;
  const setting = reason === 'total' ? 'total' : 'perPort';
  return `more MACs than guests.limits.${setting} allows (${limit}): ${macs} left out, ${count === 1 ? '' : 'the last '}${mac}`;
}
