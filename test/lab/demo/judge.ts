import { dissect } from '../../support/dissect.js';
import type { GuestResult, RunResult, SeenFrame } from './events.js';
import type { RunView } from './story.js';
import { AFTER_MS } from './window.js';

/** How the demo ended: its last line, and whether it showed what it should. */
export interface Verdict {
  ok: boolean;
  line: string;
}

/** What is wrong with a frame behind the bond: a MAC that is nobody's, a tag that is not its guest's; null if nothing. */
export function faultOf({ hex }: SeenFrame, { guests, hostMacs }: Pick<RunView, 'guests' | 'hostMacs'>): string | null {
  const { src, tags, arp } = dissect(Buffer.from(hex, 'hex'));
  const guest = guests.find(({ mac }) => mac === src);
  if (guest === undefined && !hostMacs.includes(src)) return `${src} is no guest`;
  const vlans = guest?.vlans ?? [];
  const seen = tags.map(({ vid }) => vid);
  if (seen.join() !== vlans.join()) return `${guest?.name ?? 'the host'} has ${tagText(vlans)}, not ${tagText(seen)}`;
  if (arp === undefined) return null;
  if (arp.sha !== src) return `it speaks of ${arp.sha}`;
  // A RARP asks for an address of the very MAC; an ARP request leaves it open.
  return arp.op === 3 && arp.tha !== src ? `it speaks of ${arp.tha}` : null;
}

/** Judges both runs. */
export function judge(runs: readonly RunView[]): Verdict {
  const [without, withIt] = (['without', 'with'] as const).map((kind) => runs.find((run) => run.kind === kind));
  if (!without?.result || !withIt?.result)
    return { ok: false, line: 'failed: the lab ended before both runs were done' };
  const { frames } = withIt.result;
  const wrong = frames.filter((frame) => faultOf(frame, withIt) !== null).length;
  if (wrong > 0) return { ok: false, line: `failed: wrong MAC or tag on ${wrong} of ${frames.length} frames` };
  const stillDark = withIt.result.guests.filter((guest) => guest.darkAtEnd);
  if (stillDark.length > 0) {
    return { ok: false, line: `failed: ${names(stillDark)} stayed dark although bondherald was running` };
  }
  const cameBack = without.result.guests.filter((guest) => !guest.darkAtEnd);
  if (cameBack.length > 0) {
    return { ok: false, line: `failed: ${names(cameBack)} came back without bondherald, so nothing was shown` };
  }
  const gained = `${worst(without.result)} without bondherald, ${worst(withIt.result)} with it`;
  return { ok: true, line: `worst outage: ${gained}` };
}

function worst({ guests }: RunResult): string {
  if (guests.some((guest) => guest.darkAtEnd)) return `dark to the end (${AFTER_MS / 1000} s)`;
  return `${Math.max(...guests.map((guest) => guest.outageMs)).toFixed(0)} ms`;
}

function names(guests: readonly GuestResult[]): string {
  return guests.map(({ name }) => name).join(', ');
}

function tagText(vlans: readonly number[]): string {
  return vlans.length === 0 ? 'no tag' : `VLAN ${vlans.join(' in ')}`;
}
