import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { until } from '../../support/until.js';
import type { Lab } from './lab.js';
import { inNetns } from './netns.js';
import { FrameSender } from './sockets.js';

/** A frame as it was on the wire, tags included. */
export interface CapturedFrame {
  /** The kernel's time stamp, in ms since 1970, with µs behind the point. */
  time: number;
  bytes: Buffer;
}

/** The part of the pcap package used here; required when first used, as it is an optional dependency. */
interface PcapSession {
  on(event: 'packet', listener: (packet: { buf: Buffer; header: Buffer }) => void): void;
  close(): void;
  session: { dispatch(buf: Buffer, header: Buffer): number };
  stats(): { ps_drop: number };
}
interface Pcap {
  createSession(device: string, options: Record<string, unknown>): PcapSession;
  warningHandler: (text: string) => void;
}

/** Our marker's EtherType, the second one for local experiments, and an address no bridge forwards (802.1Q 8.6.3). */
const MARKER_TYPE = 0x88b6;
const MARKER_TO = '0180c200000e';
const SNAP_LENGTH = 2048;

/** A running capture on one device; sees what goes in and out there. */
export class Capture {
  /** What came so far, oldest first. */
  readonly frames: CapturedFrame[] = [];
  readonly #session: PcapSession;
  readonly #markers: FrameSender;
  readonly #seenMarkers = new Set<string>();
  readonly #device: string;
  #stopped = false;

  /** Throws if there is no such namespace or device, or the filter is not pcap-filter's language. */
  constructor(netns: string, device: string, filter = '') {
    this.#device = device;
    const pcap = createRequire(import.meta.url)('pcap') as Pcap;
    // It complains about devices without an IPv4 address; switch ports have none.
    pcap.warningHandler = () => {};
    // The marker stands first because `vlan` in a filter shifts the offsets of all that follows.
    const whole = filter === '' ? '' : `(ether proto ${MARKER_TYPE}) or (${filter})`;
    // A timeout of 0 is libpcap's immediate mode: no frame waits for a buffer to fill.
    const options = { filter: whole, buffer_timeout: 0, buffer_size: 16 << 20, snap_length: SNAP_LENGTH };
    this.#session = inNetns(netns, () => pcap.createSession(device, options));
    this.#markers = new FrameSender(netns);
    this.#session.on('packet', ({ buf, header }) => this.#take(buf, header));
  }

  /** Resolves with the first frame, past or to come, that `wanted` accepts; rejects when the time (ms) is up. */
  async waitFor(wanted: (frame: CapturedFrame) => boolean, { timeout = 20_000 } = {}): Promise<CapturedFrame> {
    const what = `a frame, ${this.frames.length} others came`;
    return until(() => this.frames.find(wanted), { what, timeout, every: 2 });
  }

  /** Resolves when every frame that passed the device before this call is in `frames`. The device must be up. */
  async settled(): Promise<void> {
    const token = randomBytes(16).toString('hex');
    const head = `${MARKER_TO}020000000d01${MARKER_TYPE.toString(16)}`;
    const marker = Buffer.from(`${head}${token}`.padEnd(120, '0'), 'hex');
    let looks = 0;
    const isSeen = (): boolean => {
      if (looks++ % 100 === 0) this.#markers.send(this.#device, [marker]); // one is lost while there is no carrier
      return this.#seenMarkers.delete(token);
    };
    await until(isSeen, { what: 'the capture sees its own marker', every: 2 });
    const { ps_drop: lost } = this.#session.stats();
    if (lost > 0) throw new Error(`the capture lost ${lost} frames`);
  }

  /** Ends the capture; `frames` stays. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#markers.close();
    this.#session.close();
    // close() only asks for the end; the next dispatch frees the handle, and until then Node's event loop would turn.
    this.#session.session.dispatch(Buffer.alloc(SNAP_LENGTH), Buffer.alloc(16));
  }

  #take(buf: Buffer, header: Buffer): void {
    const bytes = Buffer.from(buf.subarray(0, header.readUInt32LE(8)));
    if (bytes.readUInt16BE(12) === MARKER_TYPE) {
      this.#seenMarkers.add(bytes.toString('hex', 14, 30));
      return;
    }
    const time = header.readUInt32LE(0) * 1000 + header.readUInt32LE(4) / 1000;
    this.frames.push({ time, bytes });
  }
}

/** Starts a capture; it ends with the lab at the latest. `filter` is in pcap-filter's language. */
export function capture(lab: Lab, netns: string, device: string, options: { filter?: string } = {}): Capture {
  const session = new Capture(netns, device, options.filter);
  lab.onDestroy(() => session.stop());
  return session;
}
