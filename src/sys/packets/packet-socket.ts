import { PermissionError } from '../../errors.js';
import * as libc from '../libc.js';

/** linux/if_packet.h */
export const SOL_PACKET = 263;

/** linux/if_ether.h: frames of every protocol. */
export const ETH_P_ALL = 3;

/**
 * Opens an AF_PACKET socket (packet(7)), which hears nothing until it is bound.
 * @param doing what it is for, such as `listening`, for the message of an error
 * @param prepare binds it and sets its options; when it throws, the socket is closed
 * @throws PermissionError without CAP_NET_RAW
 * @throws SyscallError
 */
export function openPacketSocket(doing: string, prepare: (fd: number) => void): number {
  const fd = libc.socket(libc.AF_PACKET, libc.SOCK_RAW | libc.SOCK_CLOEXEC, 0);
  if (fd < 0 && libc.lastErrno() === 'EPERM')
    throw new PermissionError(`${doing} needs CAP_NET_RAW: run this as root or grant that capability`);
  libc.check(fd, 'socket', 'a packet socket');
  try {
    prepare(fd);
  } catch (error) {
    libc.close(fd);
    throw error;
  }
  return fd;
}

/**
 * Binds a packet socket to a device.
 * @param protocol ETH_P_ALL; 0: it never receives
 * @throws SyscallError for example ENODEV when the device is gone
 */
export function bindToDevice(fd: number, ifindex: number, protocol: number): void {
  const address = linkLayerAddress(ifindex, protocol);
  libc.check(libc.bind(fd, address, address.length), 'bind', `a packet socket on device ${ifindex}`);
}

/** struct sockaddr_ll (linux/if_packet.h): u16 family, be16 protocol, s32 ifindex, and twelve bytes bind ignores. */
export function linkLayerAddress(ifindex: number, protocol: number): Uint8Array {
  const address = new Uint8Array(new ArrayBuffer(20));
  new Uint16Array(address.buffer, 0, 1)[0] = libc.AF_PACKET;
  new DataView(address.buffer).setUint16(2, protocol);
  new Int32Array(address.buffer, 4, 1)[0] = ifindex;
  return address;
}
