import { readFileSync } from 'node:fs';
import { CLIENTS } from '../lab/net/clients.js';
import { ip } from '../lab/net/ip.js';
import type { Lab } from '../lab/net/lab.js';
import { inNetns } from '../lab/net/netns.js';
import { Conversation, native } from './native.js';

/** What is sent: whole frames, datagrams or a stream of the sender's own stack. `bytes` of a frame, or of a write. */
export interface Load {
  kind: 'raw' | 'udp' | 'tcp';
  bytes: number;
}

/** One end of a flow: a namespace with one device. */
export interface End {
  netns: string;
  device: string;
  mac: string;
  ip: string;
}

/** The client behind the first switch: the bond sends by it, and no other switch is in the way. */
export function nearClient(subnet: number): End {
  const { mac = '', host = 0 } = CLIENTS['client2'] ?? {};
  return { netns: 'client2', device: 'eth0', mac, ip: `10.77.${subnet}.${host}` };
}

/** Lets two ends, which have no route and ask nobody, speak to each other. */
export async function introduce(one: End, other: End, deviceOfOther = other.device): Promise<void> {
  const tell = (from: End, to: End, device: string): Promise<void> =>
    ip(from.netns, [
      `route replace ${to.ip}/32 dev ${device}`,
      `neigh replace ${to.ip} lladdr ${to.mac} dev ${device} nud permanent`,
    ]);
  await tell(one, other, one.device);
  await tell(other, one, deviceOfOther);
}

/** What one flow gets through compared with another. */
export interface Comparison {
  /** The first flow's rate to the second's. */
  ratio: number;
  /** What the first one gets through a second, undisturbed. */
  rate: number;
}

export type Flow = readonly [from: End, to: End];

/** Two flows that flood in turn. Nothing else moves in the lab, and nothing is time-stamped. */
export class Traffic {
  private constructor(
    private readonly program: Conversation,
    private readonly flows: readonly [Flow, Flow],
  ) {}

  static async start(lab: Lab, flows: readonly [Flow, Flow]): Promise<Traffic> {
    const sinks = new Map(flows.map(([, to]) => [to.ip, to.netns]));
    for (const [address, netns] of sinks) await Conversation.start(lab, native('sink', address), netns);
    const argv = flows.flatMap(([from, to]) => [from.netns, from.device, from.mac, to.mac, from.ip, to.ip]);
    return new Traffic(await Conversation.start(lab, native('flood', ...argv), null), flows);
  }

  /** Floods by both in turn, so often. Rejects if frames are lost on the way: then the rate is the sender's alone. */
  async compare({ kind, bytes }: Load, turns: number): Promise<Comparison> {
    const before = this.arrived();
    const answer = await this.program.ask(`${kind} ${bytes} ${turns}`);
    const [sent = 0, ratio = NaN, rate = NaN] = answer.split(' ').map(Number);
    const arrived = this.arrived() - before;
    if (kind !== 'tcp' && arrived < sent * 0.999) throw new Error(`of ${sent} frames ${arrived} arrived`);
    return { ratio, rate };
  }

  private arrived(): number {
    const devices = new Map(this.flows.map(([, to]) => [`${to.netns}/${to.device}`, to]));
    return [...devices.values()].reduce((sum, end) => sum + framesThatCame(end), 0);
  }
}

/** How many frames a device has got so far. */
function framesThatCame({ netns, device }: End): number {
  const text = inNetns(netns, () => readFileSync('/proc/thread-self/net/dev', 'utf8'));
  return Number(new RegExp(`^\\s*${device}:\\s*\\d+\\s+(\\d+)`, 'm').exec(text)?.[1]);
}
