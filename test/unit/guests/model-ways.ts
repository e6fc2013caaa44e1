/** The model's rule on who leaves by several bonds. */
import type { ModelBook } from './model-book.js';
import type { Way } from './model-host.js';

interface Candidate {
  readonly way: Way;
  readonly port: string;
}

interface Knowing {
  readonly book: ModelBook;
  readonly interfaces: readonly { readonly target: string }[];
  readonly isVouched: (mac: string, way: Way) => boolean;
}

const bondOf = (way: Way): string => way.split('/')[0] ?? way;

/**
 * Whether the MAC last left by another bond and port, for which libvirt vouches if it does not for this one, and the other
 * way round; and where it vouches for this one, the other port is none of its guests'.
 * @param sorted those that count most stand first
 */
export function leavesByAnother(
  mac: string,
  { way, port }: Candidate,
  sorted: readonly Candidate[],
  model: Knowing,
): boolean {
  const vouched = model.isVouched(mac, way);
  const others = [...new Set(sorted.map((each) => each.way))].filter((other) => bondOf(other) !== bondOf(way));
  return others.some((other) => {
    const at = sorted.find((each) => each.way === other)?.port;
    const isGuests = model.interfaces.some(({ target }) => target === at);
    if (at === port || model.isVouched(mac, other) === vouched || (vouched && isGuests)) return false;
    return model.book.lastProof(mac, other) > model.book.lastProofBy(mac, bondOf(way));
  });
}
