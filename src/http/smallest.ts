/** The smallest of many texts, each once, in their order. Bounded by how many are wanted. */
export class Smallest<Text extends string> {
  private readonly held: Text[] = [];

  /** @param most so many are kept */
  constructor(private readonly most: number) {}

  add(text: Text): void {
    const last = this.held.at(-1);
    if (this.held.length === this.most && last !== undefined && text >= last) return;
    let [from, to] = [0, this.held.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.held[middle] ?? '') < text) from = middle + 1;
      else to = middle;
    }
    if (this.held[from] === text) return;
    this.held.splice(from, 0, text);
    if (this.held.length > this.most) this.held.pop();
  }

  get inOrder(): readonly Text[] {
    return this.held;
  }
}
