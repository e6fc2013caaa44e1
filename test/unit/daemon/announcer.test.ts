import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../../src/config/read-config.js';
import { Announcer } from '../../../src/daemon/announcer.js';
import { newHostState } from '../../../src/guests/host-state.js';
import type { StartThread, ThreadListener } from '../../../src/sys/process/thread.js';
import { Events } from '../../../src/tasks/events.js';
import { asBond, type BondId } from '../../../src/topology/bond-id.js';
import type { BondGuests } from '../../../src/wire/bond-guests.js';
import type { DaemonEvents } from '../../../src/wire/events.js';
import { type FromFailoverThread, NO_ROUND, type ToFailoverThread } from '../../../src/wire/thread-messages.js';
import { BOND, plainBridge } from '../../lab/net/hypervisor.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FakeHost } from '../../support/host.js';

const { config } = readConfig(null);
const SMALL = { ...config, guests: { ...config.guests, limits: { ...config.guests.limits, total: 8 } } };

/** An announcer whose thread says what the test has it say. */
function begin(settings = SMALL) {
  const host = new FakeHost(plainBridge(1));
  const state = newHostState(settings);
  for (const event of host.dump()) state.apply(event, 0);
  const events = new Events<DaemonEvents>();
  const failovers: BondId[] = [];
  const orders: ToFailoverThread[] = [];
  events.on('failover', ({ bond }) => void failovers.push(bond));
  let thread: ThreadListener<FromFailoverThread> | null = null;
  const startThread = (_: URL, listener: ThreadListener<FromFailoverThread>) => {
    thread = listener;
    return { post: (order: ToFailoverThread) => void orders.push(order) };
  };
  const announcer = new Announcer(
    state,
    new Map<BondId, BondGuests>(),
    settings,
    events,
    startThread as StartThread,
    new FakeClock(),
  );
  const stop = new AbortController();
  const ended = announcer.run(stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    thread?.exit(null);
    await ended;
  };
  announcer.refresh();
  const say = (message: FromFailoverThread): void => thread?.message(message);
  const failover = (bond: BondId): void =>
    say({ type: 'failover', ...NO_ROUND, bond, slave: 1, cause: 'failover', arrived: 0 });
  const switched = () => orders.splice(0).flatMap((order) => (order.type === 'switch' ? [order.bonds] : []));
  return { host, state, announcer, failovers, switched, say, failover, end };
}

test('the failover of a bond of which the kernel has told the failover thread first is reported when it is known', async () => {
  const { host, state, announcer, failovers, failover, end } = begin();
  const { details } = host.get(BOND);
  const bond = asBond(host.add('bond1', details));
  failover(bond);
  failover(bond);
  announcer.refresh();
  assert.deepEqual(failovers, []);
  state.apply(host.get('bond1'), 0);
  announcer.refresh();
  announcer.refresh();
  assert.deepEqual(failovers, [bond], 'the latest, and once');
  failover(bond);
  assert.deepEqual(failovers, [bond, bond]);
  await end();
});

test('that of one that came and went, or is not to be watched, is not', async () => {
  const { host, state, announcer, failovers, say, failover, end } = begin();
  const { details } = host.get(BOND);
  const gone = asBond(host.add('bond1', details));
  failover(gone);
  say({ type: 'lost', bond: gone, reason: 'bond-gone' });
  state.apply(host.get('bond1'), 0);
  announcer.refresh();
  state.topology.watchOnly([BOND]);
  const other = asBond(host.add('bond2', details));
  failover(other);
  state.apply(host.get('bond2'), 0);
  announcer.refresh();
  assert.deepEqual(failovers, []);
  await end();
});

test('the thread is told of the bonds to switch at the loss of carrier, when they are others, and of no more', async () => {
  const off = begin();
  off.announcer.refresh();
  assert.deepEqual(off.switched(), []);
  await off.end();

  const { host, state, announcer, switched, say, end } = begin({ ...SMALL, failover: { onCarrierLoss: ['bond1'] } });
  const { details } = host.get(BOND);
  assert.deepEqual(switched(), []);
  const bond = asBond(host.add('bond1', details));
  state.apply(host.get('bond1'), 0);
  announcer.refresh();
  announcer.refresh();
  assert.deepEqual(switched(), [[bond]]);
  const configure = async (onCarrierLoss: boolean): Promise<void> => {
    const done = announcer.configure({ ...SMALL, failover: { onCarrierLoss } });
    for (let n = 0; n < 8; n++) say({ type: 'answer', error: null } as unknown as FromFailoverThread);
    await done;
  };
  await configure(true);
  assert.deepEqual(switched(), [[asBond(host.index(BOND)), bond]]);
  await configure(false);
  assert.deepEqual(switched(), [[]]);
  await end();
});
