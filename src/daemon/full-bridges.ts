import { isFull } from '../doctor/bridges.js';
import { guestBridges } from '../host/doctor/bridges.js';
import { NLM_F_REQUEST } from '../kernel/constants.js';
import { getLinkByIndexRequest } from '../kernel/requests.js';
import type { Topology } from '../topology/topology.js';
import type { Tools } from './surroundings.js';

/** No answer to one of these requests is waited for: it is a message about the link like any other. */
const SEQ = 0xfffffffc;

/** A table that was full has room again when this much of it is in use: what leaves a full one is soon replaced. */
const ROOM_AGAIN = 0.9;

/**
 * Watches the bridges that may learn a limited number of MACs (fdb_max_learned, Linux 6.7). The kernel tells nobody of a
 * MAC that had no room, nor how many there are: a bridge with a limit is asked. Holds one entry a full bridge.
 */
export class FullBridges {
  private full = new Set<number>();

  /** @param send hands a request to the kernel, whose answer changes `topology` */
  constructor(
    private readonly topology: Topology,
    private readonly log: Pick<Tools['log'], 'info' | 'warn'>,
    private readonly send: (request: Uint8Array) => void,
  ) {}

  /** To be called each second: looks at the answers to the last call, and asks again. */
  look(): void {
    const limited = this.limited();
    this.full = new Set([...this.full].filter((ifindex) => limited.includes(ifindex)));
    for (const ifindex of limited) {
      this.compare(ifindex);
      this.send(getLinkByIndexRequest(ifindex, SEQ, NLM_F_REQUEST));
    }
  }

  private limited(): readonly number[] {
    const { topology } = this;
    return topology.memo('limited bridges', () =>
      guestBridges(topology).flatMap(({ bridge: { ifindex, details } }) =>
        details.type === 'bridge' && details.maxLearned !== undefined ? [ifindex] : [],
      ),
    );
  }

  private compare(ifindex: number): void {
    const link = this.topology.link(ifindex);
    if (link?.details.type !== 'bridge') return;
    const { name: bridge, details } = link;
    if (details.learned === undefined || details.maxLearned === undefined) return;
    const { learned, maxLearned: limit } = details;
    if (!this.full.has(ifindex) && isFull(learned, limit)) {
      this.full.add(ifindex);
      const fields = { bridge, learned, limit };
      this.log.warn('a bridge has no room for more MACs: guests that it has not learned stay unknown', fields);
    } else if (this.full.has(ifindex) && learned < ROOM_AGAIN * limit) {
      this.full.delete(ifindex);
      this.log.info('a bridge has room for more MACs again', { bridge, learned, limit });
    }
  }
}
