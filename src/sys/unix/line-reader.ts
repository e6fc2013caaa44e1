const NEWLINE = 0x0a;

/** Collects bytes up to the first newline; what comes behind it is passed over. Holds little more than `limit` bytes. */
export class LineReader {
  private readonly parts: Buffer[] = [];
  private length = 0;

  constructor(private readonly limit: number) {}

  /** @returns the line, or what there is of it once it is longer than `limit`; null while there is more to come */
  add(bytes: Buffer): Buffer | null {
    const end = bytes.indexOf(NEWLINE);
    const part = end < 0 ? bytes : bytes.subarray(0, end);
    this.parts.push(part);
    this.length += part.length;
    return end < 0 && this.length <= this.limit ? null : Buffer.concat(this.parts);
  }
}
