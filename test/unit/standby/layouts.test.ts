/** The judgement held against a model of switches and their VLANs: never `missing` what arrives, never `carried` what does not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Tag } from '../../../src/frames/ethernet.js';
import { CrossCheck, type Evidence } from '../../../src/standby/cross-check.js';
import { judge } from '../../../src/standby/judgement.js';
import { arpFrom } from '../../lab/net/frames.js';

const [ACTIVE, STANDBY] = [1, 2];
const VIDS = [1, 2, 3, 4];

/** A switch port: the VLAN of untagged frames, and those that pass with their tag. */
interface Port {
  readonly native: number | null;
  readonly tagged: readonly number[];
}

/** Two switches, what passes between them, and the host's port on each. */
interface Layout {
  readonly first: Port;
  readonly second: Port;
  readonly between: readonly number[];
}

/** A step of a story: somebody speaks, after a pause. */
interface Step {
  /** A guest of the host, or a station on one of the switches. */
  readonly who: 'guest' | 'first' | 'second';
  /** Of a guest: its tag, 0 for none. Of a station: its VLAN. */
  readonly vid: number;
  readonly pause: number;
  /** Of 0 to 1: what is heard on the standby link is lost where it is less than the share of the story. */
  readonly luck: number;
}

/** What is the same in a whole story. */
interface Weather {
  /** By how many seconds what comes by the active link is read later than what comes by the other. */
  readonly late: number;
  /** The share of frames that are lost on the standby link, which is told. */
  readonly losses: number;
}

/** As which tag a port sends frames of a VLAN; null: not at all. */
function leaves({ native, tagged }: Port, vlan: number): number | null {
  if (vlan === native) return 0;
  return tagged.includes(vlan) ? vlan : null;
}

/** Into which VLAN a port takes frames with a tag; null: into none. */
function enters({ native, tagged }: Port, tag: number): number | null {
  if (tag === 0) return native;
  return tagged.includes(tag) ? tag : null;
}

/** What becomes on the standby link of what has this tag on the active one; undefined: the active link does not take it. */
function truth({ first, second, between }: Layout, tag: number): number | null | undefined {
  const vlan = enters(first, tag);
  if (vlan === null) return undefined;
  return between.includes(vlan) ? leaves(second, vlan) : null;
}

const tagsOf = (tag: number): Tag[] => (tag === 0 ? [] : [{ tpid: 0x8100, vid: tag }]);

/** Plays a story. @returns the evidence by tag */
function play(layout: Layout, steps: readonly Step[], { late, losses }: Weather): Map<number, Evidence> {
  const check = new CrossCheck();
  const evidence = new Map<number, Evidence>();
  const events: { at: number; run: (at: number) => void }[] = [];
  check.follow(ACTIVE, [STANDBY], 0);
  let now = 10;
  steps.forEach(({ who, vid, pause, luck }, n) => {
    now += pause;
    const say = (tag: number): Uint8Array => arpFrom('52:54:00:00:00:01', `10.0.${n >> 8}.${n & 255}`, tagsOf(tag));
    const toActive = who === 'guest' ? vid : onActive(layout, who, vid);
    const toStandby = onStandby(layout, who, vid);
    if (toActive !== null)
      events.push({ at: now + late, run: (at) => check.passed(say(toActive), who === 'guest' ? 'out' : 'in', at) });
    if (toStandby === null) return;
    if (luck >= losses) events.push({ at: now, run: (at) => check.heard(STANDBY, say(toStandby), at) });
    else events.push({ at: now + 0.9, run: (at) => check.lost(STANDBY, at) });
  });
  for (let second = 0; second < now + 10; second++)
    events.push({
      at: second,
      run: (at) => {
        check.settle(at);
        for (const each of check.takeNews()) evidence.set(each.tags[0]?.vid ?? 0, each);
      },
    });
  for (const { at, run } of events.sort((one, other) => one.at - other.at)) run(at);
  return evidence;
}

function onActive({ first, between }: Layout, who: 'first' | 'second', vlan: number): number | null {
  return who === 'first' || between.includes(vlan) ? leaves(first, vlan) : null;
}

function onStandby({ first, second, between }: Layout, who: Step['who'], vid: number): number | null {
  const vlan = who === 'guest' ? enters(first, vid) : vid;
  if (vlan === null) return null;
  return who === 'second' || between.includes(vlan) ? leaves(second, vlan) : null;
}

const some = fc.subarray(VIDS);
const port = fc
  .record({ native: fc.option(fc.constantFrom(...VIDS)), tagged: some })
  .map(({ native, tagged }): Port => ({ native, tagged: tagged.filter((vid) => vid !== native) }));
const step: fc.Arbitrary<Step> = fc.record({
  who: fc.constantFrom('guest', 'first', 'second'),
  vid: fc.integer({ min: 0, max: 4 }),
  pause: fc.double({ min: 0, max: 1.5, noNaN: true }),
  luck: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
});
const weather = fc.record({ late: fc.constantFrom(-0.5, 0, 1), losses: fc.constantFrom(0, 0, 0.1, 0.95) });
const layouts = fc.record({ first: port, second: port, between: fc.oneof(some, fc.constant(VIDS)) });

test('in any layout of VLANs, what is missing does not arrive, and what is carried does', () => {
  const seen = { carried: 0, missing: 0, unknown: 0 };
  fc.assert(
    fc.property(layouts, weather, fc.array(step, { minLength: 200, maxLength: 400 }), (layout, sky, steps) => {
      for (const [tag, evidence] of play(layout, steps, sky)) {
        const { state, instead } = judge(evidence, true);
        const there = truth(layout, tag);
        seen[state]++;
        if (state === 'missing') assert.ok(there !== undefined && there !== tag, `${tag} arrives as ${there}`);
        if (state === 'carried') assert.equal(there, tag);
        if (instead) assert.equal(instead[0]?.vid ?? 0, there, `it says that ${tag} arrives so`);
      }
    }),
    { numRuns: 200 },
  );
  for (const [state, count] of Object.entries(seen)) assert.ok(count > 20, `${state}: ${count}`);
});
