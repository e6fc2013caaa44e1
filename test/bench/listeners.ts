import { snoopFilter } from '../../src/kernel/bpf/snoop-filter.js';
import { assemble, encodeProgram, type Instruction, pass } from '../../src/kernel/bpf/assembler.js';
import { OWN_FRAMES_MARK } from '../../src/sys/packets/packet-sender.js';
import { ip, runBatches } from '../lab/net/ip.js';
import type { Lab } from '../lab/net/lab.js';
import { cheaperFilter } from './cheaper-filter.js';
import { Conversation, native } from './native.js';

/** A way of hearing what leaves by the bond and what comes in. */
export interface Listener {
  name: string;
  on(): Promise<unknown>;
  off(): Promise<unknown>;
}

const MIRROR = 'snoop0';
type Direction = 'egress' | 'ingress';

/** The ways that are compared, in a hypervisor, none of them on. The first is to listen not at all. */
export async function listeners(lab: Lab, netns: string): Promise<Listener[]> {
  const program = await Conversation.start(lab, native('listen', 'bond0'), netns);
  const runTc = (lines: readonly string[]): Promise<void> => runBatches([{ tool: 'tc', netns, lines }]);
  await ip(netns, [`link add ${MIRROR} type dummy`, `link set ${MIRROR} up arp off`]);
  const filter = snoopFilter(OWN_FRAMES_MARK);
  const hear = (kind: string, code: readonly Instruction[]): Promise<string> =>
    program.ask(`${kind} ${Buffer.from(encodeProgram(code)).toString('hex')}`);
  const deaf = (): Promise<string> => program.ask('');
  const noTc = (): Promise<void> => runTc(['qdisc del dev bond0 clsact']);
  const socket = (name: string, code: readonly Instruction[]): Listener => ({
    name,
    on: () => hear('both', code),
    off: deaf,
  });
  const tc = (name: string, lines: (direction: Direction) => string[]): Listener => ({
    name,
    on: () => runTc(['qdisc add dev bond0 clsact', ...lines('egress'), ...lines('ingress')]),
    off: noTc,
  });
  const nothing = (): Promise<void> => Promise.resolve();
  return [
    { name: 'nobody listens', on: nothing, off: nothing },
    socket('packet socket, the daemon’s filter', filter),
    socket('packet socket, a shorter way through the filter', cheaperFilter(OWN_FRAMES_MARK)),
    socket('packet socket that lets nothing pass', assemble([pass(0)])),
    tc('tc both ways, the daemon’s filter as cls_bpf', (direction) => [bpfFilter(direction, filter)]),
    tc('tc both ways, matchall and u32', protocolFilters),
    {
      name: 'tc out, matchall and u32; packet socket in',
      on: () =>
        runTc(['qdisc add dev bond0 clsact', ...protocolFilters('egress')]).then(() => hear('incoming', filter)),
      off: () => noTc().then(deaf),
    },
  ];
}

function add(direction: Direction, pref: number, protocol: string, match: string): string {
  const action = `action mirred ${direction} mirror dev ${MIRROR}`;
  return `filter add dev bond0 ${direction} protocol ${protocol} pref ${pref} ${match} ${action}`;
}

function bpfFilter(direction: Direction, filter: readonly Instruction[]): string {
  const code = filter.map(({ code, jt, jf, k }) => `${code} ${jt} ${jf} ${k}`);
  return add(direction, 1, 'all', `bpf bytecode "${code.length},${code.join(',')}"`);
}

const DHCP = 'match u8 17 0xff at 9 match u16 67 0xffff at 22';
/** Router Solicitation to Neighbor Advertisement, 133 to 136, and 132. */
const ND = ['match u8 58 0xff at 6 match u8 0x84 0xfc at 40', 'match u8 58 0xff at 6 match u8 136 0xff at 40'];
/** The EtherType stands before the network header; the outermost tag is in the frame's metadata. */
const etherType = (type: string): string => `match u16 ${type} 0xffff at -2`;
/** And behind one more tag. */
const innerType = (type: string): string => `${etherType('0x8100')} match u16 ${type} 0xffff at 2`;

/** ARP, RARP, DHCP and Neighbor Discovery, untagged, tagged, and (only ARP and RARP here) tagged twice. */
function protocolFilters(direction: Direction): string[] {
  const tagged = [
    ...[etherType('0x0806'), etherType('0x8035'), `${etherType('0x0800')} ${DHCP}`],
    ...ND.map((match) => `${etherType('0x86dd')} ${match}`),
    ...[innerType('0x0806'), innerType('0x8035')],
  ];
  return [
    add(direction, 1, 'arp', 'matchall'),
    add(direction, 2, '0x8035', 'matchall'),
    add(direction, 3, 'ip', `u32 ${DHCP}`),
    ...ND.map((match) => add(direction, 4, 'ipv6', `u32 ${match}`)),
    ...tagged.map((match) => add(direction, 5, '802.1Q', `u32 ${match}`)),
    ...tagged.map((match) => add(direction, 6, '802.1ad', `u32 ${match}`)),
  ];
}
