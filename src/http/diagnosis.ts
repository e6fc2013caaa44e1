import type { Config } from '../config/config.js';
import { diagnose } from '../doctor/diagnose.js';
import type { GuestFacts } from '../doctor/facts.js';
import { describeGuest, describeLimits, type GuestDescription } from '../guests/description.js';
import type { SuppressReason } from '../guests/verdict.js';
import type { PageDiagnosis } from './page/query.js';
import type { Clock } from '../sys/clock.js';
import { readProcess } from '../sys/process/process-facts.js';
import { servedBonds } from '../topology/bonds.js';
import type { Topology } from '../topology/topology.js';
import { isHasty } from '../host/doctor/bonds.js';
import { readPorts } from '../host/doctor/bridges.js';
import { readFacts, unreadLine } from '../host/doctor/facts.js';
import type { StandbyOf } from '../host/standby.js';
import type { OvsFollower } from '../host/ovs/follower.js';
import type { Hearing } from '../sources/hearing.js';
import type { BondId } from '../topology/bond-id.js';
import type { GuestLookup } from './page-guests.js';
import { Slices } from '../tasks/slices.js';
import { oneLine } from '../errors.js';

/** A diagnosis is valid for so long, in seconds, unless the bonds change. */
const HOLDS = 30;

/** The guests that the doctor looks at, and so many of each bond. */
const WORTH_A_LOOK: ReadonlySet<SuppressReason> = new Set<SuppressReason>(['seen-on-uplink', 'vlan-not-on-uplink']);
const GUESTS_LOOKED_AT = 1024;

/** The configuration as it is now: a reload may change it. */
export interface CurrentConfig {
  readonly current: Config;
}

/** What a diagnosis is made of. */
export interface DiagnosisParts {
  readonly settings: CurrentConfig;
  readonly lookup: () => GuestLookup;
  readonly ovs: Pick<OvsFollower, 'knowledge' | 'tableSizes'>;
  readonly hearingOf: (bond: BondId) => Hearing;
  readonly standbyOf: StandbyOf;
  readonly clock: Pick<Clock, 'monotonic' | 'unix' | 'soon'>;
}

/** The doctor of a daemon that runs: looks when somebody asks, and not again before 30 s have passed. */
export class Diagnosis {
  private held: { readonly result: PageDiagnosis | string; readonly at: number; readonly key: string } | null = null;

  constructor(private readonly parts: DiagnosisParts) {}

  /** What there is to say of this host; a text: why nobody knows. Never rejects. */
  async current(): Promise<PageDiagnosis | string> {
    const key = shapeOf(this.parts.lookup().host.topology);
    const at = this.parts.clock.monotonic();
    if (this.held?.key === key && at - this.held.at < HOLDS) return this.held.result;
    const result = await this.look().catch(oneLine);
    this.held = { result, at, key };
    return result;
  }

  private async look(): Promise<PageDiagnosis> {
    const { lookup, ovs, clock, hearingOf, standbyOf } = this.parts;
    const unread: string[] = [];
    const note = (what: string): void => void unread.push(unreadLine(what));
    const { host, bonds } = lookup();
    const { topology } = host;
    const heard = servedBonds(topology).filter(({ ifindex }) => bonds.has(ifindex));
    const process = await readProcess('self');
    if (process === null) note('/proc/self');
    const known = ovs.knowledge.config();
    const facts = await readFacts(
      {
        config: this.parts.settings.current,
        topology,
        subject: process && { process, isDaemon: true },
        guests: await this.guests(note),
        ovs: known && { config: known, macs: ovs.tableSizes },
        hearings: new Map(heard.map(({ name, ifindex }) => [name, hearingOf(ifindex)])),
        standby: standbyOf(),
      },
      note,
    );
    if (facts.bonds.some(isHasty)) note('spanning tree of the switches (bondherald doctor listens for BPDUs)');
    return { findings: diagnose(facts), unread, at: clock.unix() };
  }

  /** Those that the doctor has to do with: who is announced is well. */
  private async guests(note: (what: string) => void): Promise<GuestFacts> {
    const { host, bonds, now } = this.parts.lookup();
    const slices = new Slices(this.parts.clock);
    const looked: { bond: string; guests: GuestDescription[] }[] = [];
    let count = 0;
    for (const { ifindex, name } of servedBonds(host.topology)) {
      const guests: GuestDescription[] = [];
      looked.push({ bond: name, guests });
      for (const some of bonds.get(ifindex)?.countBySource().values() ?? []) count += some;
      for (const mac of bonds.get(ifindex)?.leftOut(WORTH_A_LOOK) ?? []) {
        if (slices.isOver) await slices.pause();
        if (guests.length >= GUESTS_LOOKED_AT) {
          note(`guests of ${name} that are not announced, beyond the first ${GUESTS_LOOKED_AT}`);
          break;
        }
        for (const verdict of host.verdicts(mac)) {
          if (verdict.bond === ifindex) guests.push(describeGuest(host, verdict, now, verdict.suppressed));
        }
      }
    }
    return {
      bonds: looked,
      limits: describeLimits(host),
      count,
      ports: readPorts(host.topology),
      devices: [...host.topology.allLinks()].length,
    };
  }
}

/** Differs when the bonds stand otherwise, so that a diagnosis of them is out of date. */
function shapeOf(topology: Topology): string {
  const bonds = servedBonds(topology).map(({ name, activeSlave, slaves }) => [
    name,
    activeSlave?.name,
    ...slaves.map((slave) => [slave.name, slave.up, slave.lowerUp]),
  ]);
  return JSON.stringify(bonds);
}
