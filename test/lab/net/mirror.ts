/** What a tc mirror is made of, for tests that look at it from outside. */
import type { TestContext } from 'node:test';
import * as say from '../../support/say.js';
import { until } from '../../support/until.js';
import { BONDHERALD, Daemon, runIn } from './daemon.js';
import { BOND, HYPERVISOR, plainBridge } from './hypervisor.js';
import { json, mustRun, runBatches } from './ip.js';
import { type Lab, labFor } from './lab.js';
import { deviceIndex } from './sockets.js';

/** What a run puts on the host: protocol and match of each pref, and how many there are. */
export const FILTERS = [
  '49190 arp u32 2',
  '49191 rarp matchall 1',
  '49192 ip u32 2',
  '49193 ipv6 u32 2',
  '49194 802.1Q u32 12',
  '49195 802.1ad u32 12',
];
export const ALL = FILTERS.reduce((sum, each) => sum + Number(each.split(' ').at(-1)), 0);
export const FALLBACK = /^.*listening without tc.*$/gm;

export interface Filter {
  pref: number;
  protocol: string;
  kind: string;
  options?: { actions?: Action[] };
}
export interface Action {
  kind: string;
  direction?: string;
  mirred_action?: string;
  to_dev?: string;
  control_action?: { type: string };
  stats?: Packets;
}
export interface Packets {
  packets: number;
}

export async function tc(...args: string[]): Promise<unknown[]> {
  const text = await mustRun(['tc', '-n', HYPERVISOR, '-s', '-j', ...args]);
  return text.trim() === '' ? [] : (JSON.parse(text) as unknown[]);
}

/** The filters of a hook that do something; a pref also has a line of its own, which does nothing. */
export async function acting(hook: 'egress' | 'ingress'): Promise<Filter[]> {
  const all = (await tc('filter', 'show', 'dev', BOND, hook)) as Filter[];
  return all.filter(({ options }) => options?.actions);
}

/** How many there are of each kind: `pref protocol match count`. */
export function counted(filters: readonly Filter[]): string[] {
  const counts = new Map<string, number>();
  for (const { pref, protocol, kind } of filters) {
    const key = `${pref} ${protocol} ${kind}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([key, count]) => `${key} ${count}`).sort();
}

export const mirrorName = (): string => `bh-${deviceIndex(HYPERVISOR, BOND)}`;

export async function dummies(): Promise<string[]> {
  const links = (await json('ip', HYPERVISOR, 'link', 'show', 'type', 'dummy')) as { ifname: string }[];
  return links.map(({ ifname }) => ifname);
}

export async function hasClsact(): Promise<boolean> {
  const qdiscs = (await tc('qdisc', 'show', 'dev', BOND)) as { kind: string }[];
  return qdiscs.some(({ kind }) => kind === 'clsact');
}

/** How many programs the host holds as actions of tc. */
export async function programs(): Promise<number> {
  return (await mustRun(['tc', '-n', HYPERVISOR, 'actions', 'list', 'action', 'bpf'])).split('bytecode').length - 1;
}

/** Everything of ours on the host. */
export async function ours(): Promise<unknown> {
  return { dummies: await dummies(), clsact: await hasClsact(), filters: counted(await acting('egress')) };
}

export const whole = (): unknown => ({ dummies: [mirrorName()], clsact: true, filters: FILTERS });
export const NOTHING = { dummies: [], clsact: false, filters: [] };

export async function setUp(t: TestContext, before: (lab: Lab) => unknown = () => undefined) {
  const lab = await labFor(t, { attach: plainBridge(1) });
  await before(lab);
  return { lab, daemon: await start(lab) };
}

/** Resolves when the daemon hears the bond as it will: by its mirror, or without where one is refused. */
export async function start(lab: Lab): Promise<Daemon> {
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run']);
  await untilSettled(daemon);
  return daemon;
}

/** A mirror comes when the daemon is ready. */
export async function untilSettled(daemon: Daemon, bond = BOND): Promise<void> {
  const isMirrored = async (): Promise<boolean> =>
    (await daemon.metric(`bondherald_listening{bond="${bond}",how="mirror"}`)) === 1;
  await until(async () => daemon.stderr.search(FALLBACK) >= 0 || (await isMirrored()), {
    what: `the daemon hears ${bond} by a mirror, or says that it cannot`,
  });
}
export const someTc = (...lines: string[]): Promise<void> => runBatches([{ tool: 'tc', netns: HYPERVISOR, lines }]);

/** Waits until the guest's address is known: only a frame that left says it. */
export async function isHeard(lab: Lab, address: string): Promise<void> {
  const guest = lab.guest('g1');
  const listed = async (): Promise<boolean> => {
    lab.inject(guest.netns, guest.device, say.arp({ src: guest.mac }, { spa: address, tpa: address }));
    return (await runIn([BONDHERALD, 'guests', '--json'])).stdout.includes(`"${address}"`);
  };
  await until(listed, { what: `${address} is heard`, every: 50 });
}

/** Somebody else's qdisc with a filter that counts what leaves and then ends the search. */
export const count = (pref: number): string =>
  `filter add dev ${BOND} egress protocol all pref ${pref} matchall action gact ok index 77`;
