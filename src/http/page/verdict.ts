import type { SuppressReason } from '../../guests/verdict.js';
import { count, type Tone } from './parts.js';
import type { PageBond, PageValues } from './query.js';

/** How the host stands as a whole, in one sentence and in figures. */
export interface Verdict {
  readonly tone: Tone;
  readonly words: string;
  /** In a word or two. */
  readonly short: string;
  readonly links: number;
  /** Links that are up and have carrier. */
  readonly working: number;
  readonly announced: number;
  readonly left: number;
  readonly failovers: number;
  /** Those of the doctor; null where it could not look. */
  readonly warnings: number | null;
}

const NAMED = 4;

export function verdictOf({ bonds, diagnosis }: PageValues): Verdict {
  const figures = figuresOf(bonds);
  const warnings =
    typeof diagnosis === 'string' ? null : diagnosis.findings.filter(({ level }) => level === 'warning').length;
  return { ...sentence(bonds, figures.announced, warnings), ...figures, warnings };
}

function sentence(
  bonds: readonly PageBond[],
  announced: number,
  warnings: number | null,
): Pick<Verdict, 'tone' | 'words' | 'short'> {
  if (bonds.length === 0) return { tone: 'off', words: 'No active-backup bond to watch', short: 'no bond' };
  const dark = bonds.filter(({ activeSlave }) => activeSlave === null);
  if (dark.length > 0) return { tone: 'bad', words: `No active link: ${names(dark)}`, short: 'no active link' };
  const alone = bonds.filter(({ slaves }) => slaves.filter(works).length < 2);
  const ready = `${count(announced, 'guest')} would be announced at a failover`;
  if (alone.length > 0)
    return {
      tone: 'warn',
      words: `Only one working link: ${names(alone)}`,
      short: 'one link left',
    };
  if (warnings !== null && warnings > 0)
    return {
      tone: 'warn',
      words: `${ready}; ${count(warnings, 'warning')} to fix first`,
      short: count(warnings, 'warning'),
    };
  return { tone: 'good', words: `Ready: ${ready}`, short: 'ready' };
}

function names(bonds: readonly PageBond[]): string {
  const rest = bonds.length - NAMED;
  const named = bonds.slice(0, NAMED).map(({ bond }) => bond);
  return `${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

const works = ({ up, carrier }: PageBond['slaves'][number]): boolean => up && carrier;

function figuresOf(
  bonds: readonly PageBond[],
): Pick<Verdict, 'links' | 'working' | 'announced' | 'left' | 'failovers'> {
  const sum = (figure: (bond: PageBond) => number): number => bonds.reduce((all, bond) => all + figure(bond), 0);
  return {
    links: sum(({ slaves }) => slaves.length),
    working: sum(({ slaves }) => slaves.filter(works).length),
    announced: sum(({ guests }) => guests.announced),
    left: sum(({ guests }) => Object.values(guests.suppressed).reduce((all, some) => all + some, 0)),
    failovers: sum(({ failovers }) => failovers ?? 0),
  };
}

const WORDS: Readonly<Record<SuppressReason, string>> = {
  'seen-on-uplink': 'its MAC was received on the bond, so it may run elsewhere',
  'other-bond': 'it leaves by another bond of this host now',
  standby: 'its guest has a passed-through device plugged to use in its place',
  paused: 'libvirt has it paused here and it has not run yet, so it may run elsewhere',
  'vlan-not-on-uplink': 'the bond port does not carry its VLAN',
  'uplink-not-forwarding': 'spanning tree blocks the bond port',
  'uplink-down': 'a device between guest and bond is down',
  'virtual-router': 'shared router MAC: announcing it could cut off the gateway',
  excluded: 'excluded by the configuration',
  'too-many': 'too many guests behind the bond',
  unexplained: 'heard, explained by nothing, and guests.heardFor is 0s',
};

/** Why a guest is not announced, for people. */
export function reasonWords(reason: string): string {
  return WORDS[reason as SuppressReason] ?? reason;
}
