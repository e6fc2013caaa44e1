import { type Ip, isIpv4 } from '../addr/ip.js';
import type { AnnounceConfig } from '../config/config.js';
import type { GuestDescription } from '../guests/description.js';
import type { BridgeFacts, GuestFacts } from './facts.js';
import { type Finding, found } from './finding.js';

/** Switches forget a MAC after so many seconds by default (IEEE 802.1D-2004 table 7-5). */
const SWITCH_AGEING = 300;

/** What leaves a third of that for a frame that is lost. */
const GOOD_REFRESH = 200;

/** From here on the last one waits for longer than the rounds that matter most, in seconds. */
const LONG = 10;

/** What shows how the settings are now: which value is right, the network decides. */
const CURE = 'bondherald config show';

/** Guests that have said nothing for longer than switches remember, and that nothing keeps there. */
export function checkSilence(bridges: readonly BridgeFacts[], guests: GuestFacts, announce: AnnounceConfig): Finding[] {
  if (announce.refresh !== null) return [];
  return guests.bonds.flatMap(({ bond, guests: behind }) => {
    const silent = behind
      .filter(({ announced }) => announced)
      .map(({ mac, ...guest }) => ({ mac, seconds: silenceOf(guest, bridges, guests) }))
      .filter(({ seconds }) => seconds >= SWITCH_AGEING)
      .sort((one, other) => other.seconds - one.seconds);
    const [longest] = silent;
    if (!longest) return [];
    const who = silent.length === 1 ? 'a guest has' : `${silent.length} guests have`;
    const example = `${longest.mac} for ${Math.floor(longest.seconds / 60)} minutes`;
    const finding = `${who} sent nothing for ${SWITCH_AGEING} s or more (${example}); announce.refresh: ${GOOD_REFRESH}s keeps switches from forgetting them`;
    return [found('silent-guests', { subject: bond, finding, cure: CURE })];
  });
}

/** A bridge lists a guest for as long as its ageing after the last frame. */
function silenceOf(
  { lastSeen, source, port }: Pick<GuestDescription, 'lastSeen' | 'source' | 'port'>,
  bridges: readonly BridgeFacts[],
  { ports }: GuestFacts,
): number {
  if (lastSeen === null) return 0;
  const bridge = source === 'fdb' ? ports.get(port ?? '')?.bridge : undefined;
  return lastSeen + (bridges.find(({ name }) => name === bridge)?.ageing ?? 0);
}

/** Gratuitous ARP for so many addresses that the last one waits for long. */
export function checkArpRate({ bonds }: GuestFacts, { kinds, garp, rate: { arp } }: AnnounceConfig): Finding[] {
  if (arp === 'unlimited' || !kinds.includes('garp')) return [];
  return bonds.flatMap(({ bond, guests }) => {
    const addresses = guests
      .filter(({ announced }) => announced)
      .flatMap((guest) => guest.addresses.filter((ip) => isIpv4(ip as Ip))).length;
    const seconds = Math.round((addresses * (garp === 'both' ? 2 : 1) - arp.burst) / arp.rate);
    if (seconds <= LONG) return [];
    const forms = garp === 'both' ? ' in both forms' : '';
    const finding = `gratuitous ARP for ${addresses} addresses${forms} takes ${seconds} s at ${arp.rate} a second; where no switch inspects ARP, set announce.rate.arp: unlimited`;
    return [found('arp-rate', { subject: bond, finding, cure: CURE })];
  });
}
