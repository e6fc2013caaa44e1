import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { blockFor } from '../../../src/sys/clock.js';
import { until } from '../../support/until.js';
import { buildTopology, removeNamespaces, setImpairment, type LabOptions } from './build.js';
import { chatter } from './frames.js';
import { BOND, HYPERVISOR, type Guest } from './hypervisor.js';
import { ip, json, runBatches } from './ip.js';
import { inNetns } from './netns.js';
import { changeActiveSlave, FrameSender, isRunning, setUp } from './sockets.js';
import { emptyStateFolder } from './state-folder.js';

/** States of a port (IEEE 802.1AX 6.4.2.3): it may be used; it has heard of no partner. */
const LACP_SYNC = 0x08;
const LACP_DEFAULTED = 0x40;

/** Two switches, a hypervisor bonded to both, a client behind each, and guests: see README.md for the picture. */
export class Lab {
  readonly guests: readonly Guest[];
  readonly #namespaces: readonly string[];
  readonly #options: LabOptions;
  readonly #cleanUps: (() => unknown)[] = [];
  readonly #senders = new Map<string, FrameSender>();

  private constructor(guests: readonly Guest[], namespaces: readonly string[], options: LabOptions) {
    this.guests = guests;
    this.#namespaces = namespaces;
    this.#options = options;
  }

  /** Builds it; its bond sends by up1, towards the first switch. Rejects with the step that failed. */
  static async build(options: LabOptions = {}): Promise<Lab> {
    emptyStateFolder();
    const { hv, namespaces } = await buildTopology(options);
    const lab = new Lab(hv.guests, namespaces, options);
    try {
      await lab.#settleOnFirstLink();
      if (options.teach ?? true) await lab.teach();
      return lab;
    } catch (error) {
      await lab.destroy();
      throw error;
    }
  }

  /** Has something done when the lab goes; the last registered goes first. */
  onDestroy(cleanUp: () => unknown): void {
    this.#cleanUps.push(cleanUp);
  }

  /** Ends what was registered, then removes the namespaces with all that is in them. Rejects with what went wrong. */
  async destroy(): Promise<void> {
    const errors: unknown[] = [];
    for (const cleanUp of this.#cleanUps.splice(0).reverse()) {
      try {
        await cleanUp();
      } catch (error) {
        errors.push(error);
      }
    }
    this.#senders.forEach((sender) => sender.close());
    await removeNamespaces(this.#namespaces);
    if (errors.length > 0) throw errors[0];
  }

  /** The guest of that name. Throws if there is none. */
  guest(name: string): Guest {
    const found = this.guests.find((guest) => guest.name === name);
    if (found === undefined) throw new Error(`this lab has no guest ${name}`);
    return found;
  }

  /** The slave the bond sends by, or null; with LACP the first of those that it sends by. */
  activeSlave(): string | null {
    const [head = '', ...slaves] = this.#bondFile().split('Slave Interface: ');
    const aggregator = /^\s*Aggregator ID: (\d+)$/m.exec(head)?.[1];
    const sends = new RegExp(`^MII Status: up$[^]*^Aggregator ID: ${String(aggregator)}$`, 'm');
    if (aggregator !== undefined) return /^\S+/.exec(slaves.find((text) => sends.test(text)) ?? '')?.[0] ?? null;
    return /^Currently Active Slave: (?!None)(\S+)/m.exec(this.#bondFile())?.[1] ?? null;
  }

  /** Waits until the bond sends by that slave (null: by none). */
  async untilActive(slave: string | null, timeout = 20_000): Promise<void> {
    await until(() => this.activeSlave() === slave, { what: `the bond sends by ${String(slave)}`, timeout, every: 5 });
  }

  /** Takes the carrier off an uplink, at the switch's end; that switch forgets what it learned there. */
  async cutLink(n: 1 | 2): Promise<void> {
    await ip(`sw${n}`, ['link set p-hv down']);
  }

  async mendLink(n: 1 | 2): Promise<void> {
    await ip(`sw${n}`, ['link set p-hv up']);
  }

  /** As cutLink, within the call: for what must happen in the next millisecond. */
  cutLinkNow(n: 1 | 2): void {
    setUp(`sw${n}`, 'p-hv', false);
  }

  /** Takes the carrier off an uplink within the call, for as long as the kernel needs to tell of it. */
  flapLink(n: 1 | 2): void {
    this.cutLinkNow(n);
    for (let tries = 0; isRunning(HYPERVISOR, `up${n}`) && tries < 5000; tries++) blockFor(0.001);
    setUp(`sw${n}`, 'p-hv', true);
  }

  /** Switches the active slave as an administrator does. The slave must be up. */
  async setActive(slave: string): Promise<void> {
    await ip(HYPERVISOR, [`link set ${BOND} type bond active_slave ${slave}`]);
  }

  /** Does the same within the call: for what must happen in the next millisecond. */
  setActiveNow(slave: string): void {
    changeActiveSlave(HYPERVISOR, BOND, slave);
  }

  /** A device's current MAC address, in the hypervisor or the namespace given. */
  async macOf(device: string, netns = HYPERVISOR): Promise<string> {
    const [link] = (await json('ip', netns, 'link', 'show', device)) as { address: string }[];
    return link?.address ?? '';
  }

  /** Waits until the bond holds the slave to be up, so that it can be made the active one. */
  async untilUp(slave: string, timeout = 20_000): Promise<void> {
    await until(() => this.slaveUp(slave), { what: `${slave} is up`, timeout });
  }

  /**
   * Each link and its switch know each other. A port that has just come waits for 2 s before that (IEEE 802.1AX
   * 6.4.9: Aggregate_Wait_Time). The bond may send by either; the link that is not used is not in step.
   */
  async untilLacpAgrees(): Promise<void> {
    const agreed = (): boolean => {
      const [, ...slaves] = this.#bondFile().split('Slave Interface: ');
      return slaves.every((text) => {
        const [actor = LACP_DEFAULTED, partner = 0] = [...text.matchAll(/port state: (\d+)$/gm)].map(([, n]) =>
          Number(n),
        );
        return (actor & LACP_DEFAULTED) === 0 && (partner & LACP_SYNC) !== 0;
      });
    };
    const what = 'the switches have agreed to LACP';
    await until(() => agreed() && this.activeSlave() !== null, { what: `${what}:\n${this.#bondFile()}` });
  }

  /** Whether the bond holds the slave to be up. */
  slaveUp(slave: string): boolean {
    return new RegExp(`^Slave Interface: ${slave}\\nMII Status: up$`, 'm').test(this.#bondFile());
  }

  /** Whether the bond waits for the updelay of a slave that is back. */
  linkGoesBack(slave: string): boolean {
    return new RegExp(`^Slave Interface: ${slave}\\nMII Status: going back$`, 'm').test(this.#bondFile());
  }

  /** Loses all frames between the switches; no carrier changes, so no switch forgets anything. */
  async cutBetweenSwitches(): Promise<void> {
    await setImpairment({ delayMs: this.#options.latencyMs ?? 0, lose: true });
  }

  async mendBetweenSwitches(): Promise<void> {
    await setImpairment({ delayMs: this.#options.latencyMs ?? 0, lose: false });
  }

  /** Loses all the gateway's frames both ways; no carrier changes. */
  async cutGateway(): Promise<void> {
    await this.#gatewayLoss(true);
  }

  async mendGateway(): Promise<void> {
    await this.#gatewayLoss(false);
  }

  /** Has a guest send one broadcast frame, or one with each of these source addresses. */
  speakOnce(guest: Guest, ...macs: string[]): void {
    const sources = macs.length > 0 ? macs : [guest.mac];
    this.inject(guest.netns, guest.device, ...sources.map((mac) => chatter(mac)));
  }

  /** Sends frames as they are out of a device, as its host would. */
  inject(netns: string, device: string, ...frames: Uint8Array[]): void {
    const sender = this.#senders.get(netns) ?? new FrameSender(netns);
    this.#senders.set(netns, sender);
    sender.send(device, frames);
  }

  /** Has guests speak until both switches know them: a fresh veth may lose its first frames. */
  async teach(guests: readonly Guest[] = this.guests): Promise<void> {
    guests.forEach((guest) => this.speakOnce(guest));
    const reachable = guests.filter((guest) => guest.wire !== null);
    const what = 'both switches know the guests';
    const all = async (): Promise<boolean> => {
      const missing: Guest[] = [];
      for (const name of ['sw1', 'sw2']) {
        const known = await this.learned(name);
        missing.push(...reachable.filter((guest) => !known.has(guest.mac)));
      }
      missing.forEach((guest) => this.speakOnce(guest));
      return missing.length === 0;
    };
    await until(all, { what, every: 50 });
  }

  /** What the bridges of a namespace have learned, a switch's or the hypervisor's: MAC to port. */
  async learned(name: string): Promise<Map<string, string>> {
    const rows = (await json('bridge', name, 'fdb', 'show')) as { mac: string; ifname: string; state?: string }[];
    return new Map(rows.filter((row) => row.state !== 'permanent').map((row) => [row.mac, row.ifname]));
  }

  async #settleOnFirstLink(): Promise<void> {
    const up = (): boolean => this.slaveUp('up1') && this.slaveUp('up2');
    await until(up, { what: `both slaves are up:\n${this.#bondFile()}` });
    if (this.#options.lacp) return this.untilLacpAgrees();
    if (this.activeSlave() !== 'up1') await this.setActive('up1');
    await this.untilActive('up1');
  }

  async #gatewayLoss(lose: boolean): Promise<void> {
    const { behind } = this.#options.gateway ?? {};
    if (behind === undefined) throw new Error('this lab has no gateway');
    const loss = lose ? 'loss 100%' : '';
    await runBatches([
      { tool: 'tc', netns: 'gw', lines: [`qdisc replace dev eth0 root netem ${loss}`] },
      { tool: 'tc', netns: `sw${behind}`, lines: [`qdisc replace dev p-gw root netem ${loss}`] },
    ]);
  }

  #bondFile(): string {
    return inNetns(HYPERVISOR, () => readFileSync(`/proc/thread-self/net/bonding/${BOND}`, 'utf8'));
  }
}

/** Builds a lab for one test, and removes it when the test ends. */
export async function labFor(t: TestContext, options: LabOptions = {}): Promise<Lab> {
  const lab = await Lab.build(options);
  t.after(() => lab.destroy());
  return lab;
}
