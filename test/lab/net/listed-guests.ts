import { isDeepStrictEqual } from 'node:util';
import { ask } from '../../../src/cli/ask.js';
import { until } from '../../support/until.js';

/** A guest as the daemon lists it, as far as tests look at that. */
export interface Listed {
  readonly mac: string;
  readonly vlan: number | null;
  readonly source: string;
  readonly reason: string | null;
}

/** Everyone whom the daemon lists behind any bond. */
export async function listed(): Promise<Listed[]> {
  const { result } = await ask({ op: 'guests', bond: null });
  return result.bonds.flatMap(({ guests }) =>
    guests.map(({ mac, vlan, source, reason }) => ({ mac, vlan, source, reason })),
  );
}

/** Waits until the daemon lists a guest so. @param nudge called before each look @param times how often it is listed */
export async function untilListed(wanted: Listed, nudge: () => void = () => undefined, times = 1): Promise<void> {
  let last: Listed[] = [];
  const isListed = async (): Promise<boolean> => {
    nudge();
    last = await listed();
    return last.filter((each) => isDeepStrictEqual(each, wanted)).length === times;
  };
  await until(isListed, { what: `${JSON.stringify(wanted)} is listed`, every: 50 }).catch((error: Error) => {
    throw new Error(`${error.message}; listed: ${JSON.stringify(last)}`);
  });
}
