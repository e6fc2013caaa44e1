import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { until } from '../support/until.js';
import { RARP_FILTER } from './net/announced.js';
import { type Capture, capture } from './net/capture.js';
import { BONDHERALD, Daemon, ONE_BURST, writeConfig } from './net/daemon.js';
import { BOND, plainBridge } from './net/hypervisor.js';
import { ip } from './net/ip.js';
import { type Lab, labFor } from './net/lab.js';
import { assertOutage } from './net/outage.js';
import { Stream } from './net/stream.js';

/** What is left for the kernel's two messages, us, the switch, and the lab's 10 ms clock. */
const LIMIT_MS = 50;

const SWITCHING = /the active slave is changed at the loss of its carrier bond=bond0/;

/** A lab whose bond is switched at the loss of carrier, and all RARPs that come by either link. */
class Switched {
  private constructor(
    readonly lab: Lab,
    readonly daemon: Daemon,
    readonly far: readonly Capture[],
  ) {}

  /** @param prepare done before the daemon starts */
  static async start(
    t: TestContext,
    bond: Readonly<Record<string, string | number>>,
    prepare: (lab: Lab) => Promise<void> = () => Promise.resolve(),
  ): Promise<Switched> {
    const lab = await labFor(t, { bond, attach: plainBridge(3) });
    await prepare(lab);
    const config = writeConfig(t, `${ONE_BURST}\nfailover: {onCarrierLoss: true}\n`);
    const daemon = await Daemon.start(lab, [BONDHERALD, 'run', '--config', config]);
    lab.onDestroy(() => daemon.stop());
    await daemon.logs(SWITCHING);
    return new Switched(lab, daemon, [
      capture(lab, 'sw1', 'p-hv', { filter: RARP_FILTER }),
      capture(lab, 'sw2', 'p-hv', { filter: RARP_FILTER }),
    ]);
  }

  /** Waits until the bond has just looked at its links: for nearly miimon it will not look again. */
  async justLooked(): Promise<void> {
    const { lab } = this;
    await lab.cutLink(2);
    await until(() => !lab.slaveUp('up2'), { what: 'the bond has missed up2', every: 5 });
    await lab.mendLink(2);
    await until(() => lab.slaveUp('up2'), { what: 'the bond has found up2', every: 5 });
  }

  /** How many failovers were announced since the start, and how many of those we have made. */
  get announced(): { all: number; ours: number } {
    const lines = this.daemon.stderr.match(/^.*failover announced.*$/gm) ?? [];
    return { all: lines.length, ours: lines.filter((line) => line.includes('at_carrier_loss=true')).length };
  }

  /** Waits until we have made so many failovers, before the kernel would have looked. */
  async untilOurs(failovers: number): Promise<void> {
    await until(() => this.announced.ours >= failovers, { what: `${failovers} failovers of ours are announced` });
  }

  /** All failovers so far were announced once to each guest, and the counters say what is on the far side. */
  async assertOnce(failovers: number): Promise<void> {
    const { lab, daemon, far } = this;
    await until(() => this.announced.all >= failovers, { what: `${failovers} failovers are announced` });
    const total = 'bondherald_bond_failovers_total{bond="bond0"}';
    assert.deepEqual([await daemon.metric(total), this.announced.all], [failovers, failovers]);
    for (const each of far) if ((each === far[0] ? 'up1' : 'up2') === lab.activeSlave()) await each.settled();
    const frames = far.reduce((sum, each) => sum + each.frames.length, 0);
    assert.equal(frames, failovers * lab.guests.length, 'each guest once a failover');
    assert.equal(await daemon.metric('bondherald_frames_sent_total{bond="bond0",kind="rarp"}'), frames);
  }
}

test('a silent guest is reachable again within 50 ms when its link fails, though the bond looks once a second', async (t) => {
  const it = await Switched.start(t, { miimon: 1000 });
  await it.justLooked();
  await assertOutage(it.lab, { limit: LIMIT_MS }, async () => {
    await it.lab.cutLink(1);
    await it.lab.untilActive('up2');
  });
  await it.assertOnce(1);
  assert.equal(it.announced.ours, 1);
});

test('the kernel and the daemon at the same moment: one failover, one announcement, whoever was faster', async (t) => {
  const it = await Switched.start(t, { miimon: 10 });
  const { lab } = it;
  const stream = await Stream.start(lab);
  const failovers = 12;
  for (let n = 0; n < failovers; n++) {
    const [cut, other] = n % 2 === 0 ? ([1, 'up2'] as const) : ([2, 'up1'] as const);
    await lab.cutLink(cut);
    await lab.untilActive(other);
    await until(() => !lab.slaveUp(`up${cut}`), { what: 'the bond has missed the link', every: 2 });
    await lab.mendLink(cut);
    await lab.untilUp(`up${cut}`);
  }
  await it.assertOnce(failovers);
  console.log(`switched by the daemon: ${it.announced.ours} of ${failovers}`);
  for (const { guest, darkAtEnd } of await stream.stop()) assert.ok(!darkAtEnd, `${guest.name} is reachable`);
});

test('a link that flaps faster than miimon: each switch is announced; after two the kernel decides for a minute', async (t) => {
  const it = await Switched.start(t, { miimon: 2000 });
  const { lab, daemon } = it;
  const stream = await Stream.start(lab);
  await it.justLooked();
  for (const n of [1, 2] as const) {
    await lab.cutLink(n);
    await lab.mendLink(n);
    await lab.untilActive(`up${3 - n}`);
  }
  const LEFT = /warn: failovers at the loss of carrier are left to the kernel bond=bond0 reason="(.+)"/;
  const [, reason] = await daemon.logs(LEFT);
  assert.equal(reason, 'its links lose their carrier for less than miimon; again in 60 s');
  await lab.cutLink(1);
  await lab.mendLink(1);
  await it.assertOnce(2);
  assert.deepEqual([lab.activeSlave(), it.announced.ours], ['up1', 2], 'the kernel has not missed it');
  await lab.cutLink(1);
  await lab.untilActive('up2');
  await it.assertOnce(3);
  assert.equal(it.announced.ours, 2);
  await stream.goesOn(50);
  for (const { guest, darkAtEnd } of await stream.stop()) assert.ok(!darkAtEnd, `${guest.name} is reachable`);
});

/** A third link, to the second switch, which the bond has got before the second one. */
async function withThird(lab: Lab): Promise<void> {
  await ip('hv', [
    'link add up3 type veth peer name p-hv3 netns sw2',
    `link set up3 master ${BOND}`,
    'link set up3 up',
  ]);
  await ip('sw2', ['link set p-hv3 master fabric', 'link set p-hv3 up']);
  await ip('hv', ['link set up2 nomaster', `link set up2 master ${BOND}`]);
  await lab.untilUp('up3');
  await lab.untilUp('up2');
}

test('of three links the first takes over, else that of the highest priority, else the primary', async (t) => {
  const it = await Switched.start(t, { miimon: 1000 }, withThird);
  const { lab } = it;
  const takesOver = async (slave: string, failovers: number): Promise<void> => {
    await it.justLooked();
    await lab.cutLink(1);
    await it.untilOurs(failovers);
    assert.equal(lab.activeSlave(), slave);
    await until(() => !lab.slaveUp('up1'), { what: 'the bond has missed up1' });
    await lab.mendLink(1);
    await lab.untilUp('up1');
    await lab.setActive('up1');
  };
  await takesOver('up3', 1);
  await ip('hv', [`link set ${BOND} type bond primary_reselect failure`, 'link set up2 type bond_slave prio 10']);
  await lab.setActive('up1');
  await takesOver('up2', 2);
  await ip('hv', [`link set ${BOND} type bond primary up3`]);
  await lab.setActive('up1');
  await takesOver('up3', 3);
});

test('a standby without carrier is not taken, though the bond has not missed it yet; nor is one in its updelay', async (t) => {
  const it = await Switched.start(t, { miimon: 1000, updelay: 10_000 });
  const { lab, daemon } = it;
  await lab.cutLink(2);
  await lab.cutLink(1);
  await lab.untilActive(null);
  await lab.mendLink(1);
  await lab.untilActive('up1');
  await lab.mendLink(2);
  await until(() => lab.linkGoesBack('up2'), { what: 'the updelay of up2 is running', every: 20 });
  await lab.cutLink(1);
  await lab.untilActive('up2');
  await until(() => it.announced.all === 2, { what: 'both recoveries are announced' });
  assert.equal(it.announced.ours, 0, 'the kernel took it, for want of another');
  assert.doesNotMatch(daemon.stderr, /did not change the active slave/);
});
