import { exponents, WORST } from '../growth.js';
import {
  AT_CARRIER_LOSS,
  type Disturbed,
  type FirstRound,
  type GroupsCost,
  type Growth,
  type ManyBonds,
  type Memory,
  OTHER_BUILD,
  type Outage,
  type Results,
  type Scrape,
  type SnoopingCost,
  type Start,
  type StaticRows,
  TOLD_OF_CARRIER,
} from '../results.js';

/** A target, and whether it was met in this run. */
export interface Acceptance {
  what: string;
  figure: string;
  limit: string;
  held: boolean;
}

const TIMES_THE_C_PROGRAM = 1.5;
const TIMES_FASTER_THAN_OVS = 50;
const FIRST_FRAME_US = 200;
/** To Open vSwitch told of carrier, by miimon; and the longest of all runs. In ms. */
const OUTAGE_BEHIND_OVS: Readonly<Record<number, number>> = { 100: 1, 10: 2 };
const LONGEST_OUTAGE_MS = 5;
const TIMES_THE_QUIET_MEDIAN = 5;
const IDLE_PERCENT = 1;
const IDLE_MEGABYTES = 90;
const SNOOPING_PERCENT = 5;
const SCRAPE_MS = 50;
const STATIC_ROWS = { timesFaster: 12, timesTheMemory: 0.6, timesTheRate: 1.1 };
const HUNDRED_GUESTS = { readySeconds: 3, megabytes: 120 };
/** To the other build, which is the one before what they are about. */
const TIMES_THE_START = 0.4;
const TIMES_THE_MEMORY: Readonly<Record<string, number>> = {
  '1000 false': 0.75,
  '50000 false': 0.6,
  '50000 true': 0.5,
};
const TIMES_THE_GROWTH: Readonly<Record<string, number>> = {
  'a guest’s port comes or goes': 0.02,
  'a guest on a new port: first frame to announceable': 0.02,
  'a guest moves each second: processor a second': 0.1,
};
const LONGEST_HOLD = { what: 'guests --json, 1 bond: longest hold of the main thread', ms: 50 };
const TIMES_THE_ADDRESSES = 5.5;
const MANY_BONDS = { times: 1.5, seconds: 60 };
const TIMES_TO_FIRST_FRAME = 1.8;
const TIMES_WITH_GROUPS = 1.1;
/** The lab's one CPU is shared with whoever reads. */
const TIMES_WHILE_READ = 5;

const OTHERS = `to ${OTHER_BUILD}`;

/** What can be said of the sections that were measured. */
export function acceptance(results: Partial<Results>): Acceptance[] {
  return [
    ...startLines(results.start ?? []),
    ...firstRoundLines(results.firstRound ?? []),
    ...[100, 10].flatMap((miimon) => outageLines(results.outage ?? [], miimon)),
    ...firstFrameLines(results.disturbed ?? []),
    ...(results.scrape ?? []).filter(({ guests }) => guests === 50_000).flatMap(scrapeLines),
    ...(results.idle ?? []).filter(({ guests }) => guests === 1000).flatMap(idleLines),
    ...memoryLines(results.memory ?? []),
    ...bondsLines(results.bonds ?? []),
    ...staticRowsLines(results.staticRows ?? []),
    ...groupsLines(results.groups ?? []),
    ...growthLines(results.growth ?? []),
    ...snoopingLines(results.snooping?.daemon ?? []),
  ];
}

function firstRoundLines(rows: readonly FirstRound[]): Acceptance[] {
  const of = (contestant: string, macs: number): FirstRound | undefined =>
    rows.find((row) => row.contestant === contestant && row.macs === macs);
  return [1000, 10_000, 50_000].flatMap((macs) => {
    const [ours, limit, ovs] = ['bondherald', 'C program', 'Open vSwitch'].map((name) => of(name, macs));
    if (!ours?.firstToLast || !limit?.firstToLast) return [];
    const ratio = ours.firstToLast.median / limit.firstToLast.median;
    const many = macs.toLocaleString('en');
    const first = ours.toFirst && limit.toFirst ? ours.toFirst.median / limit.toFirst.median : null;
    const lines = [
      ...(macs === 1000 && first !== null
        ? [atMost('event to first frame, against the C program', first, TIMES_TO_FIRST_FRAME, 'times')]
        : []),
      atMost(`first round of ${many} MACs, against the C program`, ratio, TIMES_THE_C_PROGRAM, 'times'),
      {
        what: `first round of ${many} MACs: every MAC exactly once`,
        figure: `${ours.fewestMacs.toLocaleString('en')} MACs in ${ours.mostFrames.toLocaleString('en')} frames`,
        limit: 'all, once',
        held: ours.everyMacOnce,
      },
    ];
    if (macs !== 1000 || !ovs?.firstToLast) return lines;
    const faster = ovs.firstToLast.median / ours.firstToLast.median;
    const what = `first round of ${many} MACs, against Open vSwitch`;
    const [figure, least] = [`${faster.toFixed(1)} times faster`, `at least ${TIMES_FASTER_THAN_OVS} times`];
    return [...lines, { what, figure, limit: least, held: faster >= TIMES_FASTER_THAN_OVS }];
  });
}

function outageLines(rows: readonly Outage[], miimon: number): Acceptance[] {
  const of = (name: string): Outage['milliseconds'] =>
    rows.find((row) => row.miimon === miimon && row.helper === name)?.milliseconds ?? null;
  const [ours, ovs] = [of(AT_CARRIER_LOSS), of(TOLD_OF_CARRIER)];
  if (!ours || !ovs) return [];
  const what = `outage of a silent guest, miimon ${miimon}, onCarrierLoss`;
  const limit = Math.round((ovs.median + (OUTAGE_BEHIND_OVS[miimon] ?? 0)) * 10) / 10;
  const median = atMost(`${what}, median, against Open vSwitch told of carrier`, ours.median, limit, 'ms');
  return miimon === 100 ? [median, atMost(`${what}, longest`, ours.max, LONGEST_OUTAGE_MS, 'ms')] : [median];
}

function firstFrameLines(rows: readonly Disturbed[]): Acceptance[] {
  const [quiet, storm] = [rows.find(({ disturbance }) => disturbance === 'quiet'), rows[1]];
  if (!quiet?.outside || !quiet.inside) return [];
  const lines = [
    atMost('event to first frame, on the far side, median', quiet.outside.median, FIRST_FRAME_US, 'µs'),
    atMost('event to first frame, in the daemon, median', quiet.inside.median, FIRST_FRAME_US, 'µs'),
  ];
  if (!storm?.outside || !storm.inside) return lines;
  const word = 'under the storm, 99th percentile to the quiet median';
  return [
    ...lines,
    atMost(`on the far side, ${word}`, storm.outside.p99 / quiet.outside.median, TIMES_THE_QUIET_MEDIAN, 'times'),
    atMost(`in the daemon, ${word}`, storm.inside.p99 / quiet.inside.median, TIMES_THE_QUIET_MEDIAN, 'times'),
  ];
}

function scrapeLines({ time, firstFrame: { quiet, scraped } }: Scrape): Acceptance[] {
  const delay = 'first frame with 50,000 guests while /metrics is read, to the quiet median, in the daemon';
  return [
    ...(time ? [atMost('a scrape with 50,000 guests, median', time.median / 1000, SCRAPE_MS, 'ms')] : []),
    ...(quiet && scraped ? [atMost(delay, scraped.median / quiet.median, TIMES_WHILE_READ, 'times')] : []),
  ];
}

function idleLines({ cpuPercent, megabytes }: Results['idle'][number]): Acceptance[] {
  return [
    atMost('idle with 1,000 guests: processor', cpuPercent, IDLE_PERCENT, '% of a core'),
    atMost('idle with 1,000 guests: memory', megabytes, IDLE_MEGABYTES, 'MB resident'),
  ];
}

function staticRowsLines(rows: readonly StaticRows[]): Acceptance[] {
  const of = (name: string, guests: number): StaticRows | undefined =>
    rows.find((row) => row.contestant === name && row.guests === guests);
  const [ours, other, hundred] = [of('bondherald', 20), of(OTHER_BUILD, 20), of('bondherald', 100)];
  const { timesFaster, timesTheMemory, timesTheRate } = STATIC_ROWS;
  const { readySeconds, megabytes } = HUNDRED_GUESTS;
  const what = 'static rows in every VLAN of 20 guests';
  const faster = (other?.readyMs ?? NaN) / (ours?.readyMs ?? NaN);
  const [figure, limit] = [`${faster.toFixed(1)} times faster`, `at least ${timesFaster} times`];
  const first = ours && (ours.without > 0 ? Infinity : ours.lastGarpMs / ours.rateAloneMs);
  return [
    ...(other ? [{ what: `${what}: ready, against the other build`, figure, limit, held: faster >= timesFaster }] : []),
    ...(ours && other
      ? [atMost(`${what}: memory, against the other build`, ours.megabytes / other.megabytes, timesTheMemory, 'times')]
      : []),
    ...(first !== undefined
      ? [atMost(`${what}: last first GARP, against the rate alone`, first, timesTheRate, 'times')]
      : []),
    ...(hundred
      ? [atMost('static rows in every VLAN of 100 guests: ready', hundred.readyMs / 1000, readySeconds, 's')]
      : []),
    ...(hundred ? [atMost('static rows in every VLAN of 100 guests: memory', hundred.megabytes, megabytes, 'MB')] : []),
  ];
}

function startLines(rows: readonly Start[]): Acceptance[] {
  return rows.flatMap(({ what, contestant, milliseconds }) => {
    const ours = rows.find((row) => row.what === what && row.contestant !== OTHER_BUILD);
    if (contestant !== OTHER_BUILD || !ours) return [];
    return [atMost(`${what}, ${OTHERS}`, ours.milliseconds.median / milliseconds.median, TIMES_THE_START, 'times')];
  });
}

function memoryLines(rows: readonly Memory[]): Acceptance[] {
  const compared = rows.flatMap(({ contestant, guests, addresses, megabytes }) => {
    const ours = rows.find(
      (row) => row.guests === guests && row.addresses === addresses && row.contestant !== OTHER_BUILD,
    );
    const limit = TIMES_THE_MEMORY[`${guests} ${addresses}`];
    if (contestant !== OTHER_BUILD || !ours || limit === undefined) return [];
    const who = `${guests.toLocaleString('en')} guests${addresses ? ' with two addresses each' : ''}`;
    return [atMost(`resident memory, ${who}, ${OTHERS}`, ours.megabytes / megabytes, limit, 'times')];
  });
  const last = (many: number): number | null =>
    rows.find(({ guests, addresses, contestant }) => addresses && guests === many && contestant !== OTHER_BUILD)
      ?.lastMs ?? null;
  const [few, many] = [last(10_000), last(50_000)];
  if (few === null || many === null) return compared;
  return [...compared, atMost('last GARP and NA, 50,000 to 10,000 guests', many / few, TIMES_THE_ADDRESSES, 'times')];
}

function bondsLines(rows: readonly ManyBonds[]): Acceptance[] {
  const of = (many: number): number | undefined =>
    rows.find(({ bonds, contestant }) => bonds === many && contestant !== OTHER_BUILD)?.readyMs;
  const [one, sixteen, most] = [of(1), of(16), of(64)];
  const { times, seconds } = MANY_BONDS;
  return [
    ...(one && sixteen ? [atMost('ready with 16 bonds to ready with one', sixteen / one, times, 'times')] : []),
    ...(most ? [atMost('ready with 64 bonds', most / 1000, seconds, 's')] : []),
  ];
}

function groupsLines(rows: readonly GroupsCost[]): Acceptance[] {
  const [ours, without] = rows;
  if (!ours?.lastRarp || !without?.lastRarp || !ours.end || !without.end) return [];
  const who = `${ours.guests.toLocaleString('en')} guests, each in a group`;
  const [rarp, end] = [ours.lastRarp.median / without.lastRarp.median, ours.end.median / without.end.median];
  return [
    atMost(`last RARP of ${who}, to without re-joins`, rarp, TIMES_WITH_GROUPS, 'times'),
    atMost(`end of the first round of ${who}, to without re-joins`, end, TIMES_WITH_GROUPS, 'times'),
  ];
}

function growthLines(rows: readonly Growth[]): Acceptance[] {
  return rows.flatMap((row) => {
    const worst = Math.max(0, ...exponents(row).map((power) => power ?? 0));
    const [ours, theirs] = [row.figures.at(-1) ?? NaN, row.others?.at(-1)];
    const many = `${row.sizes.at(-1)?.toLocaleString('en')} guests`;
    const times = TIMES_THE_GROWTH[row.what];
    return [
      atMost(`growth: ${row.what}`, worst, WORST, 'as power of the guests'),
      ...(times && theirs ? [atMost(`${row.what}, ${many}, ${OTHERS}`, ours / theirs, times, 'times')] : []),
      ...(row.what === LONGEST_HOLD.what ? [atMost(`${row.what}, ${many}`, ours, LONGEST_HOLD.ms, 'ms')] : []),
    ];
  });
}

/** Of this build. TCP is left out: what waits in buffers makes it too uncertain for a line of five per cent. */
function snoopingLines(rows: readonly SnoopingCost[]): Acceptance[] {
  return rows
    .filter(({ load, way }) => load !== 'TCP' && way !== OTHER_BUILD)
    .map(({ load, ratio }) => atMost(`listening: ${load}`, (1 - ratio) * 100, SNOOPING_PERCENT, '% fewer'));
}

function atMost(what: string, figure: number, limit: number, unit: string): Acceptance {
  const digits = figure >= 100 ? 0 : figure >= 10 ? 1 : 2;
  const held = figure <= limit;
  return { what, figure: `${figure.toFixed(digits)} ${unit}`, limit: `at most ${limit} ${unit}`, held };
}
