/*
 * Classic BPF, the kernel's language for socket filters (Documentation/networking/filter.rst). A program is a list of
 * instructions over an accumulator A, an index X and the bytes of a packet; it ends with the number of bytes that pass.
 *
 *    struct sock_filter, host byte order:   0 code u16   2 jt u8   3 jf u8   4 k u32
 *
 * jt and jf are how many instructions a jump skips when its condition holds and when it does not.
 */
const INSTRUCTION_BYTES = 8;

/** A line of a program: a label, or an instruction. The target of a jump is a label; none means the next line. */
export type Line =
  | { readonly label: string }
  | { readonly code: number; readonly k: number; readonly yes?: string; readonly no?: string };

/** A struct sock_filter. */
export interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** Where the jump of a program goes, by the outcome of its condition. */
interface Targets {
  readonly yes?: string;
  readonly no?: string;
}

/** A load beyond the packet ends the program, and nothing passes. */
export const load = {
  /** A = the value of the sk_buff that the kernel has at this special address */
  special: (k: number): Line => ({ code: 0x20, k: (0xfffff000 + k) >>> 0 }),
  /** A = k */
  value: (k: number): Line => ({ code: 0x00, k }),
  /** X = k */
  x: (k: number): Line => ({ code: 0x01, k }),
  /** A = the two bytes at k, which takes less time than X + k */
  halfAt: (k: number): Line => ({ code: 0x28, k }),
  /** A = the byte at k */
  byteAt: (k: number): Line => ({ code: 0x30, k }),
  /** A = the four bytes at X + k */
  word: (k: number): Line => ({ code: 0x40, k }),
  /** A = the two bytes at X + k */
  half: (k: number): Line => ({ code: 0x48, k }),
  /** A = the byte at X + k */
  byte: (k: number): Line => ({ code: 0x50, k }),
  /** A = what was stored at k */
  stored: (k: number): Line => ({ code: 0x60, k }),
};

/** Keeps A at k, of 16 places. */
export const store = (k: number): Line => ({ code: 0x02, k });

export const compute = {
  /** A = A & k */
  and: (k: number): Line => ({ code: 0x54, k }),
  /** A = A << k */
  shiftLeft: (k: number): Line => ({ code: 0x64, k }),
  /** A = A + X */
  addX: (): Line => ({ code: 0x0c, k: 0 }),
  /** X = A */
  toX: (): Line => ({ code: 0x07, k: 0 }),
};

export const jump = {
  /** A === k */
  equal: (k: number, targets: Targets): Line => ({ code: 0x15, k, ...targets }),
  /** A > k */
  greater: (k: number, targets: Targets): Line => ({ code: 0x25, k, ...targets }),
  /** A >= k */
  atLeast: (k: number, targets: Targets): Line => ({ code: 0x35, k, ...targets }),
  /** A & k, any bit of it */
  anyBit: (k: number, targets: Targets): Line => ({ code: 0x45, k, ...targets }),
};

/** Ends the program; so many bytes of the packet pass, 0 for none. */
export const pass = (bytes: number): Line => ({ code: 0x06, k: bytes });
export const label = (name: string): Line => ({ label: name });

/** Resolves the labels. @throws RangeError for a jump that the kernel refuses: back, or over more than 255 instructions */
export function assemble(lines: readonly Line[]): Instruction[] {
  const positions = new Map<string, number>();
  let count = 0;
  for (const line of lines) {
    if ('label' in line) positions.set(line.label, count);
    else count++;
  }
  const instructions = lines.filter((line) => 'code' in line);
  return instructions.map(({ code, k, yes, no }, at) => {
    const distance = (name: string | undefined): number => {
      const target = name === undefined ? at + 1 : positions.get(name);
      const skipped = (target ?? NaN) - at - 1;
      if (!(skipped >= 0 && skipped <= 255)) throw new RangeError(`no jump leads from instruction ${at} to ${name}`);
      return skipped;
    };
    return { code, jt: distance(yes), jf: distance(no), k };
  });
}

/** The bytes of a program as an array of struct sock_filter. */
export function encodeProgram(instructions: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(instructions.length * INSTRUCTION_BYTES);
  instructions.forEach(({ code, jt, jf, k }, i) => {
    new Uint16Array(bytes.buffer, i * INSTRUCTION_BYTES, 1)[0] = code;
    bytes.set([jt, jf], i * INSTRUCTION_BYTES + 2);
    new Uint32Array(bytes.buffer, i * INSTRUCTION_BYTES + 4, 1)[0] = k;
  });
  return bytes;
}
