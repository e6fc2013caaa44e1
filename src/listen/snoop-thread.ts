import { encodeProgram } from '../kernel/bpf/assembler.js';
import { snoopFilter } from '../kernel/bpf/snoop-filter.js';
import { blockFor, monotonic as now } from '../sys/clock.js';
import { openLinkSocket } from '../sys/netlink/link-socket.js';
import { OWN_FRAMES_MARK } from '../sys/packets/packet-sender.js';
import { ReceiveRing } from '../sys/packets/receive-ring.js';
import { rest } from '../sys/process/privileges.js';
import { dataOfThisThread, ownerOfThisThread } from '../sys/process/thread.js';
import { KernelRequests } from './bond-mirror.js';
import { SnoopedBonds, type SnoopOwner } from './snooped-bonds.js';

/*
 * The listening thread: hears ARP, RARP, Neighbor Discovery and DHCP on the bonds. A flood costs the host a turn of
 * this thread every TURN_SECONDS and no more: the rest stays in the kernel, which drops and counts it.
 */

const TURN_SECONDS = 0.01;
const LOST_CHECK_SECONDS = 1;
const MIRROR_CHECK_SECONDS = 5;

const owner: SnoopOwner = ownerOfThisThread();
const bonds = new SnoopedBonds(owner, now, dataOfThisThread() as number, {
  requests: new KernelRequests(openLinkSocket(0)),
  filter: encodeProgram(snoopFilter(OWN_FRAMES_MARK)),
  ring: new ReceiveRing(),
});
let checked = now();
let mirrorsChecked = checked;

// It reads what guests send, and needs its rights only where it begins to listen on a bond or puts its mirror right.
rest('bh-listen', ['CAP_NET_ADMIN', 'CAP_NET_RAW']);
owner.post({ type: 'ready' });
for (;;) {
  bonds.carryOutOrders();
  if (!bonds.running) break;
  const untilCheck = Math.max(LOST_CHECK_SECONDS, MIRROR_CHECK_SECONDS - (now() - mirrorsChecked));
  if (!bonds.mayReport || bonds.listen(Math.ceil(untilCheck * 1000))) blockFor(TURN_SECONDS);
  if (!bonds.mayReport || now() - checked < LOST_CHECK_SECONDS) continue;
  checked = now();
  bonds.reportLost();
  if (checked - mirrorsChecked < MIRROR_CHECK_SECONDS) continue;
  mirrorsChecked = checked;
  bonds.check();
}
bonds.close();
