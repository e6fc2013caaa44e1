import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { dissect } from '../support/dissect.js';
import * as say from '../support/say.js';
import { until } from '../support/until.js';
import { capture } from './net/capture.js';
import { BONDHERALD, Daemon, writeConfig } from './net/daemon.js';
import { plainBridge } from './net/hypervisor.js';
import { ip, json } from './net/ip.js';
import { type Lab, labFor } from './net/lab.js';
import { untilAddresses } from './net/words.js';

const IP = '10.77.0.99';
const OTHER = '02:00:00:00:00:99';

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
