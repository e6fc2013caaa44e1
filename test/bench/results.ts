import type { Spread } from './statistics.js';

/** The machine as the lab sees it. */
export interface Machine {
  kernel: string;
  cpus: number;
  node: string;
}

/** Where and when it was measured. Nothing in here says on whose machine. */
export interface Setting extends Machine {
  date: string;
  world: string;
  quick: boolean;
}

/** First rounds of one contestant with so many MACs. Times are in µs. */
export interface FirstRound {
  contestant: string;
  macs: number;
  /** From the kernel's message to the first frame on the far side; null for one that is told to send. */
  toFirst: Spread | null;
  firstToLast: Spread | null;
  /** Whether every MAC came exactly once, every time. */
  everyMacOnce: boolean;
  /** The fewest MACs and the most frames that came in a round. */
  fewestMacs: number;
  mostFrames: number;
}

/** In the place of a name: the build of another checkout, in turns with this one. */
export const OTHER_BUILD = 'the other build';

/** What a guest gets through the bond while somebody listens there. */
export interface SnoopingCost {
  way: string;
  load: string;
  /** Median of frames a second that arrive; of bytes for TCP. */
  rate: number;
  /** Median, over the pairs, of the rate to that of the first way in the same pair. */
  ratio: number;
  pairs: number;
}

/** Who helps a silent guest at the speed of carrier. */
export const AT_CARRIER_LOSS = 'bondherald, onCarrierLoss';
export const TOLD_OF_CARRIER = 'Open vSwitch, told of carrier';

/** How long a silent guest was dark after its link failed. */
export interface Outage {
  helper: string;
  miimon: number;
  /** Of the runs in which it came back. */
  milliseconds: Spread | null;
  /** The runs in which it did not. */
  forGood: number;
}

/** How soon the first frame left while something kept the daemon busy; in µs. */
export interface Disturbed {
  disturbance: string;
  /** How busy, in words. */
  strength: string;
  /** From the kernel's message to the far side, by the kernel's clock. */
  outside: Spread | null;
  /** From the message's arrival in the daemon to the system call, as the daemon logs it. */
  inside: Spread | null;
  switches: number;
}

/** How long a scrape takes; in µs. */
export interface Scrape {
  guests: number;
  bytes: number;
  time: Spread | null;
  /** From a message's arrival in the failover thread to its first frame; in µs. */
  firstFrame: { quiet: Spread | null; scraped: Spread | null };
}

/** What the daemon takes when nothing happens. */
export interface Idle {
  guests: number;
  /** Resident, the files of Node.js itself included, and without what files back. */
  megabytes: number;
  ownMegabytes: number;
  cpuPercent: number;
  seconds: number;
}

/** What guests with a static row in every VLAN cost. Medians. */
export interface StaticRows {
  contestant: string;
  guests: number;
  /** Of the bridge's forwarding database. */
  rows: number;
  runs: number;
  /** From the daemon's start to the word `ready` in its log. */
  readyMs: number;
  /** Resident, when it is ready. */
  megabytes: number;
  /** From a failover to the first gratuitous ARP of the guest that is last; and what the default rate asks for. */
  lastGarpMs: number;
  /** How many guests had none. */
  without: number;
  rateAloneMs: number;
}

/** What a start takes natively, in ms. */
export interface Start {
  what: string;
  contestant: string;
  milliseconds: Spread;
}

/** What guests cost at rest, and how long it takes until all their addresses are announced at unlimited rates. Medians. */
export interface Memory {
  contestant: string;
  guests: number;
  /** Whether each has said an IPv4 and an IPv6 address. */
  addresses: boolean;
  megabytes: number;
  ownMegabytes: number;
  /** From a failover to the last gratuitous ARP and NA; null without addresses. And how many addresses had none. */
  lastMs: number | null;
  missing: number;
  runs: number;
}

/** The first round of guests that are in a group each: times in µs, from the failover. */
export interface GroupsCost {
  contestant: string;
  guests: number;
  runs: number;
  lastRarp: Spread | null;
  /** The last frame of any kind. */
  end: Spread | null;
  /** Memberships said again, at least. */
  frames: number;
}

/** From the daemon's start to the word `ready` in its log on a host with so many bonds. Medians. */
export interface ManyBonds {
  bonds: number;
  contestant: string;
  readyMs: number;
  runs: number;
}

/** What one piece of work costs at several sizes: in ms, unless the words say something else. */
export interface Growth {
  what: string;
  /** Numbers of guests. */
  sizes: number[];
  figures: number[];
  /** Of the other build; null for none. */
  others: number[] | null;
}

/** All figures, by section. */
export interface Results {
  /** Measured on this machine's own kernel. */
  start: Start[];
  firstRound: FirstRound[];
  outage: Outage[];
  disturbed: Disturbed[];
  scrape: Scrape[];
  idle: Idle[];
  memory: Memory[];
  bonds: ManyBonds[];
  staticRows: StaticRows[];
  groups: GroupsCost[];
  growth: Growth[];
  snooping: { daemon: SnoopingCost[]; ways: SnoopingCost[] };
}
