import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mac } from '../../../src/addr/mac.js';
import { type GuestLookup, listGuests } from '../../../src/http/page-guests.js';
import { Slices } from '../../../src/tasks/slices.js';
import { HostState } from '../../../src/guests/host-state.js';
import { statusPage } from '../../../src/http/page/page.js';
import { type PageGuest, type PageQuery, readQuery } from '../../../src/http/page/query.js';
import { systemClock } from '../../../src/sys/clock.js';
import { BondGuests } from '../../../src/wire/bond-guests.js';
import { BOND, plainBridge } from '../../lab/net/hypervisor.js';
import { FakeHost } from '../../support/host.js';
import { pageValues } from '../../support/page-values.js';
import { guestSettings } from '../../support/settings.js';

const macOf = (n: number): Mac =>
  `52:54:00:${(n + 0x1000000)
    .toString(16)
    .slice(1)
    .replace(/(..)(..)(..)/, '$1:$2:$3')}` as Mac;

/** A host with so many guests, learned in no order. */
function hostWith(guests: number): GuestLookup {
  const fake = new FakeHost(plainBridge(2));
  const host = new HostState(guestSettings({ total: guests, perPort: guests }));
  for (const event of fake.dump()) host.apply(event, 0);
  const behind = new BondGuests(guests);
  for (let n = 0; n < guests; n++) host.apply(fake.fdb(macOf((n * 7919) % guests), n % 10 === 0 ? 'tap2' : 'tap1'), 0);
  host.takeStale();
  for (const mac of host.macs()) behind.update(mac, host.verdicts(mac));
  return { host, bonds: new Map([[fake.index(BOND), behind]]), now: 5 };
}

const list = (lookup: GuestLookup, query: string | PageQuery) =>
  listGuests(lookup, typeof query === 'string' ? readQuery(query) : query, new Slices(systemClock));

test('65,536 guests come in pages, each once, in order, and each page is small', { timeout: 60_000 }, async () => {
  const lookup = hostWith(65_536);
  const seen: PageGuest[] = [];
  let after: string | null = null;
  do {
    const page = await list(lookup, { ...readQuery(''), after });
    assert.deepEqual([page.matching, page.total], [65_536, 65_536]);
    seen.push(...page.rows);
    after = seen.length < 1000 || seen.length > 64_000 ? page.next : macOf(64_000);
    if (after === macOf(64_000)) seen.length = 64_001;
    assert.ok(statusPage(pageValues(0, { guests: page })).length < 80_000);
  } while (after !== null);
  assert.equal(seen.length, 65_536);
  for (const [n, guest] of [...seen.slice(0, 1000).entries(), ...[...seen.entries()].slice(64_001)])
    assert.equal(guest.mac, macOf(n));
});

test('a filter finds by MAC, port and VLAN, counts all it finds, and goes on where its page ended', async () => {
  const lookup = hostWith(5000);
  const first = await list(lookup, `guest=TAP2`);
  assert.deepEqual([first.rows.length, first.matching, first.total], [200, 500, 5000]);
  const rest = await list(lookup, `guest=tap2&after=${first.next}`);
  assert.deepEqual([rest.rows[0]!.mac > first.rows.at(-1)!.mac, rest.rows.length, rest.matching], [true, 200, 500]);
  const one = await list(lookup, 'guest=00:00:13:87');
  assert.deepEqual([one.rows.map(({ mac }) => mac), one.matching, one.next], [[macOf(0x1387)], 1, null]);
  assert.deepEqual((await list(lookup, 'guest=905')).rows, []);
});

test('of a bond that there is not, there are no guests; a cursor that is none is left alone', async () => {
  const lookup = hostWith(3);
  assert.deepEqual(await list(lookup, 'bond=bond7'), { rows: [], matching: 0, total: 3, next: null });
  assert.equal((await list(lookup, 'bond=bond0&after="><script>')).rows.length, 3);
  assert.deepEqual((await list(lookup, `after=${macOf(2)}`)).rows, []);
});

test('work is cut into slices', async () => {
  const lookup = hostWith(2000);
  let [turns, now] = [0, 0];
  const clock = { monotonic: () => (now += 0.001), soon: (task: () => void) => (turns++, setImmediate(task)) };
  await listGuests(lookup, readQuery('guest=nobody'), new Slices({ ...clock, soon: (task) => void clock.soon(task) }));
  assert.ok(turns >= 2000 / 16 / 4, String(turns));
});
