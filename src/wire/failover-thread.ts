import { RTNLGRP_LINK } from '../kernel/constants.js';
import { encodeProgram } from '../kernel/bpf/assembler.js';
import { linkFilter } from '../kernel/bpf/link-filter.js';
import { blockFor, monotonic } from '../sys/clock.js';
import { bondSlaves } from '../sys/files/host-settings.js';
import { openLinkSocket } from '../sys/netlink/link-socket.js';
import { openPacketSender } from '../sys/packets/packet-sender.js';
import { collectAfterStart, collectIfHalfFull, runBeforeOthers } from '../sys/process/real-time.js';
import { privileged, rest } from '../sys/process/privileges.js';
import { ownerOfThisThread } from '../sys/process/thread.js';
import type { RequestSocket } from './carrier-switch.js';
import { FailoverWatch } from './failover-watch.js';

/* The failover thread: what FailoverWatch works with on a real host. */

const QUEUE_PAUSE_SECONDS = 0.001;

const socket = openLinkSocket(1 << (RTNLGRP_LINK - 1), encodeProgram(linkFilter()));

/** The kernel asks for the rights of whoever opens the socket, and of whoever sends by it. */
function openRequests(): RequestSocket {
  const requests = privileged(() => openLinkSocket(0));
  return {
    send: (request) => privileged(() => requests.send(request)),
    receive: () => requests.receive(false),
    close: () => requests.close(),
  };
}

new FailoverWatch({
  owner: ownerOfThisThread(),
  socket,
  openSender: openPacketSender,
  openRequests,
  slaveOrder: bondSlaves,
  hear: (slaves) => socket.setFilter(encodeProgram(linkFilter(slaves))),
  now: monotonic,
  pause: () => blockFor(QUEUE_PAUSE_SECONDS),
  settle() {
    const delayable = runBeforeOthers();
    rest('bh-failover', ['CAP_NET_ADMIN', 'CAP_NET_RAW']);
    return delayable;
  },
  collect: collectIfHalfFull,
  tidy: collectAfterStart,
}).run();
