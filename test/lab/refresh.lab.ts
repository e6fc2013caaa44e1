import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { dissect, ETHERTYPE } from '../support/dissect.js';
import { capture } from './net/capture.js';
import { ageOut } from './net/ageing.js';
import { BONDHERALD, Daemon, writeConfig } from './net/daemon.js';
import { doctor } from './net/doctor.js';
import { arpFrom, rarp } from './net/frames.js';
import { plainBridge } from './net/hypervisor.js';
import { labFor } from './net/lab.js';
import { untilListed } from './net/listed-guests.js';
import { setAgeing, watchTable } from './net/switch-tables.js';
import { untilAddresses } from './net/words.js';

// `make soak SOAK_ARGS=refresh` does it with 30 s, five minutes and a thousand guests.
const AGEING = 6;
const REFRESH = 3;
const ADDRESS = '10.77.0.99';

test('switches that forget after 6 s keep a silent guest with refresh: 3s, and nothing is sent for one that is heard elsewhere', async (t) => {
  const config = `announce: {refresh: ${REFRESH}s}`;
  const lab = await labFor(t, { attach: plainBridge(3) });
  const file = writeConfig(t, '');
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run', '--config', file]);
  const [silent, moves, third] = lab.guests;
  assert.ok(silent && moves && third);
  const finding = async (text: string): Promise<string | undefined> =>
    (await doctor({ config: text })).findings.find(({ id }) => id === 'silent-guests')?.finding;
  await ageOut(lab, third.mac);
  assert.match(
    (await finding('')) ?? '',
    /guests have sent nothing for 300 s or more .* announce\.refresh: 200s keeps/,
  );
  writeFileSync(file, config);
  daemon.signal('SIGHUP');
  await daemon.logs(/announce\.refresh: off -> 3s/);
  assert.equal(await finding(config), undefined);
  lab.inject(silent.netns, silent.device, arpFrom(silent.mac, ADDRESS));
  await untilAddresses(silent.mac, [ADDRESS]);
  await setAgeing(AGEING);
  await lab.teach();
  const macs = lab.guests.map(({ mac }) => mac);
  const { looks, missed } = await watchTable(lab, 'sw2', macs, { seconds: AGEING + 4, every: 0.1 });
  console.log(`${looks} looks into the table of a switch that forgets after ${AGEING} s`);
  assert.deepEqual([...missed], []);

  const far = capture(lab, 'sw1', 'p-hv', { filter: 'rarp or arp' });
  const elsewhere = rarp(moves.mac);
  const move = (): void => lab.inject('client', 'eth0', elsewhere);
  await untilListed({ mac: moves.mac, vlan: null, source: 'fdb', reason: 'seen-on-uplink' }, move);
  const before = far.frames.length;
  await sleep(2 * REFRESH * 1000);
  await far.settled();
  const sent = far.frames.slice(before).map(({ bytes }) => dissect(bytes));
  const of = (mac: string, type: number): number =>
    sent.filter((each) => each.src === mac && each.etherType === type).length;
  assert.equal(of(moves.mac, ETHERTYPE.rarp), 0);
  assert.ok(of(silent.mac, ETHERTYPE.rarp) > 0 && of(third.mac, ETHERTYPE.rarp) > 0);
  assert.ok(of(silent.mac, ETHERTYPE.arp) > 0, 'its address as well');

  const count = async (kind: string): Promise<number[]> => {
    const names = ['refreshed_total', 'frames_sent_total', 'bond_failovers_total'];
    const labels = ['', '', ''].map((_, n) => (n === 2 ? '{bond="bond0"}' : `{bond="bond0",kind="${kind}"}`));
    return Promise.all(names.map(async (name, n) => (await daemon.metric(`bondherald_${name}${labels[n]}`)) ?? NaN));
  };
  for (const kind of ['rarp', 'garp']) {
    const [refreshed = 0, all = 0, failovers] = await count(kind);
    assert.ok(refreshed > 0 && all >= refreshed && all - refreshed <= 3, `${kind}: ${refreshed} of ${all}`);
    assert.equal(failovers, 0);
  }
  await daemon.stop();
});
