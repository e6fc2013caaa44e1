import { ask } from '../../../src/cli/ask.js';
import * as say from '../../support/say.js';
import { until } from '../../support/until.js';
import { capture } from './capture.js';
import type { Daemon } from './daemon.js';
import type { Guest } from './hypervisor.js';
import type { Lab } from './lab.js';
import { words } from './words.js';

/** What was announced at a failover that was not at the one before, and the other way round. */
export interface Difference {
  added: string[];
  gone: string[];
}

/** Addresses by which the witness says that all before has been heard. */
const WITNESS_NET = '198.51.100.';

/** What may be an announcement, with any number of tags. To libpcap everything behind `vlan` is about what the tag holds. */
const ANNOUNCEMENTS = 'rarp or arp or icmp6 or vlan';

/**
 * Failover after failover, heard on the far side. Of the guests one is a witness: it speaks last before each, and when
 * the daemon knows what it said, it knows what all others said before.
 */
export class FarSide {
  #said: string[] = [];
  #count = 0;

  constructor(
    private readonly lab: Lab,
    private readonly daemon: Daemon,
    private readonly witness: Guest,
  ) {}

  /** Has guests send frames, and fails over once the daemon has heard them. @returns how the announcements differ */
  async after(...sent: readonly (readonly [Guest, ...Buffer[]])[]): Promise<Difference> {
    for (const [guest, ...frames] of sent) this.lab.inject(guest.netns, guest.device, ...frames);
    const before = new Set(this.#said);
    // An NA is not repeated within a second (RFC 4861 section 7.2.6): what was said once, may be missing now.
    const advertised = this.#said.filter((word) => word.startsWith('na '));
    const after = new Set((this.#said = [...new Set([...(await this.failover()), ...advertised])].sort()));
    return { added: [...after].filter((word) => !before.has(word)), gone: [...before].filter((w) => !after.has(w)) };
  }

  /** Fails over. @returns what is announced, the witness's own addresses aside */
  async failover(): Promise<string[]> {
    const ip = `${WITNESS_NET}${++this.#count}`;
    await this.#heard(ip);
    const far = capture(this.lab, 'client', 'eth0', { filter: ANNOUNCEMENTS });
    const over = this.#over();
    this.lab.setActiveNow(this.lab.activeSlave() === 'up1' ? 'up2' : 'up1');
    await until(() => this.#over() > over, { what: 'the announcement is over', every: 5 });
    await far.settled();
    far.stop();
    return words(far).filter((word) => !word.includes(` ${WITNESS_NET}`));
  }

  /** Whether a MAC would be announced now, in a VLAN or in any. */
  async announces(mac: string, vlan?: number): Promise<boolean> {
    const { result } = await ask({ op: 'guests', bond: null });
    const isMeant = (guest: { readonly mac: string; readonly vlan: number | null }): boolean =>
      guest.mac === mac && (vlan === undefined || guest.vlan === vlan);
    return result.bonds.some(({ guests }) => guests.some((guest) => isMeant(guest) && guest.announced));
  }

  #over(): number {
    return this.daemon.stderr.split('announcement finished').length;
  }

  async #heard(ip: string): Promise<void> {
    const { mac, netns, device } = this.witness;
    this.lab.inject(netns, device, say.arp({ src: mac }, { spa: ip, tpa: ip }));
    const knows = async (): Promise<boolean> =>
      JSON.stringify((await ask({ op: 'guests', bond: null })).result).includes(`"${ip}"`);
    await until(knows, { what: `the daemon knows ${ip}`, every: 20 });
  }
}
