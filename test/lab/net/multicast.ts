import { writeFileSync } from 'node:fs';
import koffi from 'koffi';
import { v6 } from '../../support/say.js';
import { until } from '../../support/until.js';
import type { Guest } from './hypervisor.js';
import { ip, json } from './ip.js';
import type { Lab } from './lab.js';
import { inNetns } from './netns.js';
import { deviceIndex } from './sockets.js';

const libc = koffi.load(null);
const socket = libc.func('int socket(int domain, int type, int protocol)') as (
  d: number,
  t: number,
  p: number,
) => number;
const setsockopt = libc.func('int setsockopt(int fd, int level, int name, const void *v, uint32_t len)') as (
  fd: number,
  level: number,
  name: number,
  value: Buffer,
  length: number,
) => number;
const close = libc.func('int close(int fd)') as (fd: number) => number;

const [SOCK_DGRAM, SOCK_CLOEXEC] = [2, 0o2000000];
const [MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP, MCAST_JOIN_SOURCE_GROUP] = [42, 45, 46];
const FAMILIES = { 4: { family: 2, level: 0 }, 6: { family: 10, level: 41 } } as const;

/** A group that a guest's own kernel is in until it leaves; with a source, of that source only. */
export class Joined {
  readonly #fd: number;

  constructor(
    private readonly guest: Guest,
    readonly group: string,
    source?: string,
  ) {
    const { family } = this.#kind;
    this.#fd = inNetns(guest.netns, () => socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    this.#set(source === undefined ? MCAST_JOIN_GROUP : MCAST_JOIN_SOURCE_GROUP, group, source);
  }

  leave(): void {
    this.#set(MCAST_LEAVE_GROUP, this.group);
  }

  end(): void {
    close(this.#fd);
  }

  get #kind() {
    return FAMILIES[this.group.includes(':') ? 6 : 4];
  }

  /** struct group_source_req (linux/in.h): the interface in 8 bytes, then addresses in struct sockaddr_storage. */
  #set(option: number, ...addresses: (string | undefined)[]): void {
    const { family, level } = this.#kind;
    const request = Buffer.alloc(8 + 128 * addresses.length);
    request.writeUInt32LE(deviceIndex(this.guest.netns, this.guest.device));
    for (const [n, address] of addresses.entries()) {
      if (address === undefined) continue;
      request.writeUInt16LE(family, 8 + 128 * n);
      if (family === 2) request.set(address.split('.').map(Number), 8 + 128 * n + 4);
      else request.write(v6(address), 8 + 128 * n + 8, 'hex');
    }
    const length = option === MCAST_JOIN_SOURCE_GROUP ? request.length : 8 + 128;
    if (inNetns(this.guest.netns, () => setsockopt(this.#fd, level, option, request, length)) !== 0)
      throw new Error(`${this.guest.name} cannot join or leave ${this.group}: errno ${koffi.errno()}`);
  }
}

/** Has a guest's kernel join a group, until the lab goes. */
export function join(lab: Lab, guest: Guest, group: string, source?: string): Joined {
  const joined = new Joined(guest, group, source);
  lab.onDestroy(() => joined.end());
  return joined;
}

/** Lets a namespace's kernel speak IPv6 on a device, from this address. It looks for no router. */
export async function ipv6On(netns: string, device: string, address: string): Promise<void> {
  const settings = { router_solicitations: '0', disable_ipv6: '0' };
  for (const [name, value] of Object.entries(settings))
    inNetns(netns, () => writeFileSync(`/proc/sys/net/ipv6/conf/${device}/${name}`, value));
  await ip(netns, [`addr add ${address}/64 dev ${device} nodad`]);
}

/** Both switches snoop from now on: from the first question of a querier on they flood no group any more. */
export async function letSwitchesSnoop(): Promise<void> {
  for (const name of ['sw1', 'sw2']) await ip(name, ['link set fabric type bridge mcast_snooping 1']);
}

/** The ports by which a switch sends a group, in all VLANs. */
export async function portsOf(switchName: string, group: string): Promise<string[]> {
  const [all] = (await json('bridge', switchName, 'mdb', 'show')) as { mdb: { grp: string; port: string }[] }[];
  return (all?.mdb ?? []).flatMap(({ grp, port }) => (grp === group ? [port] : [])).sort();
}

/** Waits until a switch sends a group by that port. */
export async function untilSnooped(switchName: string, group: string, port: string): Promise<void> {
  const isThere = async (): Promise<boolean> => (await portsOf(switchName, group)).includes(port);
  await until(isThere, { what: `${switchName} sends ${group} by ${port}`, every: 20 });
}
