import { createRequire } from 'node:module';
import { MissingModuleError, SyscallError, UsageError } from '../../errors.js';
import * as libc from '../libc.js';
import {
  attachedFilter,
  attachFilter,
  ETH_P_ALL,
  linkLayerAddress,
  newPacketSocket,
  openDescriptors,
  openPacketSocket,
  PASS_ALL,
} from './packet-socket.js';

/** A frame that libpcap captured. */
export interface PcapFrame {
  /** The kernel's time stamp: seconds since 1970-01-01 00:00 UTC, exact to a microsecond. */
  readonly time: number;
  /** With every VLAN tag: libpcap puts back what was taken off; at most `SNAP_LENGTH` bytes. */
  readonly bytes: Uint8Array;
}

/** A network device. */
export interface Device {
  readonly name: string;
  readonly ifindex: number;
}

/** What is used of a session of the package pcap. */
interface Session {
  readonly buf: Buffer;
  readonly header: Buffer;
  readonly session: { dispatch: (buf: Buffer, header: Buffer) => number };
  on(event: 'packet', listener: (packet: { buf: Buffer; header: Buffer }) => void): void;
  removeAllListeners(): void;
  stats(): { ps_drop: number };
  close(): void;
}

/** The package pcap: libpcap for Node. */
export interface PcapPackage {
  warningHandler: (text: string) => void;
  createSession(device: string, options: Readonly<Record<string, unknown>>): Session;
}

/** No message that we decode is longer. */
const SNAP_LENGTH = 2048;
/** Room for 1,900 frames. */
const BUFFER_BYTES = 4 << 20;

/** The names of libpcap, its own and Debian's. */
const LIBRARY = ['libpcap.so.1', 'libpcap.so.0.8'];

/**
 * Loads the optional package. In our packages it is bound to no name of libpcap (scripts/runtime.sh), which has to be there
 * before it.
 * @throws MissingModuleError that says what to install
 */
export function loadPcap(
  load: (name: string) => unknown = createRequire(import.meta.url),
  loadLibrary: (names: readonly string[]) => void = libc.loadForOthers,
): PcapPackage {
  try {
    loadLibrary(LIBRARY);
    const pcap = load('pcap') as PcapPackage;
    pcap.warningHandler = () => undefined; // it warns of devices without an IPv4 address
    return pcap;
  } catch (error) {
    const [reason = ''] = String((error as Error).message).split('\n');
    throw new MissingModuleError(`watch needs libpcap and the Node module pcap: ${cureFor(error)} (${reason})`);
  }
}

function cureFor(error: unknown): string {
  const library = /libpcap\.so/.test(String((error as Error).message));
  if (library) return 'install libpcap (Debian: apt install libpcap0.8; RHEL: dnf install libpcap)';
  const debian = 'Debian: apt install libpcap-dev python3 make g++';
  const rhel = 'RHEL: dnf install libpcap-devel python3 make gcc-c++';
  return `install the build tools (${debian}; ${rhel}), then run in the folder of bondherald: npm install pcap`;
}

/** @throws PermissionError when this process may not capture */
export function checkCaptureRights(): void {
  libc.close(openPacketSocket('capturing', () => undefined));
}

/**
 * Has libpcap compile a filter, for captures on devices like this one.
 * @param filter an expression of pcap-filter(7), not ''
 * @returns classic BPF for the kernel; null when libpcap keeps to judging by itself, which it does with very long ones
 * @throws UsageError when libpcap does not take the filter; SyscallError when the device cannot be captured on
 */
export function compileFilter(pcap: PcapPackage, device: Device, filter: string): Uint8Array | null {
  const { session, fd } = openSocket(pcap, device, filter);
  const program = attachedFilter(fd);
  new PcapCapture(session, fd).close();
  return program;
}

/**
 * Captures on a device what passes the program.
 * @param filter what libpcap itself is to judge by, behind the program; '' for nothing. It judges the first frames in user
 * space, where libpcap 1.11 takes no `vlan 905` to be true whose tag the kernel holds beside the frame: so only what the
 * kernel cannot judge is left to it.
 * @param program classic BPF, whole
 * @param onFrame called with each frame; its bytes are a copy
 * @throws UsageError when libpcap does not take the filter; SyscallError when the device cannot be captured on
 */
export function openCapture(
  pcap: PcapPackage,
  device: Device,
  { filter, program }: { readonly filter: string; readonly program: Uint8Array },
  onFrame: (frame: PcapFrame) => void,
): PcapCapture {
  const { session, fd } = openSocket(pcap, device, filter);
  const capture = new PcapCapture(session, fd);
  try {
    attachFilter(fd, program);
  } catch (error) {
    capture.close();
    throw error;
  }
  capture.start(onFrame);
  return capture;
}

function openSocket(pcap: PcapPackage, device: Device, filter: string): { session: Session; fd: number } {
  const before = openDescriptors();
  const session = openSession(pcap, device, filter);
  const fd = newPacketSocket(before, device.ifindex);
  if (fd === null) throw new SyscallError('socket', 'ENODEV', `cannot capture on ${device.name}`); // another one has the name by now
  return { session, fd };
}

/** What pcap_dispatch(3PCAP) returns when the loop was broken: PCAP_ERROR_BREAK. The package has freed its handle then. */
const BROKEN = -2;
/** The first turn is ours, for what came before; the second one the package's own, as soon as the session is open. */
const TURNS_AT_START = 2;

/**
 * A closed session leaves a handle in Node's event loop that must not be collected. There are three for each time that a
 * link came while a command ran.
 */
const closed: Session[] = [];

/**
 * A running capture on one device. Keeps the package from what it does wrong: it reads sessions that have ended, and goes
 * deaf without a word.
 */
export class PcapCapture {
  /** False once the device went down: then nothing is heard any more, also when it comes back. */
  alive = true;
  private ended = false;
  private turns = 0;
  private frames = 0;

  constructor(
    private readonly session: Session,
    private readonly fd: number,
  ) {
    const { session: inner } = session;
    const dispatch = inner.dispatch.bind(inner);
    inner.dispatch = (buf, header) => {
      if (this.ended) return 0;
      this.frames = 0;
      const result = dispatch(buf, header);
      this.ended = result === BROKEN;
      // Woken for nothing: the socket has an error to tell, and Node's event loop does not wait for it any more.
      if (this.turns++ >= TURNS_AT_START && this.frames === 0) this.alive = false;
      return result;
    };
  }

  start(onFrame: (frame: PcapFrame) => void): void {
    this.turn(); // what came before the program was in place goes unseen
    this.session.on('packet', ({ buf, header }) => {
      this.frames++;
      onFrame(frameOf(buf, header));
    });
  }

  /** How many frames the kernel dropped since the capture began, because the buffer was full. */
  drops(): number {
    return this.session.stats().ps_drop;
  }

  /**
   * Not to be called from `onFrame`.
   *
   * The package asks libpcap for an end, which libpcap comes to with the next frame only, and the event loop turns until
   * then. So the socket gets one, from the loopback device; where that is down, the error of binding to it ends the turning.
   */
  close(): void {
    this.session.removeAllListeners();
    this.session.close();
    closed.push(this.session);
    try {
      attachFilter(this.fd, PASS_ALL);
      const loopback = linkLayerAddress(LOOPBACK_IFINDEX, ETH_P_ALL);
      libc.check(libc.bind(this.fd, loopback, loopback.length), 'bind', 'a packet socket on lo');
      const sent = libc.sendto(this.fd, LAST_FRAME, LAST_FRAME.length, libc.MSG_DONTWAIT, loopback, loopback.length);
      if (sent > 0) this.turn(); // which would take the error away
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error; // it ends with the process
    }
  }

  private turn(): void {
    const { buf, header, session: inner } = this.session;
    inner.dispatch(buf, header);
  }
}

/** The kernel has it so in every network namespace (include/net/flow.h). */
const LOOPBACK_IFINDEX = 1;

/** From nobody to nobody, of an EtherType for local experiments (IEEE 802). */
const LAST_FRAME = Uint8Array.from({ length: 60 }, (_, at) => (at === 12 ? 0x88 : at === 13 ? 0xb5 : 0));

/** struct pcap_pkthdr as the package hands it over: 0 seconds u32   4 microseconds   8 captured length   12 length */
function frameOf(buf: Buffer, header: Buffer): PcapFrame {
  const [seconds = 0, micros = 0, length = 0] = new Uint32Array(Uint8Array.from(header).buffer);
  return { time: seconds + micros / 1e6, bytes: Uint8Array.from(buf.subarray(0, length)) };
}

function openSession(pcap: PcapPackage, device: Device, filter: string): Session {
  // A timeout of 0 is libpcap's immediate mode: no frame waits for a buffer to fill.
  const options = { buffer_timeout: 0, buffer_size: BUFFER_BYTES, snap_length: SNAP_LENGTH, promiscuous: true };
  try {
    return pcap.createSession(device.name, { ...options, filter });
  } catch (error) {
    const { message } = error as Error;
    if (filter !== '' && opens(pcap, device, options)) throw new UsageError(`FILTER ${filter}: ${message}`);
    throw new SyscallError('pcap_activate', message, `cannot capture on ${device.name}`);
  }
}

/** Whether it is not the device that is to blame. */
function opens(pcap: PcapPackage, device: Device, options: Readonly<Record<string, unknown>>): boolean {
  const before = openDescriptors();
  try {
    const session = pcap.createSession(device.name, options);
    new PcapCapture(session, newPacketSocket(before, device.ifindex) ?? -1).close();
    return true;
  } catch {
    return false;
  }
}
