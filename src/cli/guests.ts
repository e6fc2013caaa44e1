import type { BondGuestList, GuestsRequest } from '../control/messages.js';
import type { GuestDescription } from '../guests/description.js';
import { systemClock } from '../sys/clock.js';
import { ask } from './ask.js';
import type { ConfigArguments } from './config-file.js';
import type { Output } from './output.js';
import { table } from './table.js';

/** The arguments of `bondherald guests`, as they were typed. */
export interface GuestsArguments extends ConfigArguments {
  readonly bond: string | undefined;
  readonly json: boolean;
  readonly watch: boolean;
}

/** Seconds between two looks of `--watch`. */
const INTERVAL = 1;

/**
 * Lists who is behind the bonds; with `--watch` again and again until `signal` aborts.
 * @returns the exit code
 * @throws BondheraldError when there is no such bond, or the kernel does not answer
 */
export async function guests(args: GuestsArguments, output: Output, signal: AbortSignal): Promise<number> {
  const request: GuestsRequest = { op: 'guests', bond: args.bond ?? null };
  do {
    const { result, note } = await ask(request, args.config);
    if (signal.aborted) break;
    if (args.json) printJson(result, args.watch, output);
    else if (args.watch) output.page([...guestsPage(result.bonds), ...(note === null ? [] : [note])].join('\n'));
    else output.text(guestsPage(result.bonds).join('\n'));
    if (!args.json && !args.watch && note !== null) output.error(note);
  } while (args.watch && (await nextLook(signal)));
  return 0;
}

/** One document; of many, each on a line of its own. */
function printJson(document: object, watch: boolean, output: Output): void {
  if (watch) output.text(JSON.stringify(document));
  else output.json(document);
}

/** @returns false when `signal` aborted instead */
function nextLook(signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(false);
    const abort = (): void => {
      cancel();
      resolve(false);
    };
    const cancel = systemClock.after(INTERVAL, () => {
      signal.removeEventListener('abort', abort);
      resolve(true);
    });
    signal.addEventListener('abort', abort, { once: true });
  });
}

const HEAD = ['MAC', 'VLAN', 'PORT', 'GUEST', 'ADDRESSES', 'SOURCE', 'LAST SEEN', 'ANNOUNCED'];

/** The lines that people read: a table for each bond. */
export function guestsPage(bonds: readonly BondGuestList[]): string[] {
  if (bonds.length === 0) return ['this host has no active-backup bond'];
  return bonds.flatMap(({ bond, guests }, index) => {
    const count = `${bond}: ${guests.length === 1 ? '1 guest' : `${guests.length} guests`}`;
    const lines = guests.length === 0 ? [] : table([HEAD, ...guests.map(cells)]).map((line) => `  ${line}`);
    return [...(index > 0 ? [''] : []), count, ...lines];
  });
}

function cells({ mac, vlan, port, guest, addresses, source, lastSeen, reason }: GuestDescription): string[] {
  return [
    mac,
    vlan === null ? '-' : String(vlan),
    port ?? '-',
    guest ?? '-',
    addresses.join(',') || '-',
    source,
    lastSeen === null ? 'now' : `${age(lastSeen)} ago`,
    reason === null ? 'yes' : `no: ${reason}`,
  ];
}

/** Seconds in the two largest units that they fill: 59s, 1m30s, 23h59m. */
export function age(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes}m${seconds % 60}s` : `${Math.floor(minutes / 60)}h${minutes % 60}m`;
}
