/** IEEE 802.1Q: VLAN identifiers have 12 bits. */
const VIDS = 4096;

/** Some VLANs of all that there can be: a bit each, so that a guest in all of them costs as much as one in a few. */
export class VlanSet {
  private readonly words = new Uint32Array(VIDS / 32);
  private count = 0;

  /** @param others those that it has from the beginning */
  constructor(others?: VlanSet) {
    if (!others) return;
    this.words.set(others.words);
    this.count = others.count;
  }

  get size(): number {
    return this.count;
  }

  has(vid: number): boolean {
    return ((this.words[vid >> 5] ?? 0) & (1 << (vid & 31))) !== 0;
  }

  /** Adds a VLAN. @param vid 0 to 4095; others are none */
  add(vid: number): void {
    if (vid < 0 || vid >= VIDS || this.has(vid)) return;
    this.words[vid >> 5] = (this.words[vid >> 5] ?? 0) | (1 << (vid & 31));
    this.count++;
  }

  /** @returns whether it had that VLAN */
  delete(vid: number): boolean {
    if (!this.has(vid)) return false;
    this.words[vid >> 5] = (this.words[vid >> 5] ?? 0) & ~(1 << (vid & 31));
    this.count--;
    return true;
  }

  /** In ascending order. */
  *[Symbol.iterator](): Generator<number> {
    for (let vid = 0; vid < VIDS; vid++) if (this.has(vid)) yield vid;
  }
}
