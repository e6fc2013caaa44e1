import { statusPage as pageOf } from '../metrics/page/page.js';
import { readQuery } from '../metrics/page/query.js';
import { STYLE_TEXTS } from '../metrics/page/style.js';
import type { Clock } from '../sys/clock.js';
import { sha256 } from '../sys/digest.js';
import { hostName } from '../sys/host-settings.js';
import { type HttpAnswer, plainText } from '../sys/http-server.js';
import { VERSION } from '../sys/version.js';
import { type CurrentConfig, Diagnosis, type Patient } from './diagnosis.js';
import type { FailoverHistory } from './history.js';
import type { Page } from './metrics-endpoint.js';
import type { OvsFollower } from './ovs-follower.js';
import { type GuestBooks, listGuests } from './page-guests.js';
import { Slices } from './slices.js';
import { describeStatus } from './status.js';

/** What the status page is made of. */
export interface StatusParts extends Omit<GuestBooks, 'now'> {
  readonly ovs: Patient['ovs'] & Pick<OvsFollower, 'known'>;
  readonly history: FailoverHistory;
  readonly clock: Clock;
  /** When the daemon started: Unix time, seconds. */
  readonly started: number;
}

/** Nothing but the page's own style, its own form and the mark in the tab; nobody may put it into a frame. */
const POLICY = [
  "default-src 'none'",
  `style-src ${STYLE_TEXTS.map((text) => `'sha256-${sha256(text)}'`).join(' ')}`,
  'img-src data:',
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/** So many may wait for their page at once. */
const MAX_WAITING = 16;

const BUSY = plainText(503, 'too many ask for this page at once: try again', { 'retry-after': '2' });

/** The status page. One is made at a time, in slices; who asks meanwhile waits. */
export function statusPage(settings: CurrentConfig, parts: StatusParts): Page {
  const make = maker(settings, parts);
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return ({ query }) => {
    if (waiting >= MAX_WAITING) return BUSY;
    waiting++;
    const answer = last.then(() => make(query)).finally(() => waiting--);
    last = answer.catch(() => undefined);
    return answer;
  };
}

function maker(settings: CurrentConfig, parts: StatusParts): (query: string) => Promise<HttpAnswer> {
  const { host, bonds, ovs, history, clock, started } = parts;
  const books = (): GuestBooks => ({ host, bonds, now: clock.monotonic() });
  const diagnosis = new Diagnosis({ settings, books, ovs, clock });
  const daemon = { version: VERSION, started, history, bonds };
  return async (text) => {
    await ovs.known();
    const query = readQuery(text);
    const said = await diagnosis.say();
    const guests = await listGuests(books(), query, new Slices(clock));
    const body = pageOf({
      ...{ host: hostName(), version: daemon.version, started: daemon.started, now: clock.unix() },
      ...{ bonds: describeStatus(host, daemon).bonds, guests, diagnosis: said, query },
    });
    return { status: 200, contentType: 'text/html; charset=utf-8', body, headers: HEADERS };
  };
}
