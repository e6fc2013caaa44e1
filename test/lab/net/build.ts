import { readFileSync, writeFileSync } from 'node:fs';
import { until } from '../../support/until.js';
import { clientLines, CLIENTS, giveAddresses } from './clients.js';
import { BOND, Hypervisor, HYPERVISOR, plainBridge } from './hypervisor.js';
import { command, runBatches, type Batch } from './ip.js';
import { inNetns } from './netns.js';
import { deviceIndex } from './sockets.js';

/** What to build; everything has a default. */
export interface LabOptions {
  /** The bond's options as `ip link` has them; {miimon: 100} by default, in mode active-backup. */
  bond?: Readonly<Record<string, string | number>>;
  /** Puts guests behind the bond; three on a plain bridge by default. */
  attach?: (hv: Hypervisor) => void;
  /** One-way delay of each frame between the two switches, in ms; none by default. */
  latencyMs?: number;
  /** Has the switches speak LACP: each for itself, or both as one (MLAG). To be used with a bond of mode 802.3ad. */
  lacp?: 'two switches' | 'one switch';
  /** Makes the switches learn per VLAN, with all ports members of these; otherwise they pass tags without looking. */
  switchVlans?: readonly number[];
  /** A host that answers ARP at GATEWAY_IP, behind that switch; and the hypervisor's device that has HOST_IP. */
  gateway?: { behind: 1 | 2; hostDevice: string };
  /** Whether every guest speaks once, so that all switches have learned it; true by default. */
  teach?: boolean;
}

export const GATEWAY_IP = '10.78.0.1';
export const HOST_IP = '10.78.0.2';
export const SWITCHES = ['sw1', 'sw2'] as const;

const CANARY = 'lab-canary';
const LAST_TO_GO = 'client2';

/** Builds the topology and returns the hypervisor's plan with its guests. Rejects with the command that failed. */
export async function buildTopology(options: LabOptions): Promise<{ hv: Hypervisor; namespaces: string[] }> {
  const hv = new Hypervisor();
  hv.ip(...bondLines(options.bond ?? { miimon: 100 }));
  (options.attach ?? plainBridge())(hv);
  giveAddresses(hv.guests);
  if (options.gateway) hv.ip(`addr add ${HOST_IP}/24 dev ${options.gateway.hostDevice}`);
  const guestSpaces = hv.guests.map((guest) => guest.netns).filter((name) => name !== HYPERVISOR);
  const namespaces = [HYPERVISOR, ...SWITCHES, ...Object.keys(CLIENTS), ...guestSpaces];
  if (options.gateway) namespaces.push('gw');
  try {
    await makeNamespaces(namespaces);
    await runBatches(allBatches(hv, options));
    if (options.latencyMs) await setImpairment({ delayMs: options.latencyMs, lose: false });
  } catch (error) {
    await removeNamespaces(namespaces);
    throw error;
  }
  return { hv, namespaces };
}

/** All that is in the namespaces, in an order in which nothing refers to what is not there yet. */
function allBatches(hv: Hypervisor, options: LabOptions): Batch[] {
  const ip = (netns: string, lines: string[]): Batch => ({ tool: 'ip', netns, lines: ['link set lo up', ...lines] });
  const canary = `link add name ${CANARY} type veth peer name canary netns ${LAST_TO_GO}`;
  return [
    { tool: 'ip', netns: null, lines: [canary] },
    ...([1, 2] as const).flatMap((n): Batch[] => [
      ip(`sw${n}`, switchLines(n, options)),
      { tool: 'bridge', netns: `sw${n}`, lines: switchVlanLines(n, options) },
    ]),
    ip(HYPERVISOR, hv.ipLines),
    { tool: 'bridge', netns: HYPERVISOR, lines: hv.bridgeLines },
    ...(options.gateway ? [ip('gw', [`addr add ${GATEWAY_IP}/24 dev eth0`, 'link set eth0 up'])] : []),
    ...Object.keys(CLIENTS).map((client) => ip(client, clientLines(client, hv.guests))),
    ...hv.guests.map((guest) => ip(guest.netns, guestLines(guest.device, guest.ip))),
  ];
}

/**
 * Removes the namespaces and all that is in them; those that are gone already are no error. The kernel takes devices
 * away after a namespace's name is gone, in the order of the names, and for so long nobody can change any device
 * anywhere. So this waits for the canary, one end of which is in the namespace that goes last.
 */
export async function removeNamespaces(names: readonly string[]): Promise<void> {
  const inOrder = [...names.filter((name) => name !== LAST_TO_GO), LAST_TO_GO];
  await command(['ip', '-force', '-batch', '-'], inOrder.map((name) => `netns del ${name}\n`).join(''));
  await until(() => deviceIndex(null, CANARY) === 0, { what: 'the kernel has removed the devices of a lab' });
}

/** Delays the frames between the switches, or loses them all without either switch noticing. */
export async function setImpairment({ delayMs, lose }: { delayMs: number; lose: boolean }): Promise<void> {
  const how = `delay ${delayMs}ms${lose ? ' loss 100%' : ''}`;
  const lines = [`qdisc replace dev p-isl root netem limit 100000 ${how}`];
  await runBatches(SWITCHES.map((netns) => ({ tool: 'tc', netns, lines })));
}

async function makeNamespaces(names: readonly string[]): Promise<void> {
  await runBatches([{ tool: 'ip', netns: null, lines: names.map((name) => `netns add ${name}`) }]);
  // IPv6 speaks by itself, and a silent guest must not; reverse path filtering would drop what a silent guest receives.
  const settings = { 'ipv6/conf/all/disable_ipv6': '1', 'ipv6/conf/default/disable_ipv6': '1' };
  const filters = { 'ipv4/conf/all/rp_filter': '0', 'ipv4/conf/default/rp_filter': '0' };
  for (const name of names) {
    inNetns(name, () => {
      for (const [path, value] of Object.entries({ ...settings, ...filters })) writeSetting(path, value);
    });
  }
}

function writeSetting(path: string, value: string): void {
  const file = `/proc/sys/net/${path}`;
  try {
    writeFileSync(file, value);
  } catch (error) {
    // A kernel without IPv6 has nothing to switch off.
    if (path.startsWith('ipv4') || !(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  if (readFileSync(file, 'utf8').trim() !== value) throw new Error(`${file} does not take ${value}`);
}

function bondLines(options: Readonly<Record<string, string | number>>): string[] {
  const text = Object.entries(options).map(([name, value]) => ` ${name} ${value}`);
  return [
    `link add ${BOND} type bond${'mode' in options ? '' : ' mode active-backup'}${text.join('')}`,
    ...[1, 2].flatMap((n) => [`link set up${n} master ${BOND}`, `link set up${n} up`]),
    `link set ${BOND} up`,
  ];
}

/** A learning switch: ports to the hypervisor, the other switch, a client and, on one of them, the gateway. */
function switchLines(n: 1 | 2, { switchVlans, gateway, lacp }: LabOptions): string[] {
  const aware = switchVlans ? ' vlan_filtering 1' : '';
  const client = n === 1 ? 'client2' : 'client';
  const lines = [
    `link add name fabric type bridge stp_state 0 mcast_snooping 0 ageing_time 30000${aware}`,
    `link add p-hv type veth peer name up${n} address 02:00:00:00:0b:0${n} netns ${HYPERVISOR}`,
    `link add p-client type veth peer name eth0 address ${CLIENTS[client]?.mac ?? ''} netns ${client}`,
  ];
  if (lacp) lines.push(...lagLines(n, lacp));
  if (n === 1) lines.push('link add p-isl type veth peer name p-isl netns sw2');
  if (gateway?.behind === n) lines.push('link add p-gw type veth peer name eth0 address 02:00:00:00:0a:01 netns gw');
  const ports = portsOf(n, gateway);
  for (const port of ports)
    lines.push(`link set ${lacp && port === 'p-hv' ? 'lag' : port} master fabric`, `link set ${port} up`);
  return [...lines, 'link set fabric up'];
}

/** The port to the hypervisor is the only one of a bond that speaks LACP. A pair of switches has one name and one key. */
function lagLines(n: 1 | 2, lacp: LabOptions['lacp']): string[] {
  const system = `02:00:00:00:0d:0${lacp === 'one switch' ? 1 : n}`;
  return [
    `link add lag type bond mode 802.3ad miimon 100 lacp_rate fast ad_actor_system ${system} ad_user_port_key 7`,
    'link set p-hv master lag',
    'link set lag up',
  ];
}

function switchVlanLines(n: 1 | 2, { switchVlans, gateway, lacp }: LabOptions): string[] {
  return portsOf(n, gateway).flatMap((port) =>
    (switchVlans ?? []).map((vid) => `vlan add dev ${lacp && port === 'p-hv' ? 'lag' : port} vid ${vid}`),
  );
}

function portsOf(n: 1 | 2, gateway: LabOptions['gateway']): string[] {
  return ['p-hv', 'p-client', 'p-isl', ...(gateway?.behind === n ? ['p-gw'] : [])];
}

/** A guest has an address to receive at, and no route, so that not even an error message of its kernel gets out. */
function guestLines(device: string, address: string): string[] {
  return address === '' ? [`link set ${device} up`] : [`addr add ${address}/32 dev ${device}`, `link set ${device} up`];
}
