import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashSync } from 'bcryptjs';
import { selfSigned } from '../support/certificates.js';
import { dissect, ETHERTYPE } from '../support/dissect.js';
import * as say from '../support/say.js';
import { until } from '../support/until.js';
import { capture, type CapturedFrame } from './net/capture.js';
import { BONDHERALD, Daemon, labWithDaemon, ONE_BURST, SCRATCH, writeConfig } from './net/daemon.js';
import { arpFrom } from './net/frames.js';
import { BOND, HYPERVISOR, plainBridge } from './net/hypervisor.js';
import { labFor } from './net/lab.js';
import { dashboardQueries, Prometheus, promtool, RULES, RULES_TESTS } from './net/prometheus.js';

const KINDS = ['rarp', 'garp', 'na'] as const;
const FAILOVERS = 20;
const GUESTS = 8;

const failovers = 'bondherald_bond_failovers_total{bond="bond0"}';

/** What kind of announcement a frame is. */
function kindOf({ bytes }: CapturedFrame): string {
  const { etherType } = dissect(bytes);
  if (etherType === ETHERTYPE.rarp) return 'rarp';
  return etherType === ETHERTYPE.arp ? 'garp' : 'na';
}

test('over twenty failovers the frames counted are the frames that arrive, kind by kind', async (t) => {
  const { lab, daemon } = await labWithDaemon(t, { attach: plainBridge(GUESTS), config: ONE_BURST });
  const leaving = capture(lab, HYPERVISOR, BOND, {});
  for (const [n, guest] of lab.guests.entries()) {
    const address = `2001:db8::${n + 1}`;
    const words = [
      arpFrom(guest.mac, `10.9.0.${n + 1}`),
      say.na({ src: guest.mac }, { from: address, target: address }),
    ];
    for (const frame of n < GUESTS / 2 ? words : words.slice(0, 1)) {
      lab.inject(guest.netns, guest.device, frame);
      await leaving.waitFor(({ bytes }) => bytes.includes(frame.subarray(14, 42)));
    }
  }
  leaving.stop();
  await sleep(300);
  // A client sees every broadcast once, by whichever switch it comes.
  const far = capture(lab, 'client', 'eth0', { filter: 'arp or rarp or (icmp6 and ip6[40] == 136)' });
  for (let n = 1; n <= FAILOVERS; n++) {
    await lab.setActive(n % 2 === 1 ? 'up2' : 'up1');
    const completed = 'bondherald_announcements_total{bond="bond0",result="completed"}';
    await until(async () => (await daemon.metric(completed)) === n, { what: `announcement ${n} is over` });
  }
  await far.settled();
  assert.equal(await daemon.metric(failovers), FAILOVERS);
  const captured = Object.fromEntries(
    KINDS.map((kind) => [kind, far.frames.filter((each) => kindOf(each) === kind).length]),
  );
  const counted: Record<string, number | undefined> = {};
  for (const kind of KINDS)
    counted[kind] = await daemon.metric(`bondherald_frames_sent_total{bond="bond0",kind="${kind}"}`);
  console.log(`counted: ${JSON.stringify(counted)}`);
  assert.deepEqual(counted, captured);
  assert.deepEqual(captured, { rarp: FAILOVERS * GUESTS, garp: FAILOVERS * GUESTS, na: (FAILOVERS * GUESTS) / 2 });
});

test('Prometheus scrapes over TLS with a password, through a failover, and the alert for it fires', async (t) => {
  mkdirSync(SCRATCH, { recursive: true });
  const { cert } = selfSigned(SCRATCH, 'server');
  const users = `basic_auth_users: {prometheus: "${hashSync('secret', 8)}"}`;
  const webConfig = path.join(SCRATCH, 'web.yml');
  writeFileSync(webConfig, `tls_server_config: {cert_file: server.crt, key_file: server.key}\n${users}\n`);
  const textfile = path.join(SCRATCH, 'bondherald.prom');
  const lab = await labFor(t);
  const config = writeConfig(t, `metrics: {webConfig: ${webConfig}, textfile: ${textfile}}\n`);
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run', '--config', config]);
  const prometheus = await Prometheus.start(lab, [
    'scheme: https',
    `tls_config: {ca_file: "${cert}"}`,
    'basic_auth: {username: prometheus, password: secret}',
    'static_configs: [{targets: ["127.0.0.1:9871"]}]',
  ]);
  await prometheus.finds(`up{job="bondherald"} == 1`);
  await prometheus.finds(`${failovers.replace('}', ',job="bondherald"}')} == 0`);
  assert.deepEqual(await prometheus.query('ALERTS{alertname="BondFailover"}'), []);

  await lab.cutLink(1);
  await lab.untilActive('up2');
  const [alert] = await prometheus.finds('ALERTS{alertname="BondFailover",alertstate="firing"}');
  assert.deepEqual([alert?.metric.bond, alert?.metric.instance], ['bond0', '127.0.0.1:9871']);
  await prometheus.finds('bondherald_bond_active_slave{bond="bond0",slave="up2"} == 1');
  const [sent] = await prometheus.finds('bondherald_frames_sent_total{kind="rarp"} > 0');
  assert.ok(Number(sent?.value[1]) >= lab.guests.length);
  await prometheus.finds('bondherald_announcement_first_frame_seconds_bucket{le="+Inf"} == 1');
  for (const query of dashboardQueries()) await prometheus.query(query);

  await until(() => readFileSync(textfile, 'utf8').includes(`\n${failovers} 1\n`), {
    what: 'the textfile tells of it',
  });
  await promtool(['check', 'metrics'], readFileSync(textfile, 'utf8'));
  await daemon.stop();
  assert.ok(!existsSync(textfile), 'the textfile goes with the daemon');
  await prometheus.finds('up{job="bondherald"} == 0');
});

test('the kernel answers over both sockets, promtool likes the metrics, the alerts fire on what they are for', async (t) => {
  const { lab, daemon } = await labWithDaemon(t);
  await lab.setActive('up2');
  await daemon.logs(/failover announced/);
  for (let n = 0; n < 3; n++) {
    assert.equal(await daemon.get('/healthz'), 'ok: the kernel answers on both netlink sockets\n');
  }
  assert.equal(await promtool(['check', 'metrics'], await daemon.get()), '');
  assert.match(await promtool(['check', 'rules', RULES]), /SUCCESS/);
  assert.match(await promtool(['test', 'rules', RULES_TESTS]), /SUCCESS/);
});
