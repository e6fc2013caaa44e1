import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { hashSync } from 'bcryptjs';
import { dissect } from '../support/dissect.js';
import { until } from '../support/until.js';
import { announced, expected, nextRound, RARP_FILTER } from './net/announced.js';
import { capture, type Capture } from './net/capture.js';
import { BONDHERALD, Daemon, METRICS_PORT, runIn, SCRATCH, writeConfig } from './net/daemon.js';
import { type Hypervisor, plainBridge } from './net/hypervisor.js';
import { type Lab, labFor } from './net/lab.js';

/** A second bond beside bond0, with no guests. */
function twoBonds(hv: Hypervisor): void {
  plainBridge(2)(hv);
  hv.ip('link add name bond1 type bond mode active-backup miimon 100');
}

const text = ({ kinds = '[rarp]', schedule = '[0s]', more = '' } = {}): string =>
  `announce: {kinds: ${kinds}, schedule: ${schedule}, jitter: 0, damping: {failovers: 1000}}\n${more}`;

/** A daemon whose file is changed while it runs. */
class Reloaded {
  private constructor(
    readonly lab: Lab,
    readonly daemon: Daemon,
    readonly far: Capture,
    private readonly file: string,
  ) {}

  static async start(t: TestContext, first: string): Promise<Reloaded> {
    const lab = await labFor(t, { attach: twoBonds });
    const file = writeConfig(t, first);
    const daemon = await Daemon.start(lab, [BONDHERALD, 'run', '--config', file]);
    return new Reloaded(lab, daemon, capture(lab, 'sw2', 'p-hv', { filter: `${RARP_FILTER} or arp` }), file);
  }

  /** Changes the file and has it read. @returns what the log says from then on until `done` */
  async reload(file: string, done: RegExp): Promise<string> {
    const before = this.daemon.stderr.length;
    writeFileSync(this.file, file);
    this.daemon.signal('SIGHUP');
    return this.after(before, done);
  }

  async after(before: number, done: RegExp): Promise<string> {
    const since = (): string => this.daemon.stderr.slice(before);
    await until(() => done.test(since()), { what: String(done), timeout: 30_000 }).catch((error: Error) => {
      throw new Error(`${error.message}\n${since()}`);
    });
    return since();
  }

  /** Fails over, to its end. @returns the RARPs of all rounds */
  async failover(slave: 'up1' | 'up2'): Promise<string[]> {
    const [said, seen] = [this.daemon.stderr.length, this.far.frames.length];
    await this.lab.setActive(slave);
    await this.after(said, /announcement finished bond=bond0 result=completed/);
    await this.far.settled();
    return announced(this.far.frames.slice(seen));
  }
}

const READ = /info: configuration reloaded.*\n/;
/** A round every three seconds for long enough, whatever a reload takes on a busy machine. */
const LONG = '[0s, 1s, 4s, 7s, 10s, 13s, 16s, 20s, 25s, 30s, 40s, 50s, 60s, 70s, 80s, 90s]';

const rarpsOf = ({ frames }: Capture, mac: string): number =>
  frames.filter(({ bytes }) => dissect(bytes).src === mac && dissect(bytes).arp?.op === 3).length;

test('the configuration is read again in the middle of an announcement, bad and good, with every part following', async (t) => {
  const reloaded = await Reloaded.start(t, text({ schedule: LONG }));
  await t.test('nobody is lost, rounds go on, and who is excluded is out at once', () => inTheMiddle(reloaded));
  await t.test('a bad file changes nothing and says why', () => badFile(reloaded));
  await t.test('the status page follows, and one to which nobody could log in is a bad file', () =>
    pageFollows(reloaded),
  );
  await t.test('rounds follow; what cannot be done is told, and the old holds', () => halfDone(reloaded));
  await t.test('bonds follow', () => otherBonds(reloaded));
  await t.test('hangups that come together are one', async () => {
    const from = reloaded.daemon.stderr.length;
    for (let n = 0; n < 3; n++) reloaded.daemon.signal('SIGHUP');
    assert.equal((await reloaded.after(from, READ)).match(/nothing changed/g)?.length, 1);
    await reloaded.daemon.stop();
  });
});

async function inTheMiddle(reloaded: Reloaded): Promise<void> {
  const { lab, daemon, far } = reloaded;
  const [out, stays] = lab.guests;
  assert.ok(out && stays);
  const arriving = nextRound(far, 2);
  await lab.setActive('up2');
  assert.deepEqual(announced(await arriving), expected(lab.guests));

  const exclude = `guests: {exclude: {macs: ["${out.mac}"]}}\nmetrics: {listen: "127.0.0.1:9999"}\n`;
  const said = await reloaded.reload(text({ more: exclude }), READ);
  for (const change of [
    `announce.schedule: ${LONG} -> [0s]`,
    `guests.exclude.macs: [] -> [${out.mac}]`,
    'metrics.listen: 127.0.0.1:9871 -> 127.0.0.1:9999',
  ])
    assert.ok(said.includes(change), said);
  await far.settled();
  const [before, rounds] = [rarpsOf(far, out.mac), rarpsOf(far, stays.mac)];
  await until(() => rarpsOf(far, stays.mac) > rounds, { what: 'a round that it began with', timeout: 60_000 });
  await far.settled();
  assert.equal(rarpsOf(far, out.mac), before, 'no frame more');
  assert.match(await daemon.get('/metrics', 9999), /bondherald_build_info/);
  await assert.rejects(daemon.get('/metrics', METRICS_PORT), /no connection/);

  const then = new Set(await reloaded.failover('up1')); // a round of the announcement before may be among them
  assert.deepEqual([...then], expected([stays]), 'not in the frames that were ready either');
  const { stdout } = await runIn([BONDHERALD, 'guests']);
  assert.match(stdout, new RegExp(`${out.mac}.*excluded`));
  await reloaded.reload(text(), READ);
  assert.deepEqual(await reloaded.failover('up2'), expected(lab.guests), 'nobody was forgotten');
}

async function badFile(reloaded: Reloaded): Promise<void> {
  const said = await reloaded.reload(
    'bonds: [bond1]\nguests:\n  remember: 3\n  limit: 7\n',
    /keeping the current configuration\n/,
  );
  assert.deepEqual(
    said.match(/^error: .*?:\d+: [\w.]+/gm)?.map((line) => line.replace(/.*:(\d+): /, '$1 ')),
    ['3 guests.remember', '4 guests.limit'],
  );
  assert.deepEqual(await reloaded.failover('up1'), expected(reloaded.lab.guests));
  assert.ok((await reloaded.daemon.get()).includes('bond_active_slave{bond="bond0"'));
}

async function pageFollows(reloaded: Reloaded): Promise<void> {
  const { daemon } = reloaded;
  const login = { authorization: `Basic ${btoa('operator:secret')}` };
  const page = (): Promise<string> => daemon.get('/', METRICS_PORT, login);
  const webConfig = path.join(SCRATCH, 'web.yml');
  const more = (word: string): string => text({ more: `metrics: {page: ${word}, webConfig: ${webConfig}}\n` });
  writeFileSync(webConfig, '{}\n');
  const said = await reloaded.reload(more('authenticated'), /keeping the current configuration\n/);
  assert.match(
    said,
    /^error: .* problem="\S*:2: metrics\.webConfig: \S*web\.yml: basic_auth_users: none, and metrics\.page: authenticated needs one; /m,
  );
  assert.doesNotMatch(await page(), /52:54:00/);
  writeFileSync(webConfig, `basic_auth_users: {operator: "${hashSync('secret', 4)}"}\n`);
  await reloaded.reload(more('authenticated'), READ);
  await until(async () => (await page()).includes('52:54:00'), { what: 'the status page is served' });
  await assert.rejects(daemon.get('/'), /401/);
  await assert.rejects(daemon.get('/', METRICS_PORT, { host: 'evil.example', ...login }), /421/);
  await reloaded.reload(more('off'), READ);
  await until(async () => !(await page()).includes('52:54:00'), { what: 'the landing page is served' });
  await reloaded.reload(text(), READ);
  await until(() => daemon.get().catch(() => null), { what: 'nobody needs a password' });
}

async function halfDone(reloaded: Reloaded): Promise<void> {
  const { lab, daemon } = reloaded;
  const sources = 'guests: {sources: {snoop: false, libvirt: false, ovs: false}}\n';
  const more = `${sources}metrics: {listen: "192.0.2.77:9871"}\nstateDir: /elsewhere\n`;
  await untilListening();
  const said = await reloaded.reload(
    text({ kinds: '[rarp, na]', schedule: '[0s, 1s]', more }),
    /cannot apply a changed.*\n/,
  );
  assert.doesNotMatch(await devices(), / bh-/);
  assert.match(said, /^error: cannot apply a changed setting .*192\.0\.2\.77:9871.*EADDRNOTAVAIL/m);
  assert.match(
    said,
    /^warn: a changed setting takes effect at the next restart changed="stateDir: .* -> \/elsewhere"$/m,
  );
  const twice = [...expected(lab.guests), ...expected(lab.guests)].sort();
  assert.deepEqual(await reloaded.failover('up2'), twice, 'two rounds');
  assert.ok((await daemon.get()).includes('bond_active_slave{bond="bond0"'), 'where it listened before');
}

async function otherBonds(reloaded: Reloaded): Promise<void> {
  const { lab, far } = reloaded;
  await reloaded.reload(
    text({ more: 'bonds: [bond1]\n' }),
    /bond removed, or its guests do not move any more bond=bond0/,
  );
  assert.match(reloaded.daemon.stderr, /watching a bond bond=bond1/, 'from the beginning');
  const quiet = far.frames.length;
  await lab.setActive('up1');
  await reloaded.reload(text({ more: 'bonds: [bond0]\n' }), /watching a bond bond=bond0/);
  await far.settled();
  assert.equal(far.frames.length, quiet, 'what happened to a bond that was left alone is not made up for');
  assert.deepEqual(await reloaded.failover('up2'), expected(lab.guests));
  await untilListening();
}

const devices = async (): Promise<string> => (await runIn(['ip', '-o', 'link'])).stdout;
const untilListening = (): Promise<unknown> =>
  until(async () => (await devices()).includes(' bh-'), { what: 'what listens on the bond' });
