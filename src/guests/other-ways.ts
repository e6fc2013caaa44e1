import { exitKey } from '../frames/ethernet.js';
import type { Exit } from '../topology/bond-id.js';
import { type HeardExit, lastProof } from './heard-book.js';

/** One of the ways by which a MAC may leave this host. */
interface Way {
  readonly verdict: Exit & { readonly device: number | null };
  /** Whether a source knows of itself that the MAC leaves so; and whether that one cannot be wrong. */
  readonly vouched: boolean;
  readonly certain: boolean;
}

/**
 * Whether a MAC was last heard leaving by another bond and port than by this way: a guest that bonds two of its interfaces
 * uses the MAC of the one at the other, where no source expects it. Announced by the way that it does not use, it would get
 * nothing any more, whatever libvirt says. Where libvirt has another guest at that port it is a forgery; and where libvirt
 * vouches for both ways, or for neither, the guest may have them both.
 * @param domainAt the guest that libvirt has at a device
 */
export function leavesByAnother(
  way: Way,
  all: Iterable<Way>,
  heard: readonly HeardExit[],
  domainAt: (device: number | null) => string | null,
): boolean {
  if (way.certain) return false;
  const { bond, device } = way.verdict;
  const here = lastProof(heard, (exit) => exit.bond === bond);
  const isAnothers = (other: number | null): boolean => ![null, domainAt(device)].includes(domainAt(other));
  return [...all].some(({ verdict: other, vouched }) => {
    if (other.bond === bond || other.device === device || vouched === way.vouched) return false;
    const key = exitKey(other);
    return lastProof(heard, (exit) => exitKey(exit) === key) > here && (vouched || !isAnothers(other.device));
  });
}
