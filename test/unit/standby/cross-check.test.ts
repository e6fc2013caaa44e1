import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Tag } from '../../../src/frames/ethernet.js';
import { CrossCheck, type Evidence } from '../../../src/standby/cross-check.js';
import { judge } from '../../../src/standby/judgement.js';
import { arpFrom, frame, rarp } from '../../lab/net/frames.js';

const [ACTIVE, STANDBY] = [1, 2];
const MAC = '52:54:00:00:00:01';
const tag = (vid: number): Tag[] => [{ tpid: 0x8100, vid }];

/** A check of one standby link that has been listened on for a while. */
function listening(): CrossCheck {
  const check = new CrossCheck();
  check.follow(ACTIVE, [STANDBY], 0);
  return check;
}

interface Chat {
  readonly vid?: number;
  readonly passage?: 'in' | 'out';
  /** What is heard on the standby link when it speaks. */
  readonly heard?: (ip: string, at: number) => void;
  readonly from?: number;
}

/** Somebody asks for another address each second. @returns the last evidence of the VLAN, and when it ended */
function chat(check: CrossCheck, seconds: number, { vid = 20, passage = 'in', heard, from = 10 }: Chat = {}) {
  let last: Evidence | undefined;
  for (let second = 0; second < seconds; second++) {
    const ip = `10.0.${from}.${second}`;
    const at = from + second;
    check.passed(arpFrom(MAC, ip, tag(vid)), passage, at);
    heard?.(ip, at + 0.01);
    check.settle(at + 0.9);
    last = check.takeNews().findLast(({ tags }) => tags[0]?.vid === vid) ?? last;
  }
  return last;
}

test('a VLAN of which nothing arrives is missing, once that lasts and comes from outside as well', () => {
  assert.equal(judge(chat(listening(), 15), true).state, 'unknown');
  assert.deepEqual(judge(chat(listening(), 30), true), { state: 'missing', reason: null, instead: null });
  assert.equal(judge(chat(listening(), 30, { passage: 'out' }), true).reason, 'quiet', 'the active link may lack it');
});

test('one broadcast that arrives is proof, also after it was missing; and what arrives may stop', () => {
  const check = listening();
  assert.equal(judge(chat(check, 30), true).state, 'missing');
  const arrives = (ip: string, at: number): void => check.heard(STANDBY, arpFrom(MAC, ip, tag(20)), at);
  assert.equal(judge(chat(check, 5, { from: 50, heard: arrives }), true).state, 'carried');
  assert.equal(judge(chat(check, 10, { from: 60 }), true).state, 'carried', 'for a while');
  assert.equal(judge(chat(check, 30, { from: 80 }), true).state, 'missing');
});

test('it is proof as well where the standby link is read first', () => {
  const check = listening();
  check.heard(STANDBY, arpFrom(MAC, '10.0.0.1', tag(20)), 10);
  check.passed(arpFrom(MAC, '10.0.0.1', tag(20)), 'in', 11);
  check.settle(20);
  assert.deepEqual(
    check.takeNews().map(({ carriedAt }) => carriedAt),
    [10],
  );
});

test('what arrives with another tag says so', () => {
  const check = listening();
  const elsewhere = (ip: string, at: number): void => check.heard(STANDBY, arpFrom(MAC, ip), at);
  assert.deepEqual(judge(chat(check, 30, { heard: elsewhere }), true), { state: 'missing', reason: null, instead: [] });
});

test('where the same is said in several VLANs, it is not guessed which of them arrives with another tag', () => {
  const check = listening();
  const several = (ip: string, at: number): void => {
    check.passed(arpFrom(MAC, ip), 'in', at + 0.3);
    check.heard(STANDBY, arpFrom(MAC, ip, tag(1)), at + 0.4); // which was untagged
  };
  assert.deepEqual(judge(chat(check, 30, { heard: several }), true), { state: 'missing', reason: null, instead: null });
});

test('a NIC that may filter the VLAN, and strangers under its tag, leave it unknown', () => {
  assert.equal(judge(chat(listening(), 30), false).reason, 'filter');
  const check = listening();
  const others = (ip: string, at: number): void =>
    check.heard(STANDBY, arpFrom(MAC, `192.0.2.${ip.split('.')[3]}`, tag(20)), at);
  assert.equal(judge(chat(check, 30, { heard: others }), true).reason, 'strangers');
  assert.equal(judge(undefined, true).reason, 'quiet');
});

test('while frames are lost, what is not heard says nothing, and what is heard is proof', () => {
  const check = listening();
  assert.equal(chat(check, 30, { heard: (_, at) => check.lost(STANDBY, at) }), undefined);
  const luck = (ip: string, at: number): void => {
    if (ip.endsWith('5')) check.heard(STANDBY, arpFrom(MAC, ip, tag(20)), at);
    check.lost(null, at);
  };
  assert.equal(judge(chat(check, 30, { from: 60, heard: luck }), true).state, 'carried');
});

test('a flood on the standby link does not make what passes the active one missing', () => {
  const check = listening();
  const flood = (ip: string, at: number): void => {
    check.heard(STANDBY, arpFrom(MAC, ip, tag(20)), at);
    for (let n = 0; n < 5000; n++) check.heard(STANDBY, arpFrom('52:54:00:00:00:02', `10.${n >> 8}.${n & 255}.9`), at);
  };
  assert.equal(judge(chat(check, 30, { heard: flood }), true).state, 'carried');
});

test('another active link, and a link that comes anew, begin from nothing', () => {
  const check = listening();
  chat(check, 30);
  check.follow(STANDBY, [ACTIVE], 60);
  assert.deepEqual(check.takeNews(), []);
  const soon = chat(check, 4, { from: 61 });
  assert.ok(soon === undefined || soon.missed < 4, 'nor do the broadcasts of the first moments count');
});

test('the same frame by another switch counts, with its padding and priority; other kinds of frames do not', () => {
  const check = listening();
  const padded = (ip: string, at: number): void =>
    check.heard(STANDBY, Buffer.concat([arpFrom(MAC, ip, [{ tpid: 0x8100, vid: 0xe000 + 20 }]), Buffer.alloc(4)]), at);
  const last = chat(check, 5, { heard: padded });
  assert.equal(last?.missed, 0);
  check.settle(39);
  check.takeNews();
  for (const odd of [rarp(MAC, tag(20)), frame('ffffffffffff', MAC, tag(20), '88b5', ''), new Uint8Array(9)]) {
    check.passed(odd, 'in', 40);
    check.heard(STANDBY, odd, 40);
  }
  check.settle(60);
  assert.deepEqual(check.takeNews(), []);
});
