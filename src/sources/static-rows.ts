import type { Mac } from '../addr/mac.js';
import type { Sighting } from './sighting.js';
import { VlanSet } from './vlan-set.js';

/**
 * A port may have static rows of a MAC in so many VLANs: an operator has named these. `bridge fdb append MAC dev PORT
 * master static` makes one in every VLAN of the port (net/bridge/br_fdb.c:br_fdb_add), 4,094 on a trunk, and more than
 * these say nothing of where the guest speaks.
 */
export const MAX_STATIC_VLANS = 16;

/** Rows of one MAC on one port of a bridge, held as one. */
interface Fold {
  readonly row: Sighting;
  readonly vlans: VlanSet;
  /** While a dump is read: those that it has not repeated yet. */
  unconfirmed: VlanSet | null;
}

/**
 * Static rows of MACs in more VLANs of a port than MAX_STATIC_VLANS, held as one sighting each (`vlans`), until the last of
 * them goes: what a row costs is a bit. Bounded by the MACs that the table holds, and their ports.
 */
export class StaticRows {
  private readonly folds = new Map<Mac, Fold[]>();

  /** How many MACs have such rows. */
  get size(): number {
    return this.folds.size;
  }

  /** The sightings that stand for rows of a MAC. */
  of(mac: Mac): readonly Sighting[] {
    return this.folds.size === 0 ? [] : (this.folds.get(mac) ?? []).map(({ row }) => row);
  }

  /** Whether a MAC has such rows on the port of a sighting. */
  has(sighting: Sighting): boolean {
    return this.at(sighting) !== undefined;
  }

  /** The row of a MAC in a VLAN of a bridge, as it would be held alone. */
  held({ source, mac, bridge, vlan }: Sighting): Sighting | undefined {
    if (this.folds.size === 0 || vlan === null || source !== 'fdb') return undefined;
    const fold = this.folds.get(mac)?.find(({ row, vlans }) => row.bridge === bridge && vlans.has(vlan));
    return fold && { source: 'fdb', mac, device: fold.row.device, bridge, vlan, fixed: true };
  }

  /**
   * Takes in a row of a port of which there are too many: one that is as it was, or a further static one.
   * @param isFree whether the bridge has the MAC nowhere in that VLAN
   * @returns false for any other, which changes nothing
   */
  take(sighting: Sighting, isFree: (sighting: Sighting) => boolean): boolean {
    const fold = this.at(sighting);
    const { vlan, fixed } = sighting;
    if (!fold || vlan === null) return false;
    if (fold.vlans.has(vlan)) fold.unconfirmed?.delete(vlan);
    else if (fixed && isFree(sighting)) fold.vlans.add(vlan);
    else return false;
    return true;
  }

  /**
   * Takes in rows of a MAC on a port, of which there are too many.
   * @param unconfirmed whether the dump that is read has not repeated a row yet
   */
  fold(rows: readonly Sighting[], unconfirmed: (row: Sighting) => boolean): void {
    for (const row of rows) {
      const fold = this.at(row) ?? this.open(row);
      if (row.vlan === null) continue;
      fold.vlans.add(row.vlan);
      if (unconfirmed(row)) (fold.unconfirmed ??= new VlanSet()).add(row.vlan);
    }
  }

  private open({ source, mac, device, bridge }: Sighting): Fold {
    const vlans = new VlanSet();
    const fold: Fold = {
      row: { source, mac, device, bridge, vlan: null, fixed: true, vlans },
      vlans,
      unconfirmed: null,
    };
    this.folds.set(mac, [...(this.folds.get(mac) ?? []), fold]);
    return fold;
  }

  /** A row is not there any more. @param sighting may stand for many: then all go @returns what stood for rows and does not any more */
  remove(sighting: Sighting): Sighting | null {
    const fold = this.at(sighting);
    if (!fold) return null;
    if (sighting.vlans) return this.close(fold);
    if (sighting.vlan === null || !fold.vlans.delete(sighting.vlan)) return null;
    fold.unconfirmed?.delete(sighting.vlan);
    return fold.vlans.size === 0 ? this.close(fold) : null;
  }

  private close(fold: Fold): Sighting {
    const { mac } = fold.row;
    const others = (this.folds.get(mac) ?? []).filter((each) => each !== fold);
    if (others.length > 0) this.folds.set(mac, others);
    else this.folds.delete(mac);
    return fold.row;
  }

  /** Before the bridges are read anew: what they do not repeat is to go with `finishDump`. */
  startDump(): void {
    for (const folds of this.folds.values()) for (const fold of folds) fold.unconfirmed = new VlanSet(fold.vlans);
  }

  /** @returns the sightings that stand for nothing any more */
  finishDump(): Sighting[] {
    const all = [...this.folds.values()].flat();
    return all.flatMap((fold) => {
      for (const vid of fold.unconfirmed ?? []) fold.vlans.delete(vid);
      fold.unconfirmed = null;
      return fold.vlans.size === 0 ? [this.close(fold)] : [];
    });
  }

  private at({ source, mac, bridge, device }: Sighting): Fold | undefined {
    if (this.folds.size === 0 || source !== 'fdb') return undefined;
    return this.folds.get(mac)?.find(({ row }) => row.bridge === bridge && row.device === device);
  }
}
