import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { dissect } from '../support/dissect.js';
import * as say from '../support/say.js';
import { until } from '../support/until.js';
import { capture } from './net/capture.js';
import { CLIENTS } from './net/clients.js';
import { BONDHERALD, Daemon, labWithDaemon, runIn, writeConfig } from './net/daemon.js';
import { doctor } from './net/doctor.js';
import { arpFrom } from './net/frames.js';
import { plainBridge } from './net/hypervisor.js';
import { ip, json } from './net/ip.js';
import { type Lab, labFor } from './net/lab.js';
import { untilAddresses } from './net/words.js';

const IP = '10.77.0.99';
const OTHER = '02:00:00:00:00:99';
const CLIENT = CLIENTS.client?.mac ?? '';

/** The client has heard of another station with the guest's address in this moment. */
const mistake = (): Promise<void> => ip('client', [`neigh replace ${IP} lladdr ${OTHER} dev eth0 nud reachable`]);

async function believed(): Promise<string | undefined> {
  const rows = (await json('ip', 'client', 'neigh', 'show', IP)) as { lladdr?: string }[];
  return rows[0]?.lladdr;
}

/** Says something to everyone from the guest's place. */
function speak(lab: Lab, frame: Buffer): void {
  const { netns, device } = lab.guest('g1');
  lab.inject(netns, device, frame);
}

test('each form of gratuitous ARP that is sent corrects a Linux host within the second in which it takes no other', async (t) => {
  const lab = await labFor(t, { attach: plainBridge(1) });
  const { mac } = lab.guest('g1');
  const text = (garp: string): string => `announce: {garp: ${garp}, schedule: [0s], damping: {failovers: 1000}}`;
  const file = writeConfig(t, text('request'));
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run', '--config', file]);
  speak(lab, say.arp({ src: mac }, { spa: IP, tpa: IP }));
  await untilAddresses(mac, [IP]);
  const far = capture(lab, 'client', 'eth0', { filter: 'arp' });

  // What Linux does with a reply whose target is nobody, and why ours has its sender there.
  await mistake();
  const targetless = say.arp({ src: mac }, { op: 2, spa: IP, tpa: IP });
  speak(lab, targetless);
  await far.waitFor(({ bytes }) => dissect(bytes).arp?.op === 2);
  assert.equal(await believed(), OTHER, 'a reply without a target within a second of the last update');
  await sleep(1100);
  speak(lab, targetless);
  await until(async () => (await believed()) === mac, { what: 'a reply without a target, later' });

  for (const [garp, wanted] of [
    ['request', [1]],
    ['reply', [2]],
    ['both', [1, 2]],
  ] as const) {
    if (garp !== 'request') {
      writeFileSync(file, text(garp));
      daemon.signal('SIGHUP');
      await daemon.logs(new RegExp(`announce\\.garp: \\w+ -> ${garp}`));
    }
    const before = far.frames.length;
    await mistake();
    await lab.setActive(lab.activeSlave() === 'up1' ? 'up2' : 'up1');
    await until(() => far.frames.length >= before + wanted.length, { what: `gratuitous ARP: ${garp}`, every: 5 });
    await until(async () => (await believed()) === mac, { what: `${garp} is believed`, timeout: 900 });
    await far.settled();
    const arps = far.frames.slice(before).map(({ bytes }) => dissect(bytes).arp);
    assert.deepEqual(
      arps,
      wanted.map((op) => ({ op, sha: mac, spa: IP, tha: op === 2 ? mac : '00:00:00:00:00:00', tpa: IP })),
    );
  }
  await daemon.stop();
});

const GUESTS = 600;
const byte = (value: number): string => value.toString(16).padStart(2, '0');
const macOf = (n: number): string => `52:54:01:00:${byte(n >> 8)}:${byte(n & 0xff)}`;
const addressOf = (n: number): string => `10.9.${n >> 8}.${n & 0xff}`;

/** How many guests the daemon lists with an address. */
async function listed(): Promise<number> {
  const { stdout } = await runIn([BONDHERALD, 'guests', '--json']);
  const { bonds } = JSON.parse(stdout) as { bonds: { guests: { addresses: string[] }[] }[] };
  return bonds.flatMap(({ guests }) => guests.filter(({ addresses }) => addresses.length > 0)).length;
}

test('of six hundred guests those that somebody asks for are announced next, within 0.3 s of the question', async (t) => {
  const config = 'guests: {limits: {perPort: 1000}}';
  const { lab } = await labWithDaemon(t, { attach: plainBridge(1), config });
  const { netns, device } = lab.guest('g1');
  const claims = Array.from({ length: GUESTS }, (_, n) => arpFrom(macOf(n + 1), addressOf(n + 1)));
  const say600 = async (): Promise<boolean> => {
    for (let n = 0; n < GUESTS; n += 100) {
      lab.inject(netns, device, ...claims.slice(n, n + 100));
      await sleep(20);
    }
    return (await listed()) === GUESTS;
  };
  await until(say600, { what: 'the daemon knows all addresses', every: 500 });
  const far = capture(lab, 'sw2', 'p-hv', { filter: 'arp' });
  await sleep(2000); // what the guests said has been paid for
  await lab.setActive('up2');
  const isGarp = (n: number) => {
    const address = addressOf(n);
    return ({ bytes }: { bytes: Buffer }): boolean => {
      const { arp } = dissect(bytes);
      return arp?.spa === address && arp.tpa === address;
    };
  };
  await until(() => far.frames.length >= 6, { what: 'gratuitous ARP has begun' });
  const delays: number[] = [];
  for (const n of [600, 555, 500, 444, 333]) {
    const question = say.arp({ src: CLIENT }, { spa: '10.9.200.1', tpa: addressOf(n) });
    lab.inject('client', 'eth0', question);
    const asked = await far.waitFor(({ bytes }) => bytes.equals(question));
    const answer = await far.waitFor(isGarp(n));
    delays.push(answer.time - asked.time);
  }
  const { findings } = await doctor({ config });
  const rate = findings.find(({ id }) => id === 'arp-rate')?.finding ?? '';
  assert.match(rate, /^gratuitous ARP for 600 addresses takes 75 s at 8 a second; .* announce\.rate\.arp: unlimited$/);
  console.log(`from question to gratuitous ARP: ${delays.map((ms) => ms.toFixed(0)).join(', ')} ms`);
  for (const ms of delays) assert.ok(ms > 0 && ms <= 300, `${ms}`);
});
