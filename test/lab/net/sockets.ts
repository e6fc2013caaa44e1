import { constants } from 'node:os';
import koffi from 'koffi';
import { blockFor } from '../../../src/sys/clock.js';
import { inNetns } from './netns.js';

/** Plain sockets through libc: made in any namespace, without Node's event loop in between. */
const libc = koffi.load(null);
const c = {
  socket: libc.func('int socket(int domain, int type, int protocol)') as (d: number, t: number, p: number) => number,
  bind: libc.func('int bind(int fd, const void *addr, uint32_t len)') as (fd: number, a: Buffer, n: number) => number,
  connect: libc.func('int connect(int fd, const void *addr, uint32_t len)') as (
    fd: number,
    a: Buffer,
    n: number,
  ) => number,
  sendto: libc.func('int64_t sendto(int fd, const void *b, size_t n, int f, const void *addr, uint32_t len)') as (
    fd: number,
    bytes: Uint8Array,
    n: number,
    flags: number,
    addr: Buffer,
    len: number,
  ) => number,
  recv: libc.func('int64_t recv(int fd, void *b, size_t n, int f)') as (
    fd: number,
    bytes: Buffer,
    n: number,
    flags: number,
  ) => number,
  setsockopt: libc.func('int setsockopt(int fd, int level, int name, const void *v, uint32_t len)') as (
    fd: number,
    level: number,
    name: number,
    value: Buffer,
    len: number,
  ) => number,
  ifindex: libc.func('uint32_t if_nametoindex(const char *name)') as (name: string) => number,
  ioctl: libc.func('int ioctl(int fd, unsigned long request, void *argument)') as (
    fd: number,
    request: number,
    argument: Buffer,
  ) => number,
  close: libc.func('int close(int fd)') as (fd: number) => number,
};

const AF_INET = 2;
const AF_PACKET = 17;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const MSG_DONTWAIT = 0x40;

/** A struct sockaddr_in. */
export type Address = Buffer;

/** `10.0.0.1`, port -> struct sockaddr_in. */
export function inetAddress(ip: string, port: number): Address {
  const address = Buffer.alloc(16);
  address.writeUInt16LE(AF_INET, 0);
  address.writeUInt16BE(port, 2);
  address.set(ip.split('.').map(Number), 4);
  return address;
}

/** Where sockaddr_ll has its protocol, and a frame its EtherType, both in network byte order. */
const SLL_PROTOCOL = 2;
const ETHER_TYPE = 12;

/**
 * Sends whole Ethernet frames in a namespace, whatever their source address and EtherType. Worth keeping: closing a
 * packet socket takes the kernel longer than all the rest.
 */
export class FrameSender {
  readonly #netns: string | null;
  readonly #fd: number;

  /** Throws if there is no such namespace. */
  constructor(netns: string | null) {
    this.#netns = netns;
    // Protocol 0: this socket never receives, so nothing queues up in it.
    this.#fd = inNetns(netns, () => made(c.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), 'packet socket'));
  }

  /**
   * Sends out of a device, at the pace at which its queue is emptied. Throws if there is no device of that name, or the
   * kernel does not take a frame for any other reason than a full queue, or not within a second.
   */
  send(device: string, frames: readonly Uint8Array[]): void {
    const index = deviceIndex(this.#netns, device);
    if (index === 0) throw new Error(`no device ${device} in namespace ${String(this.#netns)}`);
    const address = Buffer.alloc(20);
    address.writeUInt16LE(AF_PACKET, 0);
    address.writeInt32LE(index, 4);
    for (const frame of frames) this.#send(frame, address);
  }

  /** A veth's queue takes 1,000 frames, and the kernel's own thread that empties it may wait for this processor. */
  #send(frame: Uint8Array, to: Buffer): void {
    let errno = 0;
    // As network stacks give it. Without it the kernel asks the device, and a macvlan cannot tell (6.1): then the frame has
    // none, and filters for a protocol let it pass.
    Buffer.from(frame).copy(to, SLL_PROTOCOL, ETHER_TYPE, ETHER_TYPE + 2);
    for (let tries = 0; tries <= 1000; tries++) {
      if (c.sendto(this.#fd, frame, frame.length, 0, to, to.length) === frame.length) return;
      errno = koffi.errno();
      if (errno !== constants.errno.ENOBUFS) break;
      blockFor(0.001);
    }
    throw new Error(`frame not sent: errno ${errno}`);
  }

  close(): void {
    c.close(this.#fd);
  }
}

/** A device's index in its namespace; 0 if there is none of that name. */
export function deviceIndex(netns: string | null, device: string): number {
  return inNetns(netns, () => c.ifindex(device));
}

/** A UDP socket in a namespace; never blocks. */
export class UdpSocket {
  readonly #fd: number;

  /** Binds to the address if one is given. Throws if that fails. */
  constructor(netns: string, bindTo?: Address) {
    this.#fd = inNetns(netns, () => made(c.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), 'UDP socket'));
    const size = Buffer.alloc(4);
    size.writeInt32LE(4 << 20);
    c.setsockopt(this.#fd, SOL_SOCKET, SO_RCVBUFFORCE, size, size.length);
    if (bindTo !== undefined) made(c.bind(this.#fd, bindTo, bindTo.length), 'bind');
  }

  /** Whether the kernel took the datagram. */
  send(bytes: Uint8Array, to: Address): boolean {
    return c.sendto(this.#fd, bytes, bytes.length, MSG_DONTWAIT, to, to.length) === bytes.length;
  }

  /** Whether a datagram was there; its bytes are in `into` then. */
  receive(into: Buffer): boolean {
    return c.recv(this.#fd, into, into.length, MSG_DONTWAIT) >= 0;
  }

  close(): void {
    c.close(this.#fd);
  }
}

/** A connected TCP socket's descriptor, for net.Socket to take over. Throws if nobody listens there. */
export function connectTcp(netns: string, to: Address): number {
  return inNetns(netns, () => {
    const fd = made(c.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 'TCP socket');
    if (c.connect(fd, to, to.length) === 0) return fd;
    const code = koffi.errno();
    c.close(fd);
    throw new Error(`no connection: errno ${code}`);
  });
}

/** Makes a slave its bond's active one within the call (SIOCBONDCHANGEACTIVE). Throws if the kernel refuses. */
export function changeActiveSlave(netns: string, bond: string, slave: string): void {
  const SIOCBONDCHANGEACTIVE = 0x8995;
  // struct ifreq: the bond's name in 16 bytes, then the slave's.
  const names = Buffer.alloc(40);
  names.write(bond, 0);
  names.write(slave, 16);
  inNetns(netns, () => {
    const fd = made(c.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), 'UDP socket');
    const result = c.ioctl(fd, SIOCBONDCHANGEACTIVE, names);
    const code = koffi.errno();
    c.close(fd);
    if (result < 0) throw new Error(`${slave} cannot become the active slave: errno ${code}`);
  });
}

const IFF_UP = 0x1;
const IFF_RUNNING = 0x40;

/** Takes a device up or down within the call. Throws if there is no such device. */
export function setUp(netns: string, device: string, up: boolean): void {
  withFlags(netns, device, (flags) => (up ? flags | IFF_UP : flags & ~IFF_UP));
}

/** Whether the kernel has told that a device has carrier, and not yet that it has lost it. Throws if there is none. */
export function isRunning(netns: string, device: string): boolean {
  let running = false;
  withFlags(netns, device, (flags) => {
    running = (flags & IFF_RUNNING) !== 0;
    return flags;
  });
  return running;
}

/** Reads the flags of a device, and sets those that `change` returns if they are others. */
function withFlags(netns: string, device: string, change: (flags: number) => number): void {
  const [SIOCGIFFLAGS, SIOCSIFFLAGS, FLAGS_AT] = [0x8913, 0x8914, 16];
  const request = Buffer.alloc(40); // struct ifreq: the name in 16 bytes, then the flags
  request.write(device, 0);
  inNetns(netns, () => {
    const fd = made(c.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), 'UDP socket');
    try {
      made(c.ioctl(fd, SIOCGIFFLAGS, request), device);
      const flags = request.readUInt16LE(FLAGS_AT);
      const next = change(flags);
      if (next === flags) return;
      request.writeUInt16LE(next, FLAGS_AT);
      made(c.ioctl(fd, SIOCSIFFLAGS, request), device);
    } finally {
      c.close(fd);
    }
  });
}

function made(result: number, what: string): number {
  if (result < 0) throw new Error(`${what}: errno ${koffi.errno()}`);
  return result;
}
