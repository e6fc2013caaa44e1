import type { OvsConfig } from '../sources/ovs/config.js';

import { OVERLAY_INDEXES, overlayIndex } from '../topology/bond-id.js';

/**
 * Ifindexes of the overlay for rows of the database, made from their UUIDs alone, so that they are the same
 * after a restart. Of two rows that would have the same, which takes a few ten thousand rows to happen, the one with
 * the greater UUID has the next that is free. Holds one entry a row of the configuration.
 */
export class OvsIndexes {
  private readonly byUuid = new Map<string, number>();

  constructor(config: OvsConfig) {
    const taken = new Set<number>();
    for (const uuid of [...new Set(uuidsOf(config))].sort()) {
      let n = hash(uuid) % OVERLAY_INDEXES;
      while (taken.has(n)) n = (n + 1) % OVERLAY_INDEXES;
      taken.add(n);
      this.byUuid.set(uuid, overlayIndex(n));
    }
  }

  /** The ifindex of a row of the configuration; 0, which no device has, for another. */
  of(uuid: string): number {
    return this.byUuid.get(uuid) ?? 0;
  }
}

function uuidsOf({ bridges }: OvsConfig): string[] {
  return bridges.flatMap((bridge) => [
    bridge.uuid,
    ...bridge.ports.flatMap((port) => [port.uuid, ...port.interfaces.map(({ uuid }) => uuid)]),
  ]);
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return value;
}
