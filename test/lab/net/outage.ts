import assert from 'node:assert/strict';
import type { Lab } from './lab.js';
import { type GuestRecord, Stream, type StreamOptions } from './stream.js';

/** The lab's clock ticks every 10 ms; a longer gap between two packets sent is the machine's doing, not the network's. */
const TICK_MS = 20;

/** A guest's longest outage in ms without the time in which the lab itself stood still, sending nothing. */
export function netOutage({ packets, outages }: GuestRecord): number {
  return Math.max(0, ...outages.map(({ from, to }) => to - from - stalled(packets, from, to)));
}

/** For how long, in ms, the lab sent nothing between two times. */
export function stalled(packets: GuestRecord['packets'], from: number, to: number): number {
  const times = packets.map(({ sentAt }) => sentAt).filter((time) => from <= time && time <= to);
  return times.reduce((sum, time, n) => sum + Math.max(0, time - (times[n - 1] ?? time) - TICK_MS), 0);
}

/**
 * Streams to the lab's silent guests while `happening` takes place, and asserts that each was dark for at most `limit`
 * ms and is reachable at the end. Prints what was measured.
 */
export async function assertOutage(
  lab: Lab,
  { limit, ...options }: StreamOptions & { limit: number },
  happening: () => Promise<void>,
): Promise<void> {
  const stream = await Stream.start(lab, options);
  await stream.goesOn(50);
  await happening();
  await stream.goesOn(60);
  const records = await stream.stop();
  const worst = Math.max(...records.map(netOutage));
  const inTurn = records.map((record) => `${record.guest.name} ${Math.round(netOutage(record))} ms`).join(', ');
  console.log(`outage: ${inTurn}`);
  for (const { guest, darkAtEnd } of records) assert.ok(!darkAtEnd, `${guest.name} is reachable at the end`);
  assert.ok(worst <= limit, `worst outage ${Math.round(worst)} ms, at most ${limit} ms allowed`);
}
