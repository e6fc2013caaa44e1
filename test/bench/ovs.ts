import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/until.js';
import { chatter } from '../lab/net/frames.js';
import type { Lab } from '../lab/net/lab.js';
import { OpenVSwitch, withoutPlainBridge } from '../lab/net/ovs.js';
import { macOf } from './macs.js';

const BRIDGE = 'ovs0';
const BOND = 'ovsbond';
/** Frames handed over before the switch is given time to take them in. */
const SLICE = 500;

/** How the bond notices that a link has failed: by the device's carrier, or by asking the driver every so many ms. */
export type Detect = 'carrier' | number;

/** Open vSwitch's bridge and bond in place of the kernel's. */
export class OvsBond {
  private constructor(
    private readonly lab: Lab,
    private readonly ovs: OpenVSwitch,
  ) {}

  /** Takes the links and the guests' ports over. It ends with the lab. */
  static async start(lab: Lab, { detect, macs }: { detect: Detect; macs: number }): Promise<OvsBond> {
    const ports = await withoutPlainBridge(lab);
    const bond = new OvsBond(lab, await OpenVSwitch.start(lab));
    await bond.configure(ports, detect, macs);
    return bond;
  }

  /** The slave that the bond sends by. */
  async activeSlave(): Promise<string | null> {
    const text = await this.ovs.appctl('bond/show', BOND);
    return /^(?:slave|member) (\S+): enabled\n\s+active/m.exec(text)?.[1] ?? null;
  }

  async setActive(slave: string): Promise<void> {
    await this.ovs.appctl('bond/set-active-slave', BOND, slave);
    await until(async () => (await this.activeSlave()) === slave, {
      what: `Open vSwitch sends by ${slave}`,
      every: 20,
    });
  }

  /** Waits until the bond holds the slave to be up. */
  async untilUp(slave: string): Promise<void> {
    const up = new RegExp(`^(?:slave|member) ${slave}: enabled`, 'm');
    await until(async () => up.test(await this.ovs.appctl('bond/show', BOND)), { what: `${slave} is up`, every: 20 });
  }

  /** Has the first guest speak with the first `count` MACs until the switch has learned them all. */
  async learn(count: number): Promise<void> {
    const [guest] = this.lab.guests;
    if (!guest) throw new Error('a lab without guests');
    for (;;) {
      const known = new Set((await this.ovs.appctl('fdb/show', BRIDGE)).match(/52:54:01:[0-9a-f:]{8}/g));
      const missing = Array.from({ length: count }, (_, n) => macOf(n)).filter((mac) => !known.has(mac));
      if (missing.length === 0) return;
      for (let first = 0; first < missing.length; first += SLICE) {
        this.lab.inject(guest.netns, guest.device, ...missing.slice(first, first + SLICE).map((mac) => chatter(mac)));
        await sleep(SLICE / 10);
      }
    }
  }

  private async configure(ports: readonly string[], detect: Detect, macs: number): Promise<void> {
    const mode =
      detect === 'carrier'
        ? ['bond-detect-mode=carrier']
        : ['bond-detect-mode=miimon', `bond-miimon-interval=${detect}`];
    const table = [`other_config:mac-table-size=${macs + 1000}`, 'other_config:mac-aging-time=3600'];
    await this.ovs.addBridge(BRIDGE, ...table);
    await this.ovs.vsctl(
      ...['add-bond', BRIDGE, BOND, 'up1', 'up2', 'bond_mode=active-backup', '--', 'set', 'port', BOND],
      ...mode.map((option) => `other_config:${option}`),
      ...ports.flatMap((port) => ['--', 'add-port', BRIDGE, port]),
    );
    await this.setActive('up1');
  }
}
