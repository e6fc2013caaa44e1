import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import * as say from '../support/say.js';
import { until } from '../support/until.js';
import { BONDHERALD, Daemon, runIn, writeConfig } from './net/daemon.js';
import { BOND, HYPERVISOR, plainBridge } from './net/hypervisor.js';
import { ip } from './net/ip.js';
import { labFor } from './net/lab.js';
import { OpenVSwitch } from './net/ovs.js';
import {
  tc,
  acting,
  ALL,
  count,
  FALLBACK,
  isHeard,
  mirrorName,
  NOTHING,
  ours,
  setUp,
  someTc,
  untilSettled,
  whole,
} from './net/mirror.js';

/** How the daemon says that it hears: the one of the three gauges that is 1, all read in one scrape. */
async function heardBy(daemon: Daemon): Promise<string> {
  const ways = ['mirror', 'socket', 'deaf'];
  const page = await daemon.get();
  const acting = ways.filter((how) => page.includes(`bondherald_listening{bond="${BOND}",how="${how}"} 1\n`));
  const quiet = ways.filter((how) => page.includes(`bondherald_listening{bond="${BOND}",how="${how}"} 0\n`));
  assert.deepEqual([acting.length, quiet.length], [1, 2], page);
  return acting[0] ?? '';
}

const untilHeardBy = (daemon: Daemon, how: string): Promise<unknown> =>
  until(async () => (await heardBy(daemon)) === how, { what: `hears by ${how}`, every: 50 });

const mirrorIsBack = (): Promise<unknown> =>
  until(async () => (await acting('egress')).length === ALL, { what: 'the filters are back' });

test('a mirror that somebody takes away is put back, however often; in between a packet socket hears', async (t) => {
  const { lab, daemon } = await setUp(t);
  const ways = [
    () => someTc(`qdisc del dev ${BOND} clsact`),
    () => ip(HYPERVISOR, [`link set ${mirrorName()} down`]),
    () => someTc(`filter del dev ${BOND} egress pref 49193`),
  ];
  for (const [n, takeAway] of ways.entries()) {
    await takeAway();
    await isHeard(lab, `10.9.1.${n + 1}`);
    await mirrorIsBack();
    assert.deepEqual(await ours(), whole());
  }
  await untilHeardBy(daemon, 'mirror');
  const [again, fallback, back] = [/set up the tc filters of a bond again/g, FALLBACK, /listening with tc again/g].map(
    (line) => daemon.stderr.match(line)?.length ?? 0,
  );
  assert.ok((again ?? 0) >= 1, 'the first was put back at once');
  assert.deepEqual([(again ?? 0) + (fallback ?? 0), back], [ways.length, fallback], daemon.stderr);
  await daemon.stop();
  assert.deepEqual(await ours(), NOTHING);
});

test('an ingress qdisc that is there first is left alone, and what comes in is not taken for what left', async (t) => {
  const { lab, daemon } = await setUp(t, () => someTc(`qdisc add dev ${BOND} handle ffff: ingress`));
  assert.match(daemon.stderr, /listening without tc.*qdisc ingress has the place of clsact/);
  assert.equal(await heardBy(daemon), 'socket');
  assert.deepEqual(await ours(), NOTHING);
  assert.deepEqual(await acting('ingress'), []);
  const { mac } = lab.guest('g1');
  await isHeard(lab, '10.9.6.1');
  lab.inject('client', 'eth0', say.arp({ src: mac }, { spa: '10.9.6.9', tpa: '10.9.6.9' }));
  const reason = async (): Promise<string | null> => {
    const { stdout } = await runIn([BONDHERALD, 'guests', '--json']);
    const { bonds } = JSON.parse(stdout) as { bonds: { guests: { mac: string; reason: string | null }[] }[] };
    return bonds[0]?.guests.find((guest) => guest.mac === mac)?.reason ?? null;
  };
  await until(async () => (await reason()) === 'seen-on-uplink', { what: 'the guest has moved away', every: 50 });

  const { stdout } = await runIn([BONDHERALD, 'doctor', '--json']);
  const { findings } = JSON.parse(stdout) as { findings: { id: string; finding: string; cure: string }[] };
  const found = findings.find(({ id }) => id === 'listening-by-socket');
  assert.match(String(found?.finding), /qdisc ingress has the place of clsact.*guests\.sources\.snoop: socket/);
  assert.equal(found?.cure, `tc qdisc show dev ${BOND}`);

  await someTc(`qdisc del dev ${BOND} ingress`);
  await daemon.logs(/listening with tc again/);
  assert.deepEqual([await heardBy(daemon), await ours()], ['mirror', whole()]);
  await daemon.stop();
});

test('sources.snoop: socket leaves the place of the qdisc to others, from the reload on', async (t) => {
  const lab = await labFor(t, { attach: plainBridge(1) });
  const file = writeConfig(t, 'guests: {sources: {snoop: true}}');
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run', '--config', file]);
  await untilSettled(daemon);
  const ingress = `qdisc add dev ${BOND} handle ffff: ingress`;
  await assert.rejects(someTc(ingress), /File exists|Exclusivity flag on/);
  writeFileSync(file, 'guests: {sources: {snoop: socket}}');
  daemon.signal('SIGHUP');
  await daemon.logs(/configuration reloaded.*snoop: true -> socket/);
  await untilHeardBy(daemon, 'socket');
  await someTc(ingress);
  await isHeard(lab, '10.9.7.1');
  assert.deepEqual(await ours(), NOTHING);
  assert.equal((await runIn([BONDHERALD, 'doctor'])).stdout.includes('packet socket'), false, 'it is wanted so');
  writeFileSync(file, 'guests: {sources: {snoop: false}}');
  daemon.signal('SIGHUP');
  await untilHeardBy(daemon, 'deaf');
  await daemon.stop();
});

test('a filter put before ours ends the mirror until it is gone', async (t) => {
  const { lab, daemon } = await setUp(t);
  await someTc(count(20));
  await daemon.logs(/listening without tc.*pref 20, comes before ours/);
  await isHeard(lab, '10.9.3.2');
  assert.deepEqual(await ours(), { ...NOTHING, clsact: true, filters: ['20 all matchall 1'] });
  await someTc(`filter del dev ${BOND} egress pref 20`);
  await daemon.logs(/listening with tc again/);
  await isHeard(lab, '10.9.3.3');
  await daemon.stop();
});

test('policing by Open vSwitch needs the place that the mirror has: the doctor says so, and the setting gives it up', async (t) => {
  const lab = await labFor(t, { attach: (hv) => void hv.unplugged({ wire: [905] }), teach: false });
  const ovs = await OpenVSwitch.start(lab);
  await ovs.addBridge('br-ex');
  await ovs.vsctl('add-port', 'br-ex', BOND, '--', 'add-port', 'br-ex', 'tap1', 'tag=905');
  const file = writeConfig(t, 'guests: {sources: {snoop: true}}');
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run', '--config', file]);
  await untilSettled(daemon);
  await ovs.vsctl('set', 'interface', BOND, 'ingress_policing_rate=8000', 'ingress_policing_burst=800');
  assert.deepEqual(await ours(), whole(), 'Open vSwitch cannot have the place');
  assert.equal(await heardBy(daemon), 'mirror');
  const found = async (): Promise<string | undefined> => {
    const { stdout } = await runIn([BONDHERALD, 'doctor', '--json']);
    const { findings } = JSON.parse(stdout) as { findings: { id: string; finding: string }[] };
    return findings.find(({ id }) => id === 'listening-in-the-way')?.finding;
  };
  assert.match(String(await found()), /ingress_policing_rate.*set guests\.sources\.snoop: socket/);

  writeFileSync(file, 'guests: {sources: {snoop: socket}}');
  daemon.signal('SIGHUP');
  await untilHeardBy(daemon, 'socket');
  await ovs.vsctl('set', 'interface', BOND, 'ingress_policing_rate=9000');
  const kinds = async (): Promise<string[]> =>
    ((await tc('qdisc', 'show', 'dev', BOND)) as { kind: string }[]).map(({ kind }) => kind);
  await until(async () => (await kinds()).includes('ingress'), { what: 'Open vSwitch polices' });
  assert.equal(await found(), undefined);
  await daemon.stop();
});
