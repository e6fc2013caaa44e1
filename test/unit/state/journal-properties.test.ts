import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Ip } from '../../../src/addr/ip.js';
import type { GuestSnapshot, Snapshot } from '../../../src/guests/snapshot.js';
import { decodeState } from '../../../src/state/decode.js';
import { encodeState } from '../../../src/state/document.js';
import { applyJournal, encodeChange, journalHead } from '../../../src/state/journal.js';
import { ROOMY } from '../../fuzz/host-state.js';
import { anySteps, type Step } from '../guests/commands.js';
import { Driver, type Limits } from '../guests/driver.js';
import type { WorldName } from '../guests/worlds.js';
import { BOND } from '../../lab/net/hypervisor.js';
import { GUEST, Story } from '../../support/story.js';

const BOOT = 'this-boot';
const savedAt = 1700000000.123;

/** A document and its journal, written as the keeper of the state does, and read as by the next run. */
class Files {
  private document = Buffer.alloc(0);
  private journal = '';

  save({ whole, snapshot }: { readonly whole: boolean; readonly snapshot: Snapshot }): void {
    if (!whole) return void (this.journal += [...encodeChange(snapshot)].join(''));
    this.document = Buffer.from([...encodeState({ bootId: BOOT, savedAt }, snapshot)].join(''));
    this.journal = journalHead({ bootId: BOOT, savedAt, bytes: this.document.length });
  }

  /** @param torn so many bytes of the journal's end are missing */
  read(torn = 0): readonly GuestSnapshot[] {
    const decoded = decodeState(this.document, BOOT);
    if (decoded.reason !== null) assert.fail(decoded.reason);
    const head = { bootId: BOOT, savedAt, bytes: this.document.length };
    const bytes = Buffer.from(this.journal).subarray(0, this.journal.length - torn);
    const { state, dropped } = applyJournal(bytes, head, decoded.state);
    assert.equal(dropped + decoded.dropped, 0);
    return state.guests;
  }
}

/** Everything but the times, which are as old as a guest's last change. */
function timeless(guests: Iterable<GuestSnapshot>): Map<string, unknown> {
  const known = (time: number | null): boolean => time !== null;
  const entries = [...guests].map(({ mac, places, heard }): [string, unknown] => [
    mac,
    {
      places: places.map(({ lastSeen: _, ...place }) => place),
      heard: heard.map(({ out, proof, in: came, since: _, unexplained, addresses, ...said }) => ({
        ...said,
        times: [out, proof, came, unexplained].map(known),
        isAway: (came ?? -Infinity) > (proof ?? -Infinity),
        addresses: addresses.map(([ip]) => ip).sort(),
      })),
    },
  ]);
  return new Map(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** There may be one bond only, and rows are not on devices that are gone. */
function complete(driver: Driver, step: Step): Step {
  if (step.do === 'heard' || step.do === 'failover')
    return { ...step, bond: driver.bonds().has(step.bond) ? step.bond : 'bond0' };
  if (step.do !== 'resync' && step.do !== 'restart') return step;
  return { ...step, rows: step.rows.filter(({ port }) => !step.gone.includes(port)) };
}

/** Plays a history, saves at the steps that `saves` says, and at the end. */
function play(world: WorldName, limits: Limits, steps: readonly Step[], saves: readonly boolean[]): void {
  const driver = new Driver(world, limits);
  const files = new Files();
  let now = 1000;
  let before: ReturnType<typeof timeless>;
  const save = (): void => {
    driver.takeStale(); // in the daemon this has always happened by the time that it is saved
    const expected = timeless(driver.snapshot(now).guests);
    const unsaved = driver.unsaved(now);
    files.save(unsaved);
    assert.deepEqual(timeless(files.read()), expected);
    if (!unsaved.whole) assert.deepEqual(timeless(files.read(1)), before, 'not written to its end');
    before = expected;
  };
  save();
  steps.forEach((step, n) => {
    if (step.do === 'wait') now += step.seconds;
    driver.play(complete(driver, step), now);
    if (step.look) driver.takeStale();
    if (step.do === 'heard') driver.settle(now);
    if (saves[n % saves.length]) save();
  });
  save();
}

test('after any history document and journal tell what a document alone would, but for times', () => {
  const world = fc.constantFrom<WorldName>('plain', 'aware', 'two');
  const saves = fc.array(fc.boolean(), { minLength: 1, maxLength: 7 });
  const limits = fc.constantFrom(ROOMY, { ...ROOMY, perPort: 2 });
  fc.assert(fc.property(world, limits, anySteps(60), saves, play), { numRuns: 200, seed: 7 });
});

test('what a guest has said of its being a router or a host is kept at once', () => {
  const story = new Story();
  const files = new Files();
  const save = (): void => {
    story.state.takeStale();
    const macs = story.state.changed.unsaved.take();
    files.save({ whole: macs === 'all', snapshot: story.state.snapshot(story.now, macs) });
  };
  const kept = (): unknown => {
    save();
    return files.read().flatMap(({ heard }) => heard.map(({ router, advertised }) => [router, advertised]));
  };
  story.learned('tap1');
  story.heard('out', { router: false, claims: ['fe80::1' as Ip] });
  assert.deepEqual(kept(), [[false, false]]);
  story.now = 1;
  story.heard('out', { router: true, raSent: true });
  assert.deepEqual(kept(), [[true, true]]);
  story.heard('out', { router: false });
  assert.deepEqual(kept(), [[false, true]]);
  const ifindex = story.host.add(
    'mv1',
    { type: 'other', kind: 'macvtap' },
    { lower: story.host.index(BOND), address: GUEST },
  );
  story.take(story.host.get('mv1'));
  assert.deepEqual(kept(), [[false, true]]);
  story.take({ type: 'address', gone: false, ifindex, address: 'fe80::2' as Ip, usable: true });
  assert.deepEqual(kept(), [[null, true]], 'the host may have said it, by an address that it has there');
});
