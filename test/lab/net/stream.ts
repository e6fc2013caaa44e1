import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { until } from '../../support/until.js';
import type { Guest } from './hypervisor.js';
import type { Lab } from './lab.js';

/** What the stream's thread is told. */
export interface StreamOrder {
  from: string;
  targets: { netns: string; ip: string }[];
  intervalMs: number;
  port: number;
  /** [stop, packets sent, arrivals at guest 0, at guest 1, ...], shared with the thread. */
  control: Int32Array<SharedArrayBuffer>;
}

/** What it gives back: when each packet was sent (ms since 1970), and the numbers of those that arrived, per guest. */
export interface StreamRecord {
  sentAt: number[];
  arrivals: number[][];
}

/** What one guest got. */
export interface GuestRecord {
  guest: Guest;
  /** One entry a packet sent, in order: when (ms since 1970), and whether it arrived. */
  packets: { sentAt: number; arrived: boolean }[];
  /** All gaps, in order, as times of sending: from the first packet lost to the first that arrived after it. */
  outages: { from: number; to: number }[];
  /** The longest of them, in ms; 0 if no packet was lost. One that lasted to the end is measured up to the end. */
  longestOutage: number;
  /** Whether the last packet was lost. */
  darkAtEnd: boolean;
}

export interface StreamOptions {
  /** The namespace it comes from; `client`, behind the second switch, by default. */
  from?: string;
  /** All guests by default. */
  guests?: readonly Guest[];
  /** Time between two packets to the same guest; 5 ms by default. */
  intervalMs?: number;
}

let nextPort = 9000;

/** A one-way stream of numbered packets to guests, which never answer. */
export class Stream {
  readonly #guests: readonly Guest[];
  readonly #intervalMs: number;
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #worker: Worker;
  readonly #record: Promise<StreamRecord>;
  #result: Promise<GuestRecord[]> | undefined;

  private constructor(guests: readonly Guest[], { from = 'client', intervalMs = 5 }: StreamOptions) {
    const unreachable = guests.find((guest) => guest.ip === '');
    if (unreachable) throw new Error(`${unreachable.name} has no address: nobody can reach its VLAN`);
    this.#guests = guests;
    this.#intervalMs = intervalMs;
    this.#control = new Int32Array(new SharedArrayBuffer(4 * (2 + guests.length)));
    const targets = guests.map(({ netns, ip }) => ({ netns, ip }));
    const workerData: StreamOrder = { from, targets, intervalMs, port: nextPort++, control: this.#control };
    this.#worker = new Worker(new URL('./stream-worker.js', import.meta.url), { workerData });
    this.#record = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: 'ready' | StreamRecord) => message !== 'ready' && resolve(message));
      this.#worker.once('error', reject);
    });
    // Whoever asks for the record gets the error; until then it is no unhandled one.
    this.#record.catch(() => {});
  }

  /** Starts it, and resolves when every guest has got a packet: then a gap means an outage. Rejects after 20 s without. */
  static async start(lab: Lab, options: StreamOptions = {}): Promise<Stream> {
    const stream = new Stream(options.guests ?? lab.guests, options);
    lab.onDestroy(() => stream.stop());
    await Promise.race([once(stream.#worker, 'message'), stream.#record]);
    await until(() => stream.#guests.every((guest) => stream.received(guest) > 0), {
      what: 'every guest gets the stream before anything is cut',
    });
    return stream;
  }

  /** How many packets a guest has got so far; up to 20 ms behind. */
  received(guest: Guest): number {
    return Atomics.load(this.#control, 2 + this.#guests.indexOf(guest));
  }

  /** How many packets were sent to each guest so far. */
  get sent(): number {
    return Atomics.load(this.#control, 1);
  }

  /** Waits until each guest has got that many further packets. Rejects when the time (ms) is up. */
  async arrivesAgain(packets = 20, { timeout = 20_000, guests = this.#guests } = {}): Promise<void> {
    const before = guests.map((guest) => this.received(guest));
    const all = (): boolean => guests.every((guest, index) => this.received(guest) >= (before[index] ?? 0) + packets);
    await until(all, { what: `${packets} more packets for every guest`, timeout });
  }

  /** Waits until that many further packets were sent, arrived or not. */
  async goesOn(packets: number): Promise<void> {
    const goal = this.sent + packets;
    await until(() => this.sent >= goal, { what: `${packets} more packets sent`, timeout: 60_000 });
  }

  /** Ends it and resolves with what each guest got, in the order of the guests; again and again the same. */
  stop(): Promise<GuestRecord[]> {
    this.#result ??= this.#finish();
    return this.#result;
  }

  async #finish(): Promise<GuestRecord[]> {
    Atomics.store(this.#control, 0, 1);
    Atomics.notify(this.#control, 0);
    const { sentAt, arrivals } = await this.#record;
    await this.#worker.terminate();
    return this.#guests.map((guest, index) => guestRecord(guest, sentAt, arrivals[index] ?? [], this.#intervalMs));
  }
}

/** What one guest got, from when packets were sent and which arrived. */
export function guestRecord(guest: Guest, sentAt: number[], arrivals: number[], intervalMs: number): GuestRecord {
  const arrived = new Set(arrivals);
  const packets = sentAt.map((time, seq) => ({ sentAt: time, arrived: arrived.has(seq) }));
  const outages: GuestRecord['outages'] = [];
  let from: number | null = null;
  for (const packet of packets) {
    if (!packet.arrived) from ??= packet.sentAt;
    else if (from !== null) {
      outages.push({ from, to: packet.sentAt });
      from = null;
    }
  }
  if (from !== null) outages.push({ from, to: (packets.at(-1)?.sentAt ?? from) + intervalMs });
  const longestOutage = Math.max(0, ...outages.map((outage) => outage.to - outage.from));
  return { guest, packets, outages, longestOutage, darkAtEnd: from !== null };
}
