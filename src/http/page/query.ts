/** What the page is asked for, by the query of its address. */
export interface PageQuery {
  /** Only this bond. */
  readonly bond: string | null;
  /** Only guests of which something contains this text. */
  readonly guest: string | null;
  /** Only guests after this one. */
  readonly after: string | null;
  /** Whether the browser is to ask again and again. */
  readonly refresh: boolean;
}

/** What is asked for where nothing is chosen. */
export const EVERYTHING: PageQuery = { bond: null, guest: null, after: null, refresh: false };

/** No name, address or cursor is longer. */
const VALUE_LENGTH = 128;

/** Reads a query such as `bond=bond0&guest=web`. What it does not know it leaves alone, as browsers and proxies add some. */
export function readQuery(text: string): PageQuery {
  const given = new URLSearchParams(text);
  const value = (name: string): string | null => given.get(name)?.trim().slice(0, VALUE_LENGTH) || null;
  return {
    bond: value('bond'),
    guest: value('guest')?.toLowerCase() ?? null,
    after: value('after'),
    refresh: given.has('refresh'),
  };
}

/** The address of the page for a query, relative to itself, so that it also works behind a proxy. */
export function addressOf({ bond, guest, after, refresh }: PageQuery, anchor = ''): string {
  const pairs = Object.entries({ bond, guest, after, refresh: refresh ? 'on' : null });
  const given = pairs.flatMap(([name, value]) => (value === null ? [] : [[name, value] as [string, string]]));
  return `?${String(new URLSearchParams(given))}${anchor}`;
}
