import type { Ip } from '../addr/ip.js';
import type { Mac } from '../addr/mac.js';
import type { Tag } from '../frames/ethernet.js';
import type { BondId } from './bond-id.js';

/*
 * Names for exits, for frames and for the addresses there, to be the keys of maps. They are made here and never taken
 * apart: whoever needs the parts keeps them beside the key.
 */

/** An exit of the host: a bond, and the tags that frames leave with, the outermost first. */
export interface Exit {
  readonly bond: BondId;
  readonly tags: readonly Tag[];
}

/** Names an exit. */
export function exitKey({ bond, tags }: Exit): string {
  return `${bond}${tags.map(({ tpid, vid }) => `/${tpid}.${vid}`).join('')}`;
}

/** Names the frames of a station at an exit. */
export function frameKey({ mac, bond, tags }: Exit & { readonly mac: Mac }): string {
  return `${mac} ${exitKey({ bond, tags })}`;
}

/** Names an address. @param where the key of the exit, or of the station's frames, that has it */
export function addressKey(where: string, ip: Ip): string {
  return `${where} ${ip}`;
}
