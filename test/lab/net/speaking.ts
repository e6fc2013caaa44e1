import { announced, nextRound, RARP_FILTER } from './announced.js';
import { capture } from './capture.js';
import { arpFrom } from './frames.js';
import type { Tag } from './hypervisor.js';
import type { Lab } from './lab.js';
import { untilListed } from './listed-guests.js';

/** A station that leaves by the bond with these tags, whoever knows it. */
export interface Station {
  readonly mac: string;
  readonly wire: readonly Tag[];
}

/** Where a station speaks: a device in a namespace, and the tags that it puts on its frames itself. */
interface Mouth {
  readonly netns: string;
  readonly device: string;
  readonly tags?: readonly Tag[];
}

/** Has a station speak until the daemon announces it because it was heard, and for no other reason. */
export function untilHeard(lab: Lab, { mac, wire }: Station, { netns, device, tags }: Mouth): Promise<void> {
  const speak = (): void => lab.inject(netns, device, arpFrom(mac, '10.1.2.3', tags));
  return untilListed({ mac, vlan: wire[0]?.vid ?? null, source: 'heard', reason: null }, speak);
}

/** Fails over to the other link. @returns who is announced: `frames` at least, if they come */
export async function nextFailover(lab: Lab, frames: number): Promise<string[]> {
  const far = capture(lab, 'sw2', 'p-hv', { filter: RARP_FILTER });
  const arriving = nextRound(far, frames);
  await lab.setActive(lab.activeSlave() === 'up1' ? 'up2' : 'up1');
  const heard = announced(await arriving);
  far.stop();
  return heard;
}
