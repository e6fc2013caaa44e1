/** The benchmark's part in the lab: measures one section after the other, and prints events (see events.ts). */
import { writeFileSync, writeSync } from 'node:fs';
import { availableParallelism, release } from 'node:os';
import { type BenchEvent, eventLine } from './events.js';
import { serveFarSideFirst } from './far-side.js';
import { measure, SECTIONS } from './sections.js';

/** At once and whole: the process may end right after. */
function emit(event: BenchEvent): void {
  const bytes = Buffer.from(eventLine(event));
  for (let done = 0; done < bytes.length;) done += writeSync(1, bytes, done);
}

const quick = process.argv.includes('--quick');
const against = process.argv.find((argument) => argument.startsWith('--against='))?.slice('--against='.length) ?? null;
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
try {
  // A veth drops what its receiver's queue cannot take, 1,000 frames by default; here nothing may get lost.
  writeFileSync('/proc/sys/net/core/netdev_max_backlog', '200000');
  serveFarSideFirst();
  const machine = { kernel: release(), cpus: availableParallelism(), node: process.version };
  emit({ bench: 'machine', machine });
  const step = (text: string): void => emit({ bench: 'step', text });
  const mark = (name: string): void => emit({ bench: 'mark', name });
  for (const section of SECTIONS) {
    if (wanted.length > 0 && !wanted.includes(section)) continue;
    emit(await measure(section, { quick, whole: wanted.length === 0, against, step, mark }));
  }
} catch (error) {
  emit({ bench: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  process.exitCode = 1;
}
process.exit();
