/** Reads the daemon's metrics without a pause; says how often a second, for every line that it reads. */
import { get } from 'node:http';
import { createInterface } from 'node:readline';
import { METRICS_PORT } from '../lab/net/daemon.js';

let scrapes = 0;
let since = performance.now();

function scrape(): void {
  const again = (): void => void setImmediate(scrape);
  get({ port: METRICS_PORT, path: '/metrics', host: '127.0.0.1' }, (answer) => {
    scrapes++;
    answer.resume().once('end', again);
  }).once('error', again);
}

console.log('ready');
scrape();
for await (const _ of createInterface(process.stdin)) {
  console.log((scrapes * 1000) / (performance.now() - since));
  [scrapes, since] = [0, performance.now()];
}
