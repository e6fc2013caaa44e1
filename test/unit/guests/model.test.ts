import { test } from 'node:test';
import { fuzzHostState, playHistory, ROOMY, TIGHT } from '../../fuzz/host-state.js';
import type { Command, RowOf } from './commands.js';

// Always the same histories: who changes the program is not to fail by chance. The long run looks for new ones.
test('after any history of a host, everyone is announced whom the rules name, and nobody else', () => {
  fuzzHostState(500, 11);
});

const [A, B, C, D, E] = [1, 2, 3, 4, 5].map((n) => `52:54:00:00:00:0${n}`) as [string, string, string, string, string];
const at = (mac: string, port: string): RowOf => ({ mac, port, vlan: 1 });
const learn = (mac: string, port: string): Command => ({ do: 'learn', ...at(mac, port) });
const resync = (rows: readonly RowOf[], gone: readonly string[] = []): Command => ({
  do: 'resync',
  keep: false,
  rows,
  gone,
});
const wait = (seconds: number): Command => ({ do: 'wait', seconds });
const failover: Command = { do: 'failover', bond: 'bond0', ago: 0 };
const looked = (commands: readonly Command[]) => commands.map((command) => ({ ...command, look: true }));

test('who falls silent in two bridges at once counts in the one whose port still stands', () => {
  const down: Command = { do: 'link', port: 'tap1', up: false };
  const history = [learn(B, 'tap1'), learn(B, 'tap3'), down, resync([]), learn(A, 'tap3'), learn(C, 'tap3')];
  playHistory('plain', TIGHT, looked(history));
});

test('who makes room in the memory of those elsewhere is judged anew', () => {
  const elsewhere = [learn(B, 'bond0'), learn(A, 'bond0'), learn(A, 'tap1'), learn(D, 'bond0')];
  const history = [...elsewhere, resync([at(E, 'bond0')]), resync([]), learn(B, 'tap1'), learn(A, 'tap1')];
  playHistory('plain', TIGHT, looked(history));
});

test('a row that counted against its reflection goes with its port', () => {
  const away = resync([at(B, 'bond0')], ['tap1']);
  const history = [learn(B, 'tap1'), failover, away, resync([at(B, 'tap2')]), learn(B, 'bond0')];
  playHistory('plain', ROOMY, looked(history));
});

test('a frame that is told of late may be a reflection of the failover before the last', () => {
  const nothing = { claims: [], confirms: [], releases: [] };
  const heard = { mac: A, bond: 'bond0', tags: [], direction: 'in', proof: true, ...nothing, ago: 0.1 } as const;
  playHistory('plain', ROOMY, looked([failover, wait(2.05), failover, { do: 'heard', ...heard }]));
});
