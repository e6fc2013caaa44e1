import assert from 'node:assert/strict';
import { announcedLines } from '../../../src/cli/announce.js';
import { guestsPage } from '../../../src/cli/guests.js';
import { standbyPage } from '../../../src/cli/standby.js';
import { statusPage } from '../../../src/cli/status.js';
import { decodeAnswer, encodeAnswer } from '../../../src/control/codec.js';
import type { ControlResults } from '../../../src/control/messages.js';
import { ControlMessageError } from '../../../src/errors.js';
import { only } from '../engine/only.js';
import { oddValues } from '../engine/json.js';
import { bytesOf, type Target } from '../engine/target.js';
import { JSON_TOKENS } from './request.js';

/** What people are shown of each answer. */
const SHOWN: { [Op in keyof ControlResults]: (result: ControlResults[Op]) => readonly string[] } = {
  guests: ({ bonds, limits }) => guestsPage(bonds, limits),
  announce: announcedLines,
  status: (report) => statusPage(report, 1_700_000_000),
  standby: ({ bonds }) => standbyPage(bonds),
  page: () => [], // for browsers
};

function read<Op extends keyof ControlResults>(op: Op, bytes: Uint8Array): void {
  const answer = only([ControlMessageError], () => decodeAnswer(op, bytes), 400);
  if (!answer) return;
  const line = only([ControlMessageError], () => encodeAnswer(answer));
  if (line !== undefined) assert.equal(encodeAnswer(decodeAnswer(op, bytesOf(line))), line);
  if (!('result' in answer)) return;
  const shown = SHOWN[op](answer.result);
  for (const each of shown) assert.doesNotMatch(each, /\p{Cc}/u, 'a line that commands the terminal');
}

const COUNTS = { rarp: 1, garp: 0, na: 2 };
const FAILOVER = {
  ...{ time: 1.7e9, cause: 'failover', from: 'up1', to: 'up2', firstFrame: 0.0003, lastRarp: 0.01, firstRoundOut: 0.5 },
  ...{ sent: COUNTS, refused: { ENOBUFS: 3 }, rounds: [{ round: 0, start: 0, end: 0.5, sent: COUNTS }] },
  ...{ roundsPlanned: 6, heldBack: null, result: 'completed', seconds: 31.2 },
};
const GUEST = {
  ...{ mac: '52:54:00:12:34:56', vlan: 905, port: 'tap1', guest: 'web', addresses: ['192.0.2.1'], source: 'fdb' },
  ...{ lastSeen: 12, announced: false, reason: 'seen-on-uplink' },
};
const ANSWERS: readonly object[] = [
  { result: { version: '0.1.0' } },
  { result: { bonds: [{ bond: 'bond0', guests: [GUEST, { ...GUEST, vlan: null, lastSeen: null, reason: null }] }] } },
  {
    result: {
      ...{ bond: 'bond0', activeSlave: 'up1', dryRun: false, sent: 1, refused: { ENOBUFS: 1 }, cut: false },
      frames: [{ kind: 'na', mac: GUEST.mac, vlan: null, ip: '2001:db8::1' }],
      suppressed: [{ mac: GUEST.mac, vlan: 7, reason: 'excluded' }],
    },
  },
  {
    result: {
      daemon: { version: '0.1.0', started: 1.7e9 },
      bonds: [
        {
          ...{ bond: 'bond0', mode: 'active-backup', monitoring: { miimon: 100, arpInterval: 0 }, activeSlave: 'up1' },
          slaves: [{ slave: 'up1', up: true, carrier: true, state: 'active' }],
          guests: { announced: 3, suppressed: { excluded: 1 } },
          listening: { how: 'socket', reason: 'the qdisc ingress has the place of clsact' },
          ...{ failovers: 1, lastFailovers: [FAILOVER, { ...FAILOVER, cause: 'missed', heldBack: 12 }] },
        },
      ],
    },
  },
  { result: { html: '<!DOCTYPE html> <title>hv1</title>' } },
  { error: { code: 'USAGE', exitCode: 2, message: 'bond7: no such device' } },
];

const CORPUS = ANSWERS.map((answer) => bytesOf(`${JSON.stringify({ v: 1, ...answer })}\n`));

export const target = (): Target => ({
  corpus: CORPUS,
  generated: oddValues(CORPUS),
  tokens: [...JSON_TOKENS, '1e12', '-1', '\\u001b[2J', '"result":', '"error":'],
  run: (bytes) => {
    for (const op of ['guests', 'announce', 'status', 'page'] as const) read(op, bytes);
  },
});
