import * as libc from './libc.js';
import { addressOfPort } from './link-socket.js';

// A message that says nothing, NLMSG_NOOP of linux/netlink.h: struct nlmsghdr, u32 length, u16 type, the rest 0
const NOTHING = new Uint8Array(Uint32Array.of(16, 0, 0, 0).buffer);
new Uint16Array(NOTHING.buffer, 4, 1)[0] = 1;

/**
 * Ends the waiting of a thread at its link socket. Takes CAP_NET_ADMIN, as all messages from process to process do
 * (net/netlink/af_netlink.c:netlink_sendmsg); without it the thread looks up when its time limit is over.
 */
export class Knocker {
  private readonly fd = libc.socket(libc.AF_NETLINK, libc.SOCK_RAW | libc.SOCK_CLOEXEC, 0);

  /** @param port of a netlink socket of this network namespace */
  knock(port: number): void {
    const address = addressOfPort(port);
    libc.sendto(this.fd, NOTHING, NOTHING.length, libc.MSG_DONTWAIT, address, address.length);
  }

  close(): void {
    libc.close(this.fd);
  }
}
