import { BondheraldError, oneLine } from '../errors.js';
import type { HostState } from '../guests/host-state.js';
import { fdbReplaceRequest } from '../kernel/requests.js';
import { encodeRarp } from '../frames/arp.js';
import type { Mac } from '../addr/mac.js';
import { LruMap } from '../lru-map.js';
import { isOvsBond } from '../topology/bond-id.js';
import type { OpenSender } from '../wire/first-round.js';
import { sendNow } from '../wire/slice-port.js';
import type { Tools } from './surroundings.js';

/** A MAC is announced again after so many seconds at the earliest: where our own frames come back, each would cause the next. */
const APART = 0.1;

const MAX_ANNOUNCED = 4096;

/**
 * Undoes what a reflection does: puts the guest's row back into the bridge, which would drop the guest's frames
 * otherwise, and announces the guest again, because the switches on the way have learned the wrong port as well.
 */
export class FdbRestore {
  /** When each MAC was announced last. Bounded by MAX_ANNOUNCED. */
  private readonly announced = new LruMap<Mac, number>(MAX_ANNOUNCED);

  constructor(
    private readonly host: HostState,
    private readonly tools: Tools,
    private readonly request: (bytes: Uint8Array) => void,
    private readonly openSender: OpenSender,
  ) {}

  /** Puts back what was reflected since the last call. A frame that only came back by the same link has misled no switch. */
  restore(): void {
    const all = this.host.takeReflected();
    for (const { row, fixed } of all) this.request(fdbReplaceRequest(row.device, row.mac, row.vlan, fixed));
    const rows = all.flatMap(({ row, misledSwitches }) => (misledSwitches ? [row] : []));
    for (const mac of new Set(rows.map((row) => row.mac))) this.announceNow(mac);
    if (rows.length > 0)
      this.tools.log.info('restored bridge entries after frames were reflected by the switches', { rows: rows.length });
  }

  private announceNow(mac: Mac): void {
    const now = this.tools.clock.monotonic();
    if (now - (this.announced.get(mac) ?? -Infinity) < APART) return;
    this.announced.set(mac, now);
    this.announce(mac);
  }

  private announce(mac: Mac): void {
    for (const verdict of this.host.verdicts(mac)) {
      if (verdict.suppressed !== null || isOvsBond(verdict.bond)) continue; // by a bond of Open vSwitch the next round does
      const bond = this.host.topology.link(verdict.bond)?.name ?? '';
      try {
        const { sent } = sendNow(this.openSender, verdict.bond, encodeRarp(mac, verdict.tags));
        this.tools.metrics.count('bondherald_frames_sent_total', { bond, kind: 'rarp' }, sent);
      } catch (error) {
        if (!(error instanceof BondheraldError)) throw error;
        this.tools.log.warn('cannot announce a guest again after a reflection', { bond, reason: oneLine(error) });
      }
    }
  }
}
