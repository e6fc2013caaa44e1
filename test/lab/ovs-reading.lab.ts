import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import net from 'node:net';
import { test, type TestContext } from 'node:test';
import { Registry } from 'prom-client';
import { ovsIn } from '../../src/host/ovs/connection.js';
import { OvsWatch } from '../../src/host/ovs/watch.js';
import { Metrics } from '../../src/metrics/metrics.js';
import type { OvsConfig, OvsInterface, OvsMacRow, OvsPort } from '../../src/sources/ovs/config.js';
import { systemClock } from '../../src/sys/clock.js';
import { until } from '../support/until.js';
import { HYPERVISOR, plainBridge } from './net/hypervisor.js';
import { ip } from './net/ip.js';
import { type Lab, labFor } from './net/lab.js';
import { OpenVSwitch, OVS_FOLDER, withoutPlainBridge } from './net/ovs.js';

const GUESTS = 3;

/** The watch as the daemon runs it, and what it tells. */
class Reading {
  readonly lines: string[] = [];
  readonly tables = new Map<string, readonly OvsMacRow[]>();
  config: OvsConfig = { bridges: [] };
  configs = 0;
  readonly watch: OvsWatch;
  private readonly stop = new AbortController();
  private readonly running: Promise<void>;

  constructor(folder = OVS_FOLDER) {
    const log = (level: string) => (message: string, fields?: object) =>
      void this.lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
    const tools = {
      clock: systemClock,
      log: { info: log('info'), warn: log('warn'), error: log('error') },
      metrics: new Metrics(new Registry()),
      chance: () => 0,
    };
    this.watch = new OvsWatch(ovsIn([folder]), tools, false, {
      config: (config) => {
        this.config = config;
        this.configs++;
      },
      table: (uuid, rows) => this.tables.set(uuid, rows),
    });
    this.running = this.watch.run(this.stop.signal);
  }

  port(name: string): OvsPort | undefined {
    return this.config.bridges.flatMap(({ ports }) => ports).find((port) => port.name === name);
  }

  /** The one interface of a port. */
  device(name: string): OvsInterface | undefined {
    return this.port(name)?.interfaces[0];
  }

  /** `MAC VLAN port` of each row of a bridge. */
  rows(bridge: string): string[] {
    const { uuid, ports } = this.config.bridges.find(({ name }) => name === bridge) ?? { uuid: '', ports: [] };
    const interfaces = ports.flatMap((port) => port.interfaces);
    return (this.tables.get(uuid) ?? []).map(({ mac, vlan, ofport }) => {
      const name = interfaces.find((each) => each.ofport === ofport)?.name;
      return `${mac} ${vlan} ${name}`;
    });
  }

  warnings(): string[] {
    return this.lines.filter((line) => line.startsWith('warn'));
  }

  async until(what: string, look: () => unknown): Promise<void> {
    await until(() => Boolean(look()), { what: `${what}; the log is\n${this.lines.join('\n')}` });
  }

  async end(): Promise<void> {
    this.stop.abort();
    await this.running;
  }
}

/** A bridge with a port for each guest, the first in VLAN 905, and a bond. */
async function scene(t: TestContext): Promise<{ lab: Lab; ovs: OpenVSwitch; reading: Reading }> {
  const lab = await labFor(t, { attach: plainBridge(GUESTS), teach: false });
  await withoutPlainBridge(lab);
  const reading = new Reading();
  t.after(() => reading.end());
  await reading.watch.ready;
  assert.deepEqual([reading.lines, reading.config], [[], { bridges: [] }], 'nothing is installed');
  const ovs = await OpenVSwitch.start(lab);
  await reading.until('the start of Open vSwitch is noticed', () => reading.lines.length > 0);
  await ovs.addBridge('ovs0');
  const ports = ['tap1', 'tap2', 'tap3'].flatMap((port) => ['--', 'add-port', 'ovs0', port]);
  const bond = ['--', 'add-bond', 'ovs0', 'bond', 'up1', 'up2', 'bond_mode=active-backup'];
  await ovs.vsctl(...ports, 'tag=905', ...bond);
  return { lab, ovs, reading };
}

/** Has all guests speak until the bridge's table, read again and again, has them. */
async function untilRead(lab: Lab, reading: Reading, vlans: Record<string, number>): Promise<void> {
  const expected = lab.guests.map(({ mac, port }) => `${mac} ${vlans[port ?? ''] ?? 0} ${port}`).sort();
  await until(
    async () => {
      lab.guests.forEach((guest) => lab.speakOnce(guest));
      await reading.watch.readTables();
      return expected.every((row) => reading.rows('ovs0').includes(row));
    },
    { what: `${expected.join(', ')} are read; the table is ${reading.rows('ovs0').join(', ')}`, every: 50 },
  );
}

test('what changes in Open vSwitch arrives by itself, and MAC tables are read when asked for', async (t) => {
  const { lab, ovs, reading } = await scene(t);
  await reading.until(
    'the ports have devices',
    () => reading.device('tap3')?.ifindex && reading.device('tap1')?.lowerUp,
  );
  assert.deepEqual(reading.port('tap3')?.vlans.tag, 905);
  await untilRead(lab, reading, { tap3: 905 });

  await ovs.vsctl('set', 'port', 'tap1', 'tag=7');
  await reading.until('the new VLAN arrives', () => reading.port('tap1')?.vlans.tag === 7);
  await ip(HYPERVISOR, ['link set tap2 down']);
  await reading.until('the link is down', () => reading.device('tap2')?.up === false);
  await ip(HYPERVISOR, ['link set tap2 up']);
  await reading.until('the link is up', () => reading.device('tap2')?.lowerUp);
  await untilRead(lab, reading, { tap1: 7, tap3: 905 });

  const active = (): string | undefined => {
    const { bond, interfaces } = reading.port('bond') ?? {};
    return interfaces?.find(({ uuid }) => uuid === bond?.active)?.name;
  };
  for (const member of ['up2', 'up1']) {
    await ovs.appctl('bond/set-active-slave', 'bond', member);
    await reading.until(`${member} is active`, () => active() === member);
  }

  const { configs } = reading;
  await ovs.vsctl('--no-wait', 'set', 'bridge', 'ovs0', 'external_ids:of=no-interest');
  await ovs.vsctl('del-port', 'ovs0', 'tap1');
  await reading.until('the port is gone', () => reading.port('tap1') === undefined);
  assert.equal(reading.configs, configs + 1, 'what is of no interest is not sent');
  assert.deepEqual(reading.warnings(), []);
});

test('either daemon may be killed and start again: one line each, and nothing that was known is lost', async (t) => {
  const { lab, ovs, reading } = await scene(t);
  await untilRead(lab, reading, { tap3: 905 });
  await reading.until('all links are up', () =>
    ['tap1', 'tap2', 'tap3'].every((name) => reading.device(name)?.lowerUp && reading.device(name)?.ifindex),
  );
  await reading.until('the bond has an active member', () => reading.port('bond')?.bond?.active);
  const before = reading.config;
  const downs: string[] = [];
  const stopLooking = systemClock.every(0.005, () => {
    const down = ['tap1', 'tap2', 'tap3'].filter((name) => !reading.device(name)?.lowerUp);
    if (down.length > 0) downs.push(down.join());
  });
  t.after(stopLooking);

  await ovs.kill('ovsdb-server');
  await reading.until('the end of the database is noticed', () => reading.warnings().length === 1);
  assert.match(reading.warnings()[0] ?? '', /Open vSwitch database; keeping the last known state/);
  assert.equal(reading.config, before);
  await reading.watch.readTables();
  assert.equal(
    reading.rows('ovs0').filter((row) => row.includes('tap')).length,
    GUESTS,
    'the tables are read all the same',
  );
  await ovs.restart('ovsdb-server');
  await reading.until('it is followed again', () => reading.lines.at(-1)?.startsWith('info following'));
  await ovs.vsctl('set', 'port', 'tap1', 'tag=8'); // returns when ovs-vswitchd is back and has done it
  await reading.until('a change arrives again', () => reading.port('tap1')?.vlans.tag === 8);

  await ovs.kill('ovs-vswitchd');
  await reading.watch.readTables();
  assert.match(reading.warnings()[1] ?? '', /cannot read all Open vSwitch MAC tables.*ECONN(?:REFUSED|RESET)/); // its socket may outlive it by a moment
  assert.equal(reading.rows('ovs0').filter((row) => row.includes('tap')).length, GUESTS);
  await ovs.restart('ovs-vswitchd');
  await reading.until('the tables are read again', () => reading.lines.at(-1)?.startsWith('info reading'));
  await untilRead(lab, reading, { tap1: 8, tap3: 905 });
  assert.deepEqual(downs, [], 'no device ever seemed to be down');
  assert.equal(reading.warnings().length, 2);
});

test('a socket that we may not open, and one that somebody else serves, are one line each', async (t) => {
  const { lab, ovs, reading } = await scene(t);
  await reading.end();
  process.setegid?.(65534);
  process.seteuid?.(65534);
  const back = (): void => {
    process.seteuid?.(0);
    process.setegid?.(0);
  };
  t.after(back);
  const locked = new Reading();
  t.after(() => locked.end());
  await locked.watch.ready;
  back();
  assert.match(locked.lines.join(), /^warn cannot read the Open vSwitch database .*db\.sock: connect: EACCES"\}$/);
  chmodSync(`${OVS_FOLDER}/db.sock`, 0o777);
  await locked.until('the change of its rights is noticed', () => locked.port('tap3'));
  assert.equal(locked.warnings().length, 1);
  await untilRead(lab, locked, { tap3: 905 });

  await ovs.kill('ovsdb-server', 'SIGTERM');
  const odd = net.createServer((socket) =>
    socket
      .on('error', () => undefined)
      .resume()
      .end('220 mail.example.org\r\n'),
  );
  await new Promise<void>((resolve) => odd.listen(`${OVS_FOLDER}/db.sock`, resolve));
  const puzzled = new Reading();
  t.after(() => puzzled.end());
  await puzzled.watch.ready;
  assert.match(puzzled.lines.join(), /^warn cannot read the Open vSwitch database .*byte 0x32/);
  await new Promise((resolve) => odd.close(resolve));
  await ovs.restart('ovsdb-server');
  await puzzled.until('the real one is followed', () => puzzled.port('tap3'));
  assert.equal(puzzled.warnings().length, 1);
});
