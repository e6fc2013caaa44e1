import type { FirstRound, Results, Setting, SnoopingCost } from '../results.js';
import { acceptance } from './acceptance.js';
import { count, duration, table } from './table.js';

/** All that was measured, as a document. Sections that were not measured are left out. */
export function markdown(setting: Setting, results: Partial<Results>, chart: string | null): string {
  const { firstRound, outage, disturbed, scrape, idle, snooping } = results;
  const parts = [
    opening(setting),
    ['## Does it hold what it promises', acceptanceTable(results)],
    firstRound && [
      '## The first round',
      FIRST_ROUND,
      ...(chart ? [`![first rounds](${chart})`] : []),
      firstRoundTable(firstRound),
    ],
    outage && ['## The outage of a silent guest', OUTAGE, outageTable(outage)],
    disturbed && ['## The first frame while the daemon is busy', DISTURBED, disturbedTable(disturbed)],
    scrape && ['## A scrape', SCRAPE, scrapeTable(scrape)],
    idle && ['## When nothing happens', IDLE, idleTable(idle)],
    snooping && ['## What listening costs the guests', SNOOPING, snoopingTable([...snooping.ways, ...snooping.daemon])],
  ];
  return `${parts.flatMap((part) => part ?? []).join('\n\n')}\n`;
}

function opening({ date, kernel, world, cpus, node, quick }: Setting): string[] {
  const runs = quick ? ['**A quick run, with too few repetitions to rely on.**'] : [];
  return [
    '# Benchmarks',
    '<!-- Made by `make bench`; changes by hand are lost. -->',
    `Measured on ${date}: ${world}, kernel ${kernel}, ${cpus} CPU${cpus === 1 ? '' : 's'}; Node.js ${node}. All in one boot, side by side.
\`make bench\` measures it again. Compare figures of one run: absolute times depend on the machine and on who else uses it.`,
    ...runs,
  ];
}

const FIRST_ROUND = `From the kernel's message that a slave is active (for Open vSwitch: that a link has lost its carrier) to the first frame on
the far side of the new link, and from there to the last, in the median of the runs; time stamps are the kernel's. The C
program has its frames ready, waits for the same message and calls sendmmsg: that is the limit. "Told to send" starts
without any event. The script is \`test/bench/announce.sh\`. The frames end where they are seen: a real switch forwards them
with its own hardware, not with the sender's processor, and it does not wait for that one (ksoftirqd goes first here).`;

const OUTAGE = `A packet a millisecond goes to a guest that never says anything; its active link is cut. From the first packet lost to the
first that arrives again. Open vSwitch is told to look at its links as often as the kernel's bond does (miimon).`;

const DISTURBED = `1,000 guests. "Far side": from the kernel's message to the first frame on the far side, by the kernel's clock. "Daemon": from
the message's arrival in the failover thread to the system call, as the daemon's log has it. The lab's one CPU is shared by
the daemon, whoever disturbs it, and the kernel at both ends.`;

const SCRAPE = `From the connection to the last byte of /metrics, for a client on the same host. The lab's one CPU is shared by both. The
first frame: from the message's arrival in the failover thread, when nobody asks and while somebody reads without a pause.`;

const IDLE = `Processor: what the machine spends on the lab with the daemon, less what it spends on the lab without it, the lab's own
costs of waking a thread included. From 30 s after its start on.`;

const SNOOPING = `Two hypervisors built alike, one with somebody who listens on its bond and one without; a guest of each floods the same
client in turn, 2 ms each. The share of frames that still gets through, in the median, and frames (for TCP: MB) a second.
See [the design note](design/snooping-cost.md).`;

function acceptanceTable(results: Partial<Results>): string {
  const rows = acceptance(results).map(({ what, figure, limit, held }) => [
    what,
    figure,
    limit,
    held ? 'held' : '**missed**',
  ]);
  return table(['what', 'figure', 'limit', 'in this run'], rows);
}

function firstRoundTable(rows: readonly FirstRound[]): string {
  const head = ['MACs', 'who', 'event to first frame', 'first to last frame', 'frames/s', 'runs', 'every MAC once'];
  const cells = rows.map(({ macs, contestant, toFirst, firstToLast, everyMacOnce, fewestMacs, mostFrames }) => [
    count(macs),
    contestant,
    duration(toFirst?.median),
    duration(firstToLast?.median),
    firstToLast ? count((macs / firstToLast.median) * 1e6) : '-',
    String(firstToLast?.runs ?? 0),
    everyMacOnce ? 'yes' : `no: ${count(fewestMacs)} MACs at worst, up to ${count(mostFrames)} frames`,
  ]);
  return table(head, cells);
}

function outageTable(rows: Results['outage']): string {
  const head = ['miimon', 'who helps', 'median', 'longest', 'runs', 'dark to the end'];
  const cells = rows.map(({ miimon, helper, milliseconds, forGood }) => [
    `${miimon} ms`,
    helper,
    milliseconds ? `${milliseconds.median.toFixed(0)} ms` : '-',
    milliseconds ? `${milliseconds.max.toFixed(0)} ms` : '-',
    String((milliseconds?.runs ?? 0) + forGood),
    forGood === 0 ? 'never' : `${forGood} times`,
  ]);
  return table(head, cells);
}

function disturbedTable(rows: Results['disturbed']): string {
  const head = ['while', 'far side: median', '99 %', 'daemon: median', '99 %', 'switches', 'how busy'];
  const cells = rows.map(({ disturbance, strength, outside, inside, switches }) => [
    disturbance,
    ...[outside?.median, outside?.p99, inside?.median, inside?.p99].map(duration),
    String(switches),
    strength,
  ]);
  return table(head, cells);
}

function scrapeTable(rows: Results['scrape']): string {
  const cells = rows.map(({ guests, bytes, time, firstFrame }) => [
    count(guests),
    ...[time?.median, time?.p99].map(duration),
    count(bytes),
    String(time?.runs ?? 0),
    ...[firstFrame.quiet, firstFrame.scraped].map((each) => `${duration(each?.median)}, ${duration(each?.p99)}`),
  ]);
  const frames = ['first frame, quiet: median, 99 %', 'while /metrics is read: median, 99 %'];
  return table(['guests', 'median', '99 %', 'bytes', 'runs', ...frames], cells);
}

function idleTable(rows: Results['idle']): string {
  const head = ['guests', 'resident memory', 'of it not backed by files', 'processor', 'measured for'];
  const cells = rows.map(({ guests, megabytes, ownMegabytes, cpuPercent, seconds }) => [
    count(guests),
    `${megabytes.toFixed(0)} MB`,
    `${ownMegabytes.toFixed(0)} MB`,
    `${cpuPercent.toFixed(2)} % of a core`,
    `${seconds} s`,
  ]);
  return table(head, cells);
}

function snoopingTable(rows: readonly SnoopingCost[]): string {
  const loads = [...new Set(rows.map(({ load }) => load))];
  const cells = [...new Set(rows.map(({ way }) => way))].map((way) => [
    way,
    ...loads.map((load) => {
      const row = rows.find((each) => each.way === way && each.load === load);
      if (!row) return '-';
      const rate = load === 'TCP' ? `${count(row.rate / 1e6)} MB/s` : `${count(row.rate / 1e3)} k/s`;
      return `${(row.ratio * 100).toFixed(1)} % (${rate})`;
    }),
  ]);
  return table(['who listens', ...loads], cells);
}
