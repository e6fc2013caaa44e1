/** What is measured of a host at each size. */
import { Registry } from 'prom-client';
import { GroupTable } from '../../../src/groups/group-table.js';
import { ControlServer } from '../../../src/daemon/control-server.js';
import { StateKeeper } from '../../../src/daemon/state-keeper.js';
import { FailoverHistory } from '../../../src/host/history.js';
import { Metrics } from '../../../src/metrics/metrics.js';
import { systemClock } from '../../../src/sys/clock.js';
import { Simulation } from '../../support/announcing.js';
import { FakeClock } from '../../support/fake-clock.js';
import { byMirror } from '../../support/hearing.js';
import { macOf } from '../macs.js';
import { median } from '../statistics.js';
import { BusyHost } from './host.js';

/** A figure by its name; ms where the name says nothing else. */
export type Figures = Record<string, number>;

const LOG = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** A guest's port comes and goes; then one changes that all ways lead past. */
export function devices(guests: number, runs: number): Figures {
  const host = new BusyHost(guests);
  const { fake } = host;
  const [end, all, newcomers, late] = [[], [], [], []] as [number[], number[], number[], number[]];
  const longest: number[] = [];
  for (let n = 0; n < runs; n++) {
    const name = `new${n}`;
    const mac = (nth: number): string => macOf(0x20_0000 + 4 * n + nth);
    const comes = (): void => {
      host.addPort(name, 0);
      host.take({ ...fake.get(name), master: null, bridgePortState: null, up: false }, fake.get(name), fake.port(name));
    };
    end.push(host.work(comes).total);
    newcomers.push(
      host.untilAnnounced(() => {
        host.take(fake.change(name, { lowerUp: false }), fake.change(name, { lowerUp: true }));
        host.take(fake.fdb(mac(0), name));
      }),
    );
    late.push(
      host.untilAnnounced(() => {
        host.take(fake.change('bond0', { address: macOf(0x30_0000 + n) as never }), fake.fdb(mac(1), name));
      }),
    );
    const flush = [mac(0), mac(1)].map((each) => fake.fdb(each, name, { gone: true }));
    end.push(host.work(() => host.take(...flush, fake.remove(name))).total);
    const whole = host.work(() => host.take(fake.change('bond0', { address: macOf(0x40_0000 + n) as never })));
    all.push(whole.total);
    longest.push(whole.longest);
  }
  return {
    'a guest’s port comes or goes': median(end),
    'a guest on a new port: first frame to announceable': median(newcomers),
    'the same, while everybody is judged again': median(late),
    'an uplink changes: everybody is judged again': median(all),
    'an uplink changes: longest hold of the main thread': median(longest),
  };
}

/** One guest moves a second: what saving costs of each second, and how many bytes. */
export async function moves(guests: number, seconds: number): Promise<Figures> {
  const host = new BusyHost(guests);
  const clock = new FakeClock();
  let bytes = 0;
  const count = (parts: readonly Uint8Array[]): Promise<void> => {
    for (const part of parts) bytes += part.length;
    return Promise.resolve();
  };
  const file = {
    path: 'state.json',
    ...{ read: () => Promise.resolve(null), readJournal: () => Promise.resolve(null) },
    ...{ setAside: () => Promise.resolve(''), beginJournal: () => Promise.resolve(), write: count, append: count },
  };
  const known = (): Promise<void> => Promise.resolve();
  const parts = { hostKnown: known, announcerReady: known, isAnnounced: () => true };
  const tools = { clock, log: LOG, events: host.events };
  const keeper = new StateKeeper(host.state, file, () => Promise.resolve('boot'), tools, parts);
  const stop = new AbortController();
  void keeper.run(stop.signal);
  const settle = async (): Promise<void> => {
    for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
    while (clock.waiting > 1) {
      clock.advance(0);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await keeper.ready;
  for (let n = 0; n < 5; n++) {
    clock.advance(1);
    await settle();
  }
  bytes = 0;
  const before = process.cpuUsage();
  for (let n = 0; n < seconds; n++) {
    host.work(() => host.take(host.fake.fdb(macOf(0), n % 2 === 0 ? 'tap0.1' : 'tap0.0')));
    clock.advance(1);
    await settle();
  }
  const { user, system } = process.cpuUsage(before);
  stop.abort();
  return {
    'a guest moves each second: processor a second': (user + system) / 1000 / seconds,
    'a guest moves each second: bytes written a second': bytes / seconds,
  };
}

/** `bondherald guests --json` of everybody. @param bonds among which they are shared out */
export async function lists(guests: number, bonds: number, runs: number): Promise<Figures> {
  const host = new BusyHost(guests, bonds);
  const history = new FailoverHistory(systemClock, host.state.topology, 6);
  const page = (): Promise<string> => Promise.resolve('');
  const tools = {
    clock: systemClock,
    log: LOG,
    metrics: new Metrics(new Registry()),
    history,
    page,
    hearingOf: byMirror,
    standbyOf: () => [],
    groups: new GroupTable(1),
  };
  const known = (): Promise<void> => Promise.resolve();
  const server = new ControlServer(host.state, host.bonds, tools, {} as never, known);
  const answer = (): Promise<unknown> =>
    (server as unknown as { answer(line: Uint8Array): Promise<unknown> }).answer(
      Buffer.from('{"v":1,"op":"guests","bond":null}'),
    );
  const [totals, longest]: [number[], number[]] = [[], []];
  for (let n = 0; n < runs; n++) {
    const before = process.cpuUsage();
    let [hold, last, isOver] = [0, performance.now(), false];
    const tick = (): void => {
      hold = Math.max(hold, performance.now() - last);
      last = performance.now();
      if (!isOver) setImmediate(tick);
    };
    setImmediate(tick);
    await answer();
    isOver = true;
    tick();
    const { user } = process.cpuUsage(before);
    totals.push(user / 1000);
    longest.push(hold);
  }
  return {
    [`guests --json, ${bonds} bond${bonds === 1 ? '' : 's'}`]: median(totals),
    [`guests --json, ${bonds} bond${bonds === 1 ? '' : 's'}: longest hold of the main thread`]: median(longest),
  };
}

/** From a failover, at the default rates, until the first gratuitous ARP and Neighbor Advertisement. In virtual time. */
export function firstAddresses(guests: number): Figures {
  const simulation = new Simulation({ settings: { schedule: [0] }, capacity: guests });
  for (let n = 1; n <= guests; n++)
    simulation.add(n, `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, `2001:db8::${n.toString(16)}`);
  simulation.failover();
  simulation.advance(guests / 2000 + 2);
  const first = (kind: 'garp' | 'na'): number => ((simulation.of(kind)[0]?.at ?? NaN) - 1000) * 1000;
  return { 'failover to the first GARP': first('garp'), 'failover to the first NA': first('na') };
}
