import type { BondGuestList, GuestsRequest } from '../control/messages.js';
import { type GuestDescription, type LimitDescription, limitWords } from '../guests/description.js';
import { age } from '../plan/words.js';
import { look, type LookArguments } from './look.js';
import type { Output } from './output.js';
import { printable, table } from './table.js';

/**
 * Lists who is behind the bonds; with `--watch` again and again until `signal` aborts.
 * @returns the exit code
 * @throws BondheraldError when there is no such bond, or the kernel does not answer
 */
export function guests(
  args: LookArguments & { readonly bond: string | undefined },
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  const request: GuestsRequest = { op: 'guests', bond: args.bond ?? null };
  return look(request, args, { page: ({ bonds, limits }) => guestsPage(bonds, limits), quiet: false }, output, signal);
}

const HEAD = ['MAC', 'VLAN', 'PORT', 'GUEST', 'ADDRESSES', 'SOURCE', 'LAST SEEN', 'ANNOUNCED'];

/** The lines that people read: a table for each bond. */
export function guestsPage(bonds: readonly BondGuestList[], limits: readonly LimitDescription[]): string[] {
  if (bonds.length === 0) return ['this host has no active-backup bond'];
  const lists = bonds.flatMap(({ bond, guests }, index) => {
    const count = `${bond}: ${guests.length === 1 ? '1 guest' : `${guests.length} guests`}`;
    const lines = guests.length === 0 ? [] : table([HEAD, ...guests.map(cells)]).map((line) => `  ${line}`);
    return [...(index > 0 ? [''] : []), printable(count), ...lines];
  });
  const met = limits.map(({ port, ...limit }) => printable(`${port ?? 'no port'}: ${limitWords(limit)}`));
  return met.length > 0 ? [...lists, '', ...met] : lists;
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
