import { blockFor, systemClock } from '../sys/clock.js';
import { rest } from '../sys/process/privileges.js';
import { dataOfThisThread, ownerOfThisThread } from '../sys/process/thread.js';
import type { FromSnoopThread, ToSnoopThread } from './snoop-messages.js';
import { SnoopedBonds } from './snooped-bonds.js';

/*
 * The listening thread: hears ARP, RARP, Neighbor Discovery and DHCP on the bonds. A flood costs the host a turn of
 * this thread every TURN_SECONDS and no more: the rest stays in the kernel, which drops and counts it.
 */

const TURN_SECONDS = 0.01;
const LOST_CHECK_SECONDS = 1;
const EARS_CHECK_SECONDS = 5;

const owner = ownerOfThisThread<ToSnoopThread, FromSnoopThread>();
const now = (): number => systemClock.monotonic();
const bonds = new SnoopedBonds(owner, now, dataOfThisThread() as number);
let checked = now();
let earsChecked = checked;

// It reads what guests send, and needs its rights only where it begins to listen on a bond or puts its mirror right.
rest('bh-listen', ['CAP_NET_ADMIN', 'CAP_NET_RAW']);
owner.post({ type: 'ready' });
for (;;) {
  bonds.takeOrders();
  if (!bonds.running) break;
  const untilCheck = Math.max(LOST_CHECK_SECONDS, EARS_CHECK_SECONDS - (now() - earsChecked));
  if (!bonds.mayTell || bonds.listen(Math.ceil(untilCheck * 1000))) blockFor(TURN_SECONDS);
  if (!bonds.mayTell || now() - checked < LOST_CHECK_SECONDS) continue;
  checked = now();
  bonds.tellLost();
  if (checked - earsChecked < EARS_CHECK_SECONDS) continue;
  earsChecked = checked;
  bonds.check();
}
bonds.close();
