import { CONTROL_SOCKET } from '../../../src/config/constants.js';
import { decodeAnswer, encodeRequest } from '../../../src/control/codec.js';
import { askUnix } from '../../../src/sys/unix/unix-client.js';
import { until } from '../../support/until.js';
import { announced, nextRound, RARP_FILTER } from './announced.js';
import { capture } from './capture.js';
import type { Guest } from './hypervisor.js';
import type { Lab } from './lab.js';

/** What a client of the control socket allows: as much as there is, and a busy machine's time. */
const PATIENT = { answerBytes: 1 << 20, silentSeconds: 10 };

/** What the daemon says of the guests behind all bonds, each as `MAC VLAN reason`; asked without a process. Sorted. */
export async function listed(): Promise<string[]> {
  const bytes = await askUnix(CONTROL_SOCKET, encodeRequest({ op: 'guests', bond: null }), PATIENT);
  const answer = decodeAnswer<'guests'>('guests', bytes);
  if (!('result' in answer)) throw new Error(JSON.stringify(answer));
  return answer.result.bonds
    .flatMap(({ guests }) => guests.map(({ mac, vlan, reason }) => `${mac} ${vlan} ${reason}`))
    .sort();
}

/** Waits until the daemon lists exactly these: `MAC VLAN reason`, `null` for no tag and for announced. */
export async function untilListed(...wanted: readonly string[]): Promise<void> {
  let last: string[] = [];
  const look = async (): Promise<boolean> => {
    last = await listed();
    return last.join() === [...wanted].sort().join();
  };
  await until(look, { what: `listed: ${wanted.join(', ')}`, every: 20 }).catch((error: unknown) => {
    throw new Error(`${String(error)}; it lists ${last.join(', ')}`);
  });
}

/** The line of a guest that is announced. */
export const open = ({ mac, wire }: Guest): string => `${mac} ${wire?.[0]?.vid ?? null} null`;

/** Has the bond go to a slave. @returns what the first round announces there, in the form of `expected` */
export async function announcedOn(lab: Lab, slave: 'up1' | 'up2', count: number): Promise<string[]> {
  const far = capture(lab, slave === 'up2' ? 'sw2' : 'sw1', 'p-hv', { filter: RARP_FILTER });
  const arriving = nextRound(far, count);
  await lab.setActive(slave);
  return announced(await arriving);
}
