/** The thread of a stream: sends to every guest at a fixed pace and takes in what arrived. See stream.ts. */
import { performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { inetAddress, UdpSocket } from './sockets.js';
import type { StreamOrder, StreamRecord } from './stream.js';

const { from, targets, intervalMs, port, control } = workerData as StreamOrder;
const [STOP, SENT] = [0, 1];
const FIRST_COUNTER = 2;
/** After the last packet, arrivals are awaited until none came for this long. */
const DRAIN_MS = 150;

const sender = new UdpSocket(from);
const receivers = targets.map(({ netns, ip }) => new UdpSocket(netns, inetAddress(ip, port)));
const addresses = targets.map(({ ip }) => inetAddress(ip, port));
const sentAt: number[] = [];
const arrivals: number[][] = targets.map(() => []);
const packet = Buffer.alloc(16);
const inbox = Buffer.alloc(64);

/** ms since 1970, in step with the kernel's time stamps on captured frames. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

function sendToAll(): void {
  const seq = sentAt.length;
  const time = now();
  packet.writeUInt32BE(seq, 0);
  packet.writeDoubleBE(time, 8);
  for (const address of addresses) sender.send(packet, address);
  sentAt.push(time);
  Atomics.store(control, SENT, seq + 1);
}

function takeIn(): boolean {
  let any = false;
  receivers.forEach((receiver, index) => {
    while (receiver.receive(inbox)) {
      arrivals[index]?.push(inbox.readUInt32BE(0));
      Atomics.add(control, FIRST_COUNTER + index, 1);
      any = true;
    }
  });
  return any;
}

/** Sleeps without Node's event loop, which costs more than the sleep. Wakes up when told to stop. */
function pause(ms: number): void {
  if (ms > 0) Atomics.wait(control, STOP, 0, ms);
}

parentPort?.postMessage('ready');
const start = now();
let takenIn = start;
while (Atomics.load(control, STOP) === 0) {
  sendToAll();
  if (now() - takenIn >= 20) {
    takeIn();
    takenIn = now();
  }
  // A packet that is late is not followed by a burst: the pace starts again from it.
  const due = start + Math.ceil((now() - start) / intervalMs) * intervalMs;
  pause(due - now());
}
for (let quietSince = now(); now() - quietSince < DRAIN_MS;) {
  if (takeIn()) quietSince = now();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
}
[sender, ...receivers].forEach((socket) => socket.close());
parentPort?.postMessage({ sentAt, arrivals } satisfies StreamRecord);
