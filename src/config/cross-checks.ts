import type * as z from 'zod';
import type { StaticGuest } from './config.js';
import { type Path, type Problem, valueAt } from './problems.js';
import { bonds, limits, metrics, onCarrierLoss, refresh, staticGuests } from './schema.js';

const LIMITS = ['guests', 'limits'] as const;
const STATIC = ['guests', 'static'] as const;
const CARRIER_LOSS = ['failover', 'onCarrierLoss'] as const;
const REFRESH = ['announce', 'refresh'] as const;
const SNOOP = ['guests', 'sources', 'snoop'] as const;
const PAGE = ['metrics', 'page'] as const;

/**
 * What is wrong between values that are legal each by itself. A check is left out where one of its own values is not
 * legal; mistakes elsewhere do not hide it.
 * @param raw a whole file, its defaults filled in
 */
export function crossProblems(raw: unknown): Problem[] {
  const limit = read(limits, raw, LIMITS);
  const statics = read(staticGuests, raw, STATIC) ?? [];
  const watched = read(bonds, raw, ['bonds']) ?? 'auto';
  const problems = [...repeatedGuests(statics), ...repeatedAddresses(statics)];
  const switched = read(onCarrierLoss, raw, CARRIER_LOSS) ?? false;
  if (watched !== 'auto') problems.push(...strayBonds(statics, watched), ...straySwitched(switched, watched));
  if (limit) problems.push(...beyondLimits(limit, statics));
  return [...problems, ...pageForNobody(raw), ...deafRefresh(raw)];
}

/** Who has moved away is heard on the bond; from the bridges alone it is not seen in time, or not at all. */
function deafRefresh(raw: unknown): Problem[] {
  if ((read(refresh, raw, REFRESH) ?? null) === null || valueAt(raw, SNOOP) !== false) return [];
  const text = 'needs guests.sources.snoop, which is false: guests that move away would be announced here for good';
  return [{ path: REFRESH, text }];
}

/** That the file of `webConfig` has users is seen where it is read. */
function pageForNobody(raw: unknown): Problem[] {
  const { page, webConfig } = metrics.shape;
  if (read(page, raw, PAGE) !== 'authenticated' || read(webConfig, raw, ['metrics', 'webConfig']) !== null) return [];
  const text = 'authenticated: needs metrics.webConfig, a file with basic_auth_users; without it nobody can log in';
  return [{ path: PAGE, text }];
}

/** A value by itself. @returns undefined when it is not legal */
export function read<T>(part: z.ZodType<T>, raw: unknown, path: Path): T | undefined {
  return part.safeParse(valueAt(raw, path)).data;
}

function beyondLimits(limit: z.infer<typeof limits>, statics: readonly StaticGuest[]): Problem[] {
  const { total, perPort, addressesPerGuest } = limit;
  const problems: Problem[] = [];
  const add = (path: Path, what: string, name: string, most: number): void => {
    problems.push({ path, text: `${what}: exceeds guests.limits.${name}, which is ${most}` });
  };
  if (perPort > total) add([...LIMITS, 'perPort'], `${perPort}`, 'total', total);
  if (statics.length > total) add(STATIC, `${statics.length} guests`, 'total', total);
  for (const [n, { addresses }] of statics.entries()) {
    if (addresses.length <= addressesPerGuest) continue;
    add([...STATIC, n, 'addresses'], `${addresses.length} addresses`, 'addressesPerGuest', addressesPerGuest);
  }
  return problems;
}

function repeatedGuests(statics: readonly StaticGuest[]): Problem[] {
  return statics.flatMap(({ mac, vlan, bond }, n) => {
    const first = statics.findIndex((each) => each.mac === mac && each.vlan === vlan && each.bond === bond);
    const text = `duplicate of guests.static[${first}]: same MAC, VLAN and bond`;
    return first === n ? [] : [{ path: [...STATIC, n], text }];
  });
}

/** Two guests of one network with one address would take it from each other at every failover. */
function repeatedAddresses(statics: readonly StaticGuest[]): Problem[] {
  const owners = new Map<string, { mac: string; n: number }>();
  return statics.flatMap(({ mac, vlan, bond, addresses }, n) =>
    addresses.flatMap((address, m) => {
      const key = `${address} ${vlan} ${bond}`;
      const owner = owners.get(key) ?? { mac, n };
      owners.set(key, owner);
      if (owner.mac === mac) return [];
      const text = `${address} already belongs to guests.static[${owner.n}] in the same VLAN`;
      return [{ path: [...STATIC, n, 'addresses', m], text }];
    }),
  );
}

function straySwitched(switched: boolean | readonly string[], watched: readonly string[]): Problem[] {
  const names = typeof switched === 'boolean' ? [] : switched;
  return names.flatMap((bond, n) => {
    const text = `${bond} is not listed in bonds (${watched.join(', ')})`;
    return watched.includes(bond) ? [] : [{ path: [...CARRIER_LOSS, n], text }];
  });
}

function strayBonds(statics: readonly StaticGuest[], watched: readonly string[]): Problem[] {
  return statics.flatMap(({ bond }, n) =>
    watched.includes(bond)
      ? []
      : [{ path: [...STATIC, n, 'bond'], text: `${bond} is not listed in bonds (${watched.join(', ')})` }],
  );
}
