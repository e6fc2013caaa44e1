import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { type OvsListener, OvsWatch } from '../../src/host/ovs/watch.js';
import type { Metrics } from '../../src/metrics/metrics.js';
import type { OvsConfig } from '../../src/sources/ovs/config.js';
import { encodeResponse } from '../../src/sources/ovs/json-rpc.js';
import { FakeClock } from './fake-clock.js';
import { FakeOvs, type Peer } from './fake-ovs.js';

export const DATABASE = 'db.sock';
export const CONTROL = 'ovs-vswitchd.7.ctl';
export const NONE = ['set', []];
/** A row of a MAC table. */
export const ROW = '    7   905  52:54:00:00:00:01   12\n';

/** The rows of bridges with a port each. */
export function tablesOf(...names: string[]): Record<string, Record<string, { new: object }>> {
  const each = (row: (name: string) => object) => Object.fromEntries(names.map((name) => [name, { new: row(name) }]));
  return {
    Open_vSwitch: { o: { new: { bridges: ['set', names.map((name) => ['uuid', name])] } } },
    Bridge: each((name) => ({ name, ports: ['uuid', name], controller: NONE, fail_mode: NONE })),
    Port: each((name) => ({
      name,
      interfaces: ['uuid', name],
      tag: NONE,
      trunks: NONE,
      cvlans: NONE,
      vlan_mode: NONE,
    })),
    Interface: each((name) => ({ name, type: '', ofport: 7, ifindex: 5, admin_state: 'up', link_state: 'up' })),
  };
}

/** The notification of a change. */
export const update = (tables: object): string =>
  JSON.stringify({ id: null, method: 'update', params: [null, tables] });
/** The port of a bridge with another tag. */
export const portOf = (name: string, tag: number): object => ({
  Port: { [name]: { new: { ...tablesOf(name).Port?.[name]?.new, tag } } },
});

/** The watch over a fake Open vSwitch with one bridge, `br`, unless a test says otherwise. */
export class OvsScene {
  readonly ovs = new FakeOvs();
  readonly clock = new FakeClock();
  readonly told: string[] = [];
  readonly lines: string[] = [];
  readonly counted: string[] = [];
  readonly stop = new AbortController();
  tables: object = tablesOf('br');
  macs: Record<string, string> = { br: ROW };
  config: OvsConfig | null = null;
  chance = 0;
  ready = false;
  sign: string | null = null;
  readonly watch: OvsWatch;
  private running: Promise<void> | null = null;

  constructor(required = false) {
    const log = (level: string) => (message: string, fields?: object) =>
      void this.lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
    const metrics = {
      count: (_: string, labels: object, by: number) => this.counted.push(`${JSON.stringify(labels)} ${by}`),
    };
    const tools = {
      clock: this.clock,
      log: { info: log('info'), warn: log('warn'), error: log('error') },
      metrics: metrics as unknown as Metrics,
      chance: () => this.chance,
    };
    const listener: OvsListener = {
      config: (config) => {
        this.config = config;
        this.told.push(`config ${config.bridges.map(({ name, ports }) => `${name}:${ports[0]?.vlans.tag}`).join()}`);
      },
      table: (uuid, rows) => this.told.push(`table ${uuid} ${rows.length}`),
    };
    this.watch = new OvsWatch(this.ovs, tools, required, listener, () => Promise.resolve(this.sign));
    this.serveDatabase();
    this.serveControl();
  }

  serveDatabase(): void {
    this.ovs.sockets.set(DATABASE, (message, peer) => {
      if (message.kind === 'request') peer.say(encodeResponse(message.id, this.tables));
    });
  }

  serveControl(): void {
    this.ovs.sockets.set(CONTROL, (message, peer) => {
      if (message.kind !== 'request') return;
      const text = this.macs[String(message.params[0])];
      if (text === undefined) peer.say(JSON.stringify({ id: message.id, error: 'no such bridge\n' }));
      else peer.say(encodeResponse(message.id, ` port  VLAN  MAC                Age\n${text}`));
    });
  }

  /** Starts the watch, or lets it go on. @returns what it has told since the last time */
  async settle(): Promise<string[]> {
    this.running ??= this.watch.run(this.stop.signal);
    void this.watch.ready.then(() => (this.ready = true));
    for (let turns = 0; turns < 40; turns++) {
      this.clock.advance(0);
      await turn();
    }
    return this.told.splice(0);
  }

  /** Lets time pass, an eighth of a second at a time. @returns what it has told */
  async after(seconds: number): Promise<string[]> {
    const told: string[] = [];
    for (let passed = 0; passed < seconds * 8; passed++) {
      this.clock.advance(1 / 8);
      for (let turns = 0; turns < 8; turns++) await turn();
    }
    told.push(...(await this.settle()));
    return told;
  }

  /** The connection to a socket made last. */
  peer(file: string): Peer {
    return this.ovs.peers.findLast((peer) => peer.file === file) ?? assert.fail(`no connection to ${file}`);
  }

  attempts(file: string): number {
    return this.ovs.attempts.filter((each) => each === file).length;
  }

  warnings(): string[] {
    return this.lines.filter((line) => line.startsWith('warn'));
  }

  async end(): Promise<void> {
    this.stop.abort();
    await this.running;
    assert.equal(this.ovs.watched, false);
    assert.ok(this.ovs.peers.every(({ closed }) => closed));
    assert.equal(this.clock.waiting, 0);
  }
}
