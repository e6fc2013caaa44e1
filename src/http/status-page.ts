import { BusyError } from '../errors.js';
import { statusPage as pageOf } from './page/page.js';
import { EVERYTHING, type PageQuery, readQuery } from './page/query.js';
import { STYLE_TEXT } from './page/style.js';
import type { Clock } from '../sys/clock.js';
import { HTML, plainText, sha256 } from '../sys/http-server.js';
import { hostName } from '../sys/files/host-settings.js';
import { VERSION } from '../sys/program.js';
import { type CurrentConfig, Diagnosis, type DiagnosisParts } from './diagnosis.js';
import type { FailoverHistory } from '../host/history.js';
import type { StandbyOf } from '../host/standby.js';
import type { Hearing } from '../sources/hearing.js';
import type { BondId } from '../topology/bond-id.js';
import type { Page } from './metrics-endpoint.js';
import type { OvsFollower } from '../host/ovs/follower.js';
import { type GuestLookup, listGuests } from './page-guests.js';
import { pageHeaders } from './page/landing.js';
import { Slices } from '../tasks/slices.js';
import { describeStatus } from '../host/answers.js';

/** What the status page is made of. */
export interface StatusParts extends Omit<GuestLookup, 'now'> {
  readonly ovs: DiagnosisParts['ovs'] & Pick<OvsFollower, 'known'>;
  readonly history: FailoverHistory;
  readonly hearingOf: (bond: BondId) => Hearing;
  readonly standbyOf: StandbyOf;
  readonly clock: Clock;
  /** When the daemon started: Unix time, seconds. */
  readonly started: number;
}

/** Nothing but the page's own style and the mark in the tab. */
const ALLOWED = [`style-src 'sha256-${sha256(STYLE_TEXT)}'`, 'img-src data:'];

const HEADERS = pageHeaders(...ALLOWED, "form-action 'self'");

/** What of it a page can say of itself. */
const FILE_POLICY = ["default-src 'none'", ...ALLOWED, "form-action 'none'", "base-uri 'none'"].join('; ');

/** So many may wait for their page at once. */
const MAX_WAITING = 16;

const TOO_MANY = 'too many requests for the status page at once: try again';
const BUSY = plainText(503, TOO_MANY, { 'retry-after': '2' });

/** The status page in both its forms. */
export interface StatusPages {
  /** For browsers. */
  readonly served: Page;
  /** To be read from a file: without links that somebody would have to answer. @throws BusyError */
  readonly file: () => Promise<string>;
}

/** The status page. One is made at a time, in slices; who asks meanwhile waits. */
export function statusPages(settings: CurrentConfig, parts: StatusParts): StatusPages {
  const make = maker(settings, parts);
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  /** @returns null: too many wait */
  const inTurn = (query: PageQuery | null): Promise<string> | null => {
    if (waiting >= MAX_WAITING) return null;
    waiting++;
    const page = last.then(() => make(query)).finally(() => waiting--);
    last = page.catch(() => undefined);
    return page;
  };
  return {
    async served({ query }) {
      const body = await inTurn(readQuery(query));
      return body === null ? BUSY : { status: 200, contentType: HTML, body, headers: HEADERS };
    },
    async file() {
      const page = await inTurn(null);
      if (page === null) throw new BusyError(TOO_MANY);
      return page;
    },
  };
}

/** @returns what makes a page; of no query: for a file */
function maker(settings: CurrentConfig, parts: StatusParts): (query: PageQuery | null) => Promise<string> {
  const { host, bonds, ovs, history, hearingOf, standbyOf, clock, started } = parts;
  const lookup = (): GuestLookup => ({ host, bonds, now: clock.monotonic() });
  const diagnosis = new Diagnosis({ settings, lookup, ovs, hearingOf, standbyOf, clock });
  const daemon = { version: VERSION, started, history, hearingOf, standbyOf, bonds };
  return async (query) => {
    await ovs.known();
    const findings = await diagnosis.current();
    const guests = await listGuests(lookup(), query ?? EVERYTHING, new Slices(clock));
    return pageOf({
      ...{ host: hostName(), version: daemon.version, started: daemon.started, now: clock.unix() },
      ...{ bonds: describeStatus(host, daemon).bonds, guests, diagnosis: findings, query },
      policy: query === null ? FILE_POLICY : null,
    });
  };
}
