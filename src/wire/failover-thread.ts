import { RTNLGRP_LINK } from '../kernel/constants.js';
import { decodeDatagram, firstMessages } from '../kernel/decode.js';
import type { KernelEvent } from '../kernel/events.js';
import { ECHO_SEQ, echoRequest } from '../kernel/requests.js';
import { TableDumps } from '../kernel/table-dumps.js';
import { encodeProgram } from '../kernel/bpf/assembler.js';
import { linkFilter } from '../kernel/bpf/link-filter.js';
import { blockFor, systemClock } from '../sys/clock.js';
import { openLinkSocket } from '../sys/netlink/link-socket.js';
import { collectIfHalfFull } from '../sys/process/nursery.js';
import { runBeforeOthers } from '../sys/process/priority.js';
import { rest } from '../sys/process/privileges.js';
import { ownerOfThisThread } from '../sys/process/thread.js';
import { type Failover, FailoverDetector } from '../topology/failover.js';
import { readLoss } from './bond-loss.js';
import type { Moment } from './first-round.js';
import { Rehearsal } from './rehearsal.js';
import { WatchedBonds } from './watched-bonds.js';
import type { FromFailoverThread, ToFailoverThread } from './thread-messages.js';

/*
 * The failover thread: waits for link messages and, when one is a failover, sends the first round at once, before
 * anyone else hears of it. It shares no event loop, no socket and no garbage with the rest of the daemon.
 */

const QUEUE_PAUSE_SECONDS = 0.001;

/** Rehearsed with so many of this host's links: about what a switch of the active slave makes. */
const SAMPLE_MESSAGES = 4;

const owner = ownerOfThisThread<ToFailoverThread, FromFailoverThread>();
const socket = openLinkSocket(1 << (RTNLGRP_LINK - 1), encodeProgram(linkFilter()));
const dumps = new TableDumps(['links'], (request) => socket.send(request));
const detector = new FailoverDetector();
const watched = new WatchedBonds(owner);
const momentNow = (): Moment => momentOf(systemClock.monotonic());
const rehearsal = new Rehearsal(momentNow);
let sample: Uint8Array | null = null;
let ready = false;

let arrived = systemClock.monotonic();
while (watched.running) {
  if (dumps.startIfDue(arrived)) detector.startDump();
  const datagram = socket.receive();
  arrived = systemClock.monotonic();
  if (datagram === 'overrun' || datagram === 'truncated') resync(datagram);
  else if (datagram !== 'nothing') take(datagram, arrived);
  else keepReady();
  watched.takeOrders(momentNow, () => socket.send(echoRequest()));
}
rehearsal.close();
watched.close();
socket.close();

/** What there is to do each time that the socket's time limit is over. */
function keepReady(): void {
  if (sample) rehearsal.run(sample);
  collectIfHalfFull();
}

function take(datagram: Uint8Array, arrived: number): void {
  for (const event of decodeDatagram(datagram)) handle(event, arrived);
  sample ??= firstMessages(datagram, SAMPLE_MESSAGES);
}

function resync(reason: 'overrun' | 'truncated' | 'malformed'): void {
  dumps.want();
  owner.post({ type: 'resync', reason });
}

function handle(event: KernelEvent, arrived: number): void {
  const failover = detector.apply(event);
  if (failover) announce(failover, arrived);
  const loss = readLoss(event);
  if (loss) watched.lost(loss.bond, loss.reason);
  if (event.type === 'lost') resync(event.reason);
  if (event.type === 'answer' && event.seq === ECHO_SEQ) owner.post({ type: 'echo' });
  if (dumps.take(event)) detector.finishDump();
  if (dumps.complete && !ready) becomeReady();
}

function announce(failover: Failover, arrived: number): void {
  const round = watched.failover(failover.bond, momentOf(arrived));
  owner.post({ type: 'failover', ...failover, cause: 'failover', arrived, ...round });
  collectIfHalfFull();
}

function momentOf(arrived: number): Moment {
  return {
    now: arrived,
    sinceArrival: () => systemClock.monotonic() - arrived,
    pause: () => blockFor(QUEUE_PAUSE_SECONDS),
  };
}

function becomeReady(): void {
  if (sample) rehearsal.first(sample);
  const delayable = runBeforeOthers();
  rest('bh-failover', ['CAP_NET_ADMIN', 'CAP_NET_RAW']);
  owner.post({ type: 'ready', delayable, descriptor: socket.descriptor });
  ready = true;
}
