import type { BondId, Exit } from '../topology/bond-id.js';
import type { HeardExit } from './heard-book.js';

/** One of the ways by which a MAC may leave this host. */
interface Way {
  readonly verdict: Exit & { readonly device: number | null };
  /** Whether a source knows of itself that the MAC leaves so; and whether that one cannot be wrong. */
  readonly vouched: boolean;
  readonly certain: boolean;
}

/** The ways of a MAC by one bond and port of this host. */
interface Side extends Pick<Way, 'vouched'> {
  readonly bond: BondId;
  readonly device: number | null;
  /** When a frame last left by one of them that the station itself must have sent. */
  readonly proof: number;
}

/**
 * The ways of a MAC that has some by several bonds: a guest that bonds two of its interfaces uses the MAC of the one at the
 * other, where no source expects it. Announced by the way that it does not use, it would get nothing any more.
 */
export class OtherWays {
  private readonly sides = new Map<string, Side>();
  private readonly lastBy = new Map<BondId, number>();

  /**
   * @param all by the keys of their exits @param heard at which exits the MAC was heard @param proofs of those, by their keys
   * @param domainAt the guest that libvirt has at a device
   */
  constructor(
    all: Iterable<readonly [string, Way]>,
    heard: readonly HeardExit[],
    proofs: ReadonlyMap<string, number>,
    private readonly domainAt: (device: number | null) => string | null,
  ) {
    for (const { bond, proof } of heard) this.lastBy.set(bond, Math.max(proof, this.lastBy.get(bond) ?? proof));
    for (const [key, { verdict, vouched }] of all) {
      const { bond, device } = verdict;
      const side = `${bond} ${device} ${vouched}`;
      const proof = Math.max(proofs.get(key) ?? -Infinity, this.sides.get(side)?.proof ?? -Infinity);
      this.sides.set(side, { bond, device, vouched, proof });
    }
  }

  /**
   * Whether the MAC was last heard leaving by another bond and port than by this way, whatever libvirt says of this one.
   * Where libvirt has another guest at that port it is a forgery; and where libvirt vouches for both ways, or for neither,
   * the guest may have them both.
   */
  takes({ verdict: { bond, device }, vouched, certain }: Way): boolean {
    if (certain) return false;
    const here = this.lastBy.get(bond) ?? -Infinity;
    const isAnothers = (other: number | null): boolean => ![null, this.domainAt(device)].includes(this.domainAt(other));
    const isOther = (side: Side): boolean =>
      side.bond !== bond && side.device !== device && side.vouched !== vouched && side.proof > here;
    return [...this.sides.values()].some((side) => isOther(side) && (side.vouched || !isAnothers(side.device)));
  }
}
