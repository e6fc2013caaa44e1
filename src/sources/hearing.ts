/**
 * How what leaves by a bond is heard: `mirror`, by tc; `socket`, by a packet socket, which costs guests more; `deaf`: not
 * at all. Closed set: it is a label of metrics.
 */
export const HEARING_WAYS = ['mirror', 'socket', 'deaf'] as const;

/** How a bond of the host is heard. */
export interface Hearing {
  readonly how: (typeof HEARING_WAYS)[number];
  /** Why not by a mirror, or why the mirror had to be set up anew; null: there is nothing to say, or a mirror is to come. */
  readonly reason: string | null;
}
