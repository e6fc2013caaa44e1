import type { Guest } from '../lab/net/hypervisor.js';
import type { Lab } from '../lab/net/lab.js';
import { type HeraldOptions, programOf, startHerald } from './herald.js';
import { type Listener, listeners } from './listeners.js';
import { OTHER_BUILD, type SnoopingCost } from './results.js';
import { median } from './statistics.js';
import { introduce, type Load, nearClient, Traffic } from './traffic.js';
import { labWithTwin, TWIN, VLAN } from './twins.js';

export interface SnoopingOrder {
  /** How often each way is tried on each of the two hypervisors. */
  pairs: number;
  /** How often the two flows take turns each time. */
  turns: number;
}

/** A load on its way through the lab by both hypervisors, with its name in the report. */
interface Flows {
  name: string;
  traffic: Traffic;
  load: Load;
}

/** What a guest gets through with each way of listening, to what another gets through where nobody listens. */
export async function compareListeners(order: SnoopingOrder): Promise<SnoopingCost[]> {
  const { lab, twins } = await labWithTwin();
  try {
    const flows = await allFlows(lab, twins);
    const [here, there] = [await listeners(lab, 'hv'), await listeners(lab, TWIN)];
    return await compareAll(here, there, flows, order);
  } finally {
    await lab.destroy();
  }
}

/**
 * The same with the daemon itself.
 * @param other the checkout of another build, which takes turns with this one; null for none
 */
export async function compareDaemon(order: SnoopingOrder, other: string | null): Promise<SnoopingCost[]> {
  const { lab, twins } = await labWithTwin();
  try {
    const flows = await allFlows(lab, twins);
    const daemons = (netns: string): Listener[] => [
      daemonIn(lab, 'the daemon', { netns }),
      ...(other === null ? [] : [daemonIn(lab, OTHER_BUILD, { netns, program: programOf(other) })]),
    ];
    return await compareAll(daemons('hv'), daemons(TWIN), flows, order);
  } finally {
    await lab.destroy();
  }
}

function daemonIn(lab: Lab, name: string, options: HeraldOptions): Listener {
  let stop = (): Promise<unknown> => Promise.resolve();
  const on = async (): Promise<void> => {
    const daemon = await startHerald(lab, 2, options);
    stop = () => daemon.stop();
  };
  return { name, on, off: () => stop() };
}

async function allFlows(lab: Lab, twins: readonly Guest[]): Promise<Flows[]> {
  const [plain, tagged] = [lab.guest('g1'), lab.guest('g2')];
  const [plainTwin, taggedTwin] = twins as [Guest, Guest];
  const [client, taggedClient] = [nearClient(0), nearClient(1)];
  for (const guest of [plain, plainTwin]) await introduce(guest, client);
  for (const guest of [tagged, taggedTwin]) await introduce(guest, taggedClient, `eth0.${VLAN}`);
  const out = await Traffic.start(lab, [[plain, client], [plainTwin, client]]); // prettier-ignore
  const outTagged = await Traffic.start(lab, [[tagged, taggedClient], [taggedTwin, taggedClient]]); // prettier-ignore
  const into = await Traffic.start(lab, [[client, plain], [client, plainTwin]]); // prettier-ignore
  return [
    { name: 'frames of 60 bytes', traffic: out, load: { kind: 'raw', bytes: 60 } },
    { name: 'frames of 1,514 bytes', traffic: out, load: { kind: 'raw', bytes: 1514 } },
    { name: 'frames of 60 bytes, tagged', traffic: outTagged, load: { kind: 'raw', bytes: 60 } },
    { name: 'frames of 60 bytes, incoming', traffic: into, load: { kind: 'raw', bytes: 60 } },
    { name: 'UDP of the guest’s own stack', traffic: out, load: { kind: 'udp', bytes: 60 } },
    { name: 'TCP', traffic: out, load: { kind: 'tcp', bytes: 65536 } },
  ];
}

/**
 * The ways take turns. Each listens on the first hypervisor, then on the second: so what else may differ between them
 * cancels out.
 */
async function compareAll(
  here: readonly Listener[],
  there: readonly Listener[],
  flows: readonly Flows[],
  { pairs, turns }: SnoopingOrder,
): Promise<SnoopingCost[]> {
  const all = here.map((way, n) => ({
    way,
    twin: there[n] ?? way,
    ratios: flows.map(none),
    rates: flows.map(none),
  }));
  for (let pair = 0; pair < pairs; pair++) {
    for (const { way, twin, ratios, rates } of all) {
      const first = await measure(way, flows, turns);
      const second = await measure(twin, flows, turns);
      flows.forEach((_, f) => {
        ratios[f]?.push(Math.sqrt((first[f]?.ratio ?? NaN) / (second[f]?.ratio ?? NaN)));
        rates[f]?.push(first[f]?.rate ?? NaN);
      });
    }
  }
  return all.flatMap(({ way, ratios, rates }) =>
    flows.map(({ name: load }, f) => {
      return { way: way.name, load, rate: median(rates[f] ?? []), ratio: median(ratios[f] ?? []), pairs };
    }),
  );
}

const none = (): number[] => [];

async function measure(
  way: Listener,
  flows: readonly Flows[],
  turns: number,
): Promise<{ ratio: number; rate: number }[]> {
  await way.on();
  const results: { ratio: number; rate: number }[] = [];
  for (const { traffic, load } of flows) {
    results.push(await traffic.compare(load, load.kind === 'tcp' ? Math.ceil(turns / 2) : turns));
  }
  await way.off();
  return results;
}
