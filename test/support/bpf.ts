/**
 * Runs classic BPF as the kernel does, for tests: from the paper of McCanne and Jacobson and linux/bpf_common.h,
 * sharing no code with the program's assembler.
 */
export interface Op {
  code: number;
  jt: number;
  jf: number;
  k: number;
}

/** What `tcpdump -ddd` prints: the number of instructions, then code, jt, jf and k on a line each. */
export function parseDdd(text: string): Op[] {
  const [count, ...lines] = text.trim().split('\n');
  if (Number(count) !== lines.length) throw new Error(`${lines.length} instructions instead of ${count}`);
  return lines.map((line) => {
    const [code = NaN, jt = NaN, jf = NaN, k = NaN] = line.split(' ').map(Number);
    return { code, jt, jf, k };
  });
}

/** An array of struct sock_filter of a little-endian machine. */
export function parseProgram(bytes: Uint8Array): Op[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 8 }, (_, i) => ({
    code: view.getUint16(8 * i, true),
    jt: view.getUint8(8 * i + 2),
    jf: view.getUint8(8 * i + 3),
    k: view.getUint32(8 * i + 4, true),
  }));
}

class PastTheEnd extends Error {}

/** Loads from here on ask the kernel for a value beside the packet: SKF_AD_OFF of linux/filter.h. */
const SPECIAL = 0xfffff000;

/** A value beside the packet, or how it follows from A and X. */
type Special = number | ((a: number, x: number) => number);

/** How many bytes of the packet pass. `special` gives the values beside it by their number. */
export function runBpf(program: readonly Op[], packet: Uint8Array, special: Record<number, Special> = {}): number {
  let [a, x] = [0, 0];
  const memory = Array<number>(16).fill(0);
  const bytesAt = (at: number, size: number): number => {
    if (at + size > packet.length) throw new PastTheEnd();
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + (packet[at + i] ?? 0);
    return value;
  };
  const absolute = (k: number, size: number): number => {
    if (k < SPECIAL) return bytesAt(k, size);
    const value = special[k - SPECIAL];
    if (value === undefined) throw new Error(`no special value ${k - SPECIAL}`);
    return typeof value === 'function' ? value(a, x) : value;
  };
  try {
    for (let pc = 0; ; pc++) {
      const op = program[pc];
      if (!op) throw new Error('the program has no end');
      const { code, jt, jf, k } = op;
      const operand = code & 0x08 ? x : k;
      const jumpIf = (condition: boolean): void => void (pc += condition ? jt : jf);
      switch (code & ~(code & 7 & 4 ? 0x08 : 0)) {
        case 0x00:
          a = k;
          break;
        case 0x20:
          a = absolute(k, 4);
          break;
        case 0x28:
          a = absolute(k, 2);
          break;
        case 0x30:
          a = absolute(k, 1);
          break;
        case 0x40:
          a = bytesAt(x + k, 4);
          break;
        case 0x48:
          a = bytesAt(x + k, 2);
          break;
        case 0x50:
          a = bytesAt(x + k, 1);
          break;
        case 0x60:
          a = memory[k] ?? 0;
          break;
        case 0x01:
          x = k;
          break;
        case 0x61:
          x = memory[k] ?? 0;
          break;
        case 0xb1:
          x = 4 * (bytesAt(k, 1) & 0xf);
          break;
        case 0x02:
          memory[k] = a;
          break;
        case 0x03:
          memory[k] = x;
          break;
        case 0x04:
          a = (a + operand) >>> 0;
          break;
        case 0x14:
          a = (a - operand) >>> 0;
          break;
        case 0x44:
          a = (a | operand) >>> 0;
          break;
        case 0x54:
          a = (a & operand) >>> 0;
          break;
        case 0x64:
          a = (a << operand) >>> 0;
          break;
        case 0x74:
          a = a >>> operand;
          break;
        case 0x05:
          pc += k;
          break;
        case 0x15:
          jumpIf(a === operand);
          break;
        case 0x25:
          jumpIf(a > operand);
          break;
        case 0x35:
          jumpIf(a >= operand);
          break;
        case 0x45:
          jumpIf((a & operand) !== 0);
          break;
        case 0x06:
          return k;
        case 0x07:
          x = a;
          break;
        case 0x87:
          a = x;
          break;
        default:
          throw new Error(`instruction 0x${code.toString(16)} is not known here`);
      }
    }
  } catch (error) {
    if (error instanceof PastTheEnd) return 0;
    throw error;
  }
}
