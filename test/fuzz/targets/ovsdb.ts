import assert from 'node:assert/strict';
import fc from 'fast-check';
import { OvsAnswerError } from '../../../src/errors.js';
import type { OvsBridge, OvsPort } from '../../../src/sources/ovs/config.js';
import { OvsDatabase } from '../../../src/sources/ovs/database.js';
import { ownRarps } from '../../../src/sources/ovs/own-rarps.js';
import { loadOvsRecording, messagesOf } from '../../support/ovs-recording.js';
import { only } from '../engine/only.js';
import { oddValues } from '../engine/json.js';
import { bytesOf, type Target } from '../engine/target.js';

/** An input is a JSON list: the answer to `monitor`, then what `update` tells. */
type Told = readonly unknown[];

const isVid = (vid: number): boolean => Number.isInteger(vid) && vid >= 0 && vid <= 4095;

function assertPort({ vlans, interfaces, bond }: OvsPort): void {
  assert.ok(vlans.tag === null || isVid(vlans.tag));
  assert.ok([...vlans.trunks, ...vlans.cvlans].every(isVid));
  for (const { ifindex, ofport } of interfaces) {
    assert.ok(ifindex === null || (Number.isInteger(ifindex) && ifindex > 0 && ifindex <= 0x7fffffff));
    assert.ok(ofport === null || (ofport >= 1 && ofport < 0xff00) || ofport === 0xfffe);
  }
  assert.equal(bond !== null, interfaces.length > 1);
  if (bond?.active) assert.ok(interfaces.some(({ uuid }) => uuid === bond.active));
}

function assertBridge(bridge: OvsBridge): void {
  assert.ok(bridge.macAgingTime >= 15 && bridge.macAgingTime <= 3600);
  assert.ok(bridge.macTableSize >= 10 && bridge.macTableSize <= 1_000_000);
  for (const port of bridge.ports) {
    assertPort(port);
    ownRarps(bridge, port, { rows: [], age: 0 });
  }
}

/** How many ports and interfaces a configuration has, each counted as often as it stands there. */
function sizeOf(bridges: readonly OvsBridge[]): number {
  const ports = bridges.flatMap((bridge) => bridge.ports);
  return bridges.length + ports.length + ports.reduce((sum, { interfaces }) => sum + interfaces.length, 0);
}

function run(bytes: Uint8Array): void {
  const database = new OvsDatabase();
  let told: unknown;
  try {
    told = JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return;
  }
  const [first, ...updates]: Told = Array.isArray(told) ? told : [told];
  only([OvsAnswerError], () => database.load(first));
  for (const update of updates) only([OvsAnswerError], () => database.update([null, update]));
  const { bridges } = database.config();
  assert.ok(sizeOf(bridges) <= bytes.length, 'a configuration that is larger than what was told');
  bridges.forEach(assertBridge);
  assert.equal(database.config().bridges, bridges, 'nothing has changed');
}

/** Each connection of the recording: what was told first, and the updates. */
function corpus(): Uint8Array[] {
  const messages = loadOvsRecording().database.flatMap(messagesOf);
  const lists: unknown[][] = [];
  for (const message of messages) {
    if (message.kind === 'response') lists.push([message.result]);
    else if (message.kind === 'notification') lists.at(-1)?.push(message.params[1]);
  }
  return lists.map((list) => bytesOf(JSON.stringify(list)));
}

/** Rows that refer to each other in any way. */
const rows = fc.integer({ min: 1, max: 60 }).chain((count) => {
  const set = (): fc.Arbitrary<unknown> =>
    fc.array(fc.nat(count), { maxLength: 60 }).map((all) => ['set', all.map((n) => ['uuid', `u${n}`])]);
  const table = (column: string): fc.Arbitrary<unknown> =>
    fc
      .array(set(), { minLength: count, maxLength: count })
      .map((all) => Object.fromEntries(all.map((refers, n) => [`u${n}`, { new: { [column]: refers } }])));
  return fc.record({
    Open_vSwitch: table('bridges'),
    Bridge: table('ports'),
    Port: table('interfaces'),
    Interface: table('options'),
  });
});

export const target = (): Target => ({
  corpus: corpus(),
  generated: fc.oneof(
    rows.map((tables) => bytesOf(JSON.stringify([tables]))),
    oddValues(corpus()),
  ),
  tokens: [
    ...[
      '["set",[',
      '["map",[',
      '["uuid","',
      '"new":',
      '{"__proto__":',
      'null',
      'true',
      '-1',
      '4096',
      '1e999',
      '65534',
      '{}',
      '[]',
    ],
    ...['"constructor"', '"vlan_mode":"trunk"', '"tag":', '"mac-aging-time"', '"bond_mode"', '["set",[]]', '"\\ud800"'],
  ],
  maxBytes: 96 << 10,
  run,
});
