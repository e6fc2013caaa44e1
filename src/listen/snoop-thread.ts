import { encodeProgram } from '../kernel/bpf/assembler.js';
import { snoopFilter, standbyFilter } from '../kernel/bpf/snoop-filter.js';
import { RTNLGRP_LINK, RTNLGRP_TC } from '../kernel/constants.js';
import { blockFor, monotonic as now } from '../sys/clock.js';
import { openLinkSocket } from '../sys/netlink/link-socket.js';
import { OWN_FRAMES_MARK } from '../sys/packets/packet-sender.js';
import { ReceiveRing } from '../sys/packets/receive-ring.js';
import { rest } from '../sys/process/privileges.js';
import { collectAfterStart } from '../sys/process/real-time.js';
import { dataOfThisThread, ownerOfThisThread } from '../sys/process/thread.js';
import { KernelRequests } from './kernel-requests.js';
import { ECHO_MARK } from './mirror-echo.js';
import { MirrorNews } from './mirror-news.js';
import { SnoopedBonds, type SnoopOwner } from './snooped-bonds.js';

/*
 * The listening thread: hears ARP, RARP, Neighbor Discovery and DHCP on the bonds. A flood costs the host a turn of
 * this thread every TURN_SECONDS and no more: the rest stays in the kernel, which drops and counts it.
 */

const TURN_SECONDS = 0.01;
const REPORT_SECONDS = 1;
const LONGEST_WAIT_SECONDS = 5;
const NEWS_GROUPS = [RTNLGRP_LINK, RTNLGRP_TC].reduce((mask, group) => mask | (1 << (group - 1)), 0);

const owner: SnoopOwner = ownerOfThisThread();
const requests = openLinkSocket(0);
const tools = {
  requests: new KernelRequests(requests),
  filter: encodeProgram(snoopFilter(OWN_FRAMES_MARK, ECHO_MARK)),
  standbyFilter: encodeProgram(standbyFilter()),
  ring: new ReceiveRing(),
  now,
};
const news = new MirrorNews(openLinkSocket(NEWS_GROUPS), requests.port);
const bonds = new SnoopedBonds(owner, dataOfThisThread(), tools, news);
let checked = now();

// It reads what guests send, and needs its rights only where it begins to listen on a bond or looks at its mirror.
rest('bh-listen', ['CAP_NET_ADMIN', 'CAP_NET_RAW']);
owner.post({ type: 'ready' });
collectAfterStart();
for (;;) {
  bonds.carryOutOrders();
  if (!bonds.running) break;
  const wait = Math.min(Math.max(bonds.due - now(), 0), LONGEST_WAIT_SECONDS);
  if (!bonds.mayReport || bonds.listen(Math.ceil(wait * 1000))) blockFor(TURN_SECONDS);
  bonds.look();
  if (!bonds.mayReport || now() - checked < REPORT_SECONDS) continue;
  checked = now();
  bonds.reportEachSecond();
}
bonds.close();
