import type { GuestSnapshot, Snapshot } from '../guests/snapshot.js';

/** The form that is written, and the only one that is read. */
export const VERSION = 2;

/** No file beyond this is written or read: four times what 65,536 guests take. */
export const MAX_BYTES = 64 * 1024 * 1024;

/** The kernel has no more devices of one kind than that on any host we know. */
export const MAX_BONDS = 4096;

/** As many MAC addresses as the table may hold, and then some. */
export const MAX_GUESTS = 262_144;

/** What is written beside the snapshot. */
interface Origin {
  /** /proc/sys/kernel/random/boot_id: devices' indexes and monotonic times mean something within one boot only. */
  readonly bootId: string;
  /** Unix time in seconds, for people. */
  readonly savedAt: number;
}

/** A snapshot as it is read back. */
export interface SavedState extends Pick<Origin, 'savedAt'>, Pick<Snapshot, 'bonds'> {
  readonly guests: readonly GuestSnapshot[];
}

/**
 * The document, piece by piece: its head, one guest a piece and a line, its end. Guests beyond the bounds are left out.
 *
 *     {"version":2,"bootId":"...","savedAt":1700000000,"bonds":[{"ifindex":4,"name":"bond0","activeSlave":{...}}],"guests":[
 *     {"mac":"52:54:00:00:00:01","places":[{"source":"fdb","device":{...},"bridge":{...},"vlan":null,"lastSeen":12.5}],
 *      "heard":[{"bond":{...},"tags":[],"out":12.5,"proof":12.5,"in":null,...,"addresses":[["192.0.2.1",12.5]]}]}
 *     ]}
 */
export function* encodeState({ bootId, savedAt }: Origin, { bonds, guests }: Snapshot): Generator<string> {
  const head = JSON.stringify({ version: VERSION, bootId, savedAt, bonds: bonds.slice(0, MAX_BONDS), guests: [] });
  const end = '\n]}\n';
  let room = MAX_BYTES - Buffer.byteLength(head) - end.length;
  let count = 0;
  yield head.slice(0, -2);
  for (const { mac, places, heard } of guests) {
    const line = `${count === 0 ? '' : ','}\n${JSON.stringify({ mac, places, heard })}`;
    room -= Buffer.byteLength(line);
    if (room < 0 || ++count > MAX_GUESTS) break;
    yield line;
  }
  yield end;
}
