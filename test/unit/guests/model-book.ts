/** The model's memory of frames: who was heard by which way, and whose an address is. */
import type { HeardOf } from './commands.js';
import type { Way } from './model-host.js';

const WINDOW = 2;
const ADDRESSES = 16;

interface Said {
  readonly mac: string;
  readonly way: Way;
  readonly direction: 'in' | 'out';
  /** Whether the station itself must have sent it. */
  readonly proof: boolean;
  readonly at: number;
}

interface Claim {
  readonly mac: string;
  readonly way: Way;
  readonly ip: number;
  readonly at: number;
}

export class ModelBook {
  private heard: Said[] = [];
  /** Those claimed last stand last. */
  private claims: Claim[] = [];
  private failovers: { readonly bond: string; readonly at: number }[] = [];

  hear(said: HeardOf, now: number, known: boolean): void {
    const { mac, bond, tags, direction, proof, claims, confirms, releases, ago } = said;
    if (direction === 'echo') return;
    const at = now - ago;
    const way = [bond, ...tags].join('/');
    const reflected = direction === 'in' && this.hasJustFailedOver(way, at);
    if (!reflected && (known || direction === 'out')) this.heard.push({ mac, way, direction, proof, at });
    for (const ip of claims) {
      const held = this.claims.find((claim) => claim.way === way && claim.ip === ip);
      if (reflected && held?.mac === mac) continue;
      if (held && (held.mac !== mac || direction === 'in')) this.drop(held);
      if (direction === 'out') this.claim(mac, way, ip, at);
    }
    for (const ip of direction === 'out' ? confirms : []) {
      const own = this.claims.find((claim) => claim.way === way && claim.ip === ip && claim.mac === mac);
      if (own) this.claims = [...this.claims.filter((claim) => claim !== own), { ...own, at }];
    }
    for (const ip of releases) {
      const own = this.claims.find((claim) => claim.way === way && claim.ip === ip && claim.mac === mac);
      if (own) this.drop(own);
    }
  }

  private claim(mac: string, way: Way, ip: number, at: number): void {
    const own = this.claims.filter((claim) => claim.mac === mac && claim.way === way);
    const held = own.find((claim) => claim.ip === ip);
    const outgoing = held ?? (own.length >= ADDRESSES ? own[0] : undefined);
    if (outgoing) this.drop(outgoing);
    this.claims.push({ mac, way, ip, at });
  }

  /** What is left after a restart: of these MACs, the last frame each way, and the addresses. */
  saved(macs: ReadonlySet<string>): ModelBook {
    const book = new ModelBook();
    const isLast = (said: Said): boolean =>
      said.at === this.lastHeard(said.mac, said.way, said.direction) ||
      (said.direction === 'out' && said.proof && said.at === this.lastProof(said.mac, said.way));
    book.heard = this.heard.filter((said) => macs.has(said.mac) && isLast(said));
    book.claims = this.claims.filter(({ mac }) => macs.has(mac));
    return book;
  }

  private drop(claim: Claim): void {
    this.claims = this.claims.filter((each) => each !== claim);
  }

  /** What came in by a bond within the window after it failed over is its own guests' frames, unless more came before or after. */
  failOver(bond: string, arrived: number): void {
    this.failovers.push({ bond, at: arrived });
    const isWithin = (at: number): boolean => at >= arrived && at - arrived <= WINDOW;
    const ofBond = this.heard.filter(({ way, direction }) => direction === 'in' && way.split('/')[0] === bond);
    for (const { mac, way } of ofBond) {
      const { since, last } = this.cameIn(mac, way);
      if (!isWithin(since) || !isWithin(last)) continue;
      this.heard = this.heard.filter((said) => said.mac !== mac || said.way !== way || said.direction !== 'in');
    }
  }

  /** When a MAC's frames last came in by a way, and since when without one that proved it here. */
  private cameIn(mac: string, way: Way): { since: number; last: number } {
    let [proof, since, last] = [-Infinity, -Infinity, -Infinity];
    for (const said of this.heard.filter((each) => each.mac === mac && each.way === way)) {
      if (said.direction === 'out') proof = said.proof ? said.at : proof;
      else {
        if (last <= proof) since = said.at;
        last = said.at;
      }
    }
    return { since, last };
  }

  hasJustFailedOver(way: Way, now: number): boolean {
    return this.failovers.some(({ bond, at }) => way.split('/')[0] === bond && now >= at && now - at <= WINDOW);
  }

  lastHeard(mac: string, way: Way, direction: 'in' | 'out'): number {
    const those = this.heard.filter((said) => said.mac === mac && said.way === way && said.direction === direction);
    return Math.max(-Infinity, ...those.map(({ at }) => at));
  }

  /** When a frame last left that the station itself must have sent. */
  lastProof(mac: string, way: Way): number {
    const out = this.heard.filter((said) => said.mac === mac && said.way === way && said.direction === 'out');
    return Math.max(-Infinity, ...out.filter(({ proof }) => proof).map(({ at }) => at));
  }

  /** The same, by any way of a bond. */
  lastProofBy(mac: string, bond: string): number {
    const ways = new Set(this.heard.map(({ way }) => way).filter((way) => way.split('/')[0] === bond));
    return Math.max(-Infinity, ...[...ways].map((way) => this.lastProof(mac, way)));
  }

  /** The ways with more tags than this one by which the MAC was heard leaving: a guest that tags for itself. */
  waysWithin(mac: string, way: Way): Way[] {
    const out = this.heard.filter((said) => said.mac === mac && said.direction === 'out');
    return [...new Set(out.map((said) => said.way))].filter((each) => each.startsWith(`${way}/`));
  }

  /** The addresses that are a MAC's on a way, and when last claimed. */
  addresses(mac: string, way: Way): [number, number][] {
    const own = this.claims.filter((claim) => claim.mac === mac && claim.way === way);
    return own.map(({ ip, at }): [number, number] => [ip, at]).sort(([a], [b]) => a - b);
  }

  ways(): Way[] {
    return [...new Set(this.claims.map(({ way }) => way))];
  }
}
