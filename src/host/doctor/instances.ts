import { SyscallError } from '../../errors.js';
import { decodeDatagram } from '../../kernel/decode.js';
import type { VlanInstance } from '../../kernel/events.js';
import { vlanInstancesRequest } from '../../kernel/requests.js';
import { openLinkSocket } from '../../sys/netlink/link-socket.js';

const SEQ = 1;

/** More datagrams than the instances of 4,094 VLANs take. */
const MOST_DATAGRAMS = 64;

/**
 * Reads in which instance of spanning tree the VLANs of a bridge are. The kernel answers within the calls, so that nothing
 * is waited for. @returns none from a kernel that does not tell @throws SyscallError, also when part of the answer was lost
 */
export function readInstances(bridge: number, open: typeof openLinkSocket = openLinkSocket): VlanInstance[] {
  const socket = open(0);
  const instances: VlanInstance[] = [];
  try {
    socket.send(vlanInstancesRequest(bridge, SEQ));
    for (let count = 0; count < MOST_DATAGRAMS; count++) {
      const datagram = socket.receive(false);
      if (datagram === 'overrun' || datagram === 'truncated')
        throw new SyscallError('rtnetlink', 'ENOBUFS', 'VLAN instances');
      const events = datagram === 'nothing' ? [] : decodeDatagram(datagram);
      for (const event of events) if (event.type === 'vlanInstances') instances.push(...event.instances);
      if (events.length === 0 || events.some(({ type }) => type === 'done' || type === 'answer')) break;
    }
    return instances;
  } finally {
    socket.close();
  }
}
