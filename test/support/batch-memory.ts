/**
 * Reads what sendmmsg(2) would: struct mmsghdr -> struct iovec -> bytes, by addresses, as laid out on 64-bit Linux
 * (bits/socket.h, bits/types/struct_iovec.h). Shares nothing with the code that writes them.
 */
import koffi from 'koffi';

/** Where a stretch of memory lies, for pointers into it. */
export class AddressSpace {
  private readonly base: bigint;
  private readonly view: DataView;

  constructor(readonly memory: SharedArrayBuffer) {
    this.base = koffi.address(new Uint8Array(memory));
    this.view = new DataView(memory);
  }

  /** The frames of `count` messages from the address on. Throws when a pointer or length leads out of the memory. */
  frames(messages: bigint, count: number): Uint8Array[] {
    return Array.from({ length: count }, (_, i) => this.frame(messages + BigInt(i * 64)));
  }

  private frame(message: bigint): Uint8Array {
    const header = this.within(message, 64n);
    if (header % 8 !== 0) throw new Error('a struct mmsghdr is not aligned');
    const [name, nameLength, iov, iovLength, control, controlLength, flags] = [
      this.u64(header),
      this.view.getUint32(header + 8, true),
      this.u64(header + 16),
      this.u64(header + 24),
      this.u64(header + 32),
      this.u64(header + 40),
      this.view.getInt32(header + 48, true),
    ];
    if (name !== 0n || nameLength !== 0 || control !== 0n || controlLength !== 0n || flags !== 0) {
      throw new Error('a struct msghdr has more than a payload');
    }
    if (iovLength !== 1n) throw new Error(`${iovLength} pieces instead of one`);
    const iovec = this.within(iov, 16n);
    const length = this.u64(iovec + 8);
    const start = this.within(this.u64(iovec), length);
    return Uint8Array.from(new Uint8Array(this.memory, start, Number(length)));
  }

  private u64(at: number): bigint {
    return this.view.getBigUint64(at, true);
  }

  /** The offset of an address, with `length` bytes after it. */
  private within(address: bigint, length: bigint): number {
    const offset = address - this.base;
    if (offset < 64n || offset + length > BigInt(this.memory.byteLength)) throw new Error('a pointer leads outside');
    return Number(offset);
  }
}
