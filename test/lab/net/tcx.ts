import * as libc from '../../../src/sys/libc.js';
import { BPF_SYSCALL } from '../../../src/sys/bpf.js';
import { BOND, HYPERVISOR } from './hypervisor.js';
import type { Lab } from './lab.js';
import { inNetns } from './netns.js';
import { deviceIndex } from './sockets.js';

// linux/bpf.h
const BPF_PROG_LOAD = 5;
const BPF_PROG_ATTACH = 8;
const BPF_PROG_DETACH = 9;
const BPF_PROG_TYPE_SCHED_CLS = 3;
const BPF_TCX_EGRESS = 47;

/** What a program may answer (TCX_* of linux/bpf.h). */
export const TCX_NEXT = -1;
export const TCX_PASS = 0;

function bpf(command: number, attributes: Uint8Array): number {
  return libc.syscall(BPF_SYSCALL ?? NaN, command, attributes, attributes.length);
}

/** One of eBPF: struct bpf_insn. */
function instruction(code: number, registers = 0, offset = 0, immediate = 0): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt8(code, 0);
  bytes.writeUInt8(registers, 1);
  bytes.writeInt16LE(offset, 2);
  bytes.writeInt32LE(immediate, 4);
  return bytes;
}

const answers = (answer: number): Buffer[] => [instruction(0xb7, 0, 0, answer), instruction(0x95)];

/** Whose frames a program answers; of all others tc is asked. */
export type Kept = 'all' | 'all but ARP' | { readonly from: string };

function programOf(answer: number, kept: Kept): Buffer[] {
  if (kept === 'all') return answers(answer);
  const skip = answers(TCX_NEXT).length;
  if (kept === 'all but ARP')
    return [
      instruction(0x61, 0x12, 16), // r2 = skb->protocol
      instruction(0x55, 0x02, skip, 0x0608), // if it is ARP, in network byte order
      ...answers(TCX_NEXT),
      ...answers(answer),
    ];
  return [
    instruction(0xbf, 0x16), // r6 = skb
    instruction(0x20, 0, 0, SOURCE_END), // r0 = the four bytes at ...
    instruction(0x15, 0, skip, parseInt(kept.from.replaceAll(':', '').slice(-8), 16) | 0),
    ...answers(TCX_NEXT),
    ...answers(answer),
  ];
}

/** Where the last four bytes of the source address are. */
const SOURCE_END = 8;

/** @returns the descriptor of a program */
function load(program: readonly Buffer[]): number {
  const instructions = Buffer.concat(program);
  const license = Buffer.from('GPL\0');
  const attributes = Buffer.alloc(72);
  attributes.writeUInt32LE(BPF_PROG_TYPE_SCHED_CLS, 0);
  attributes.writeUInt32LE(instructions.length / 8, 4);
  attributes.writeBigUInt64LE(libc.addressOf(instructions), 8);
  attributes.writeBigUInt64LE(libc.addressOf(license), 16);
  return libc.check(bpf(BPF_PROG_LOAD, attributes), 'bpf', 'loading a program');
}

/**
 * Puts a program of a few instructions at the bond's egress, where Cilium and Calico put theirs: it gives every frame the
 * same answer, or some of them.
 * @returns what takes it away; or the symbolic errno: EINVAL from a kernel without tcx
 */
export function attachTcx(lab: Lab, answer: number, kept: Kept = 'all'): (() => void) | string {
  const program = load(programOf(answer, kept));
  lab.onDestroy(() => libc.close(program));
  const attributes = Buffer.alloc(32);
  attributes.writeUInt32LE(deviceIndex(HYPERVISOR, BOND), 0);
  attributes.writeUInt32LE(program, 4);
  attributes.writeUInt32LE(BPF_TCX_EGRESS, 8);
  const act = (command: number): string | null =>
    inNetns(HYPERVISOR, () => (bpf(command, attributes) < 0 ? libc.lastErrno() : null));
  const errno = act(BPF_PROG_ATTACH);
  return errno ?? (() => void libc.check(act(BPF_PROG_DETACH) === null ? 0 : -1, 'bpf', 'detaching a program'));
}
