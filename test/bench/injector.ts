/** Sends with the pcap package, one inject a frame: `injector.js DEVICE COUNT`; sends all for every line that it reads. */
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { rarp } from '../lab/net/frames.js';
import { macOf } from './macs.js';

/** The part of the pcap package used here. */
interface Pcap {
  createSession(device: string, options: Record<string, unknown>): { inject(frame: Buffer): boolean };
  warningHandler: (text: string) => void;
}

const [device = '', count = '0'] = process.argv.slice(2);
const frames = Array.from({ length: Number(count) }, (_, n) => rarp(macOf(n)));
const pcap = createRequire(import.meta.url)('pcap') as Pcap;
pcap.warningHandler = () => {};
// The session hears as well; with a filter that nothing passes it costs as little as it can.
const session = pcap.createSession(device, { filter: 'ether proto 0xffff', buffer_size: 1 << 20 });

console.log('ready');
for await (const _ of createInterface(process.stdin)) {
  for (const frame of frames) session.inject(frame);
  console.log('sent');
}
