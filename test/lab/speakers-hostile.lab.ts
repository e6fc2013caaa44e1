import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as say from '../support/say.js';
import { until } from '../support/until.js';
import { type Difference, FarSide } from './net/attacks.js';
import { labWithDaemon, ONE_BURST } from './net/daemon.js';
import { BOND, type Guest, type Hypervisor } from './net/hypervisor.js';
import type { Lab } from './net/lab.js';

/*
 * What a station that nothing explains can make the far side hear at the next failover. SECURITY.md tells it; each test
 * here is a line there. The attacker sits in another network namespace and sends any frame in VLAN 10.
 */

const GATEWAY = '52:54:00:aa:00:01';
const ADDRESS = '192.0.2.254';
const NOTHING: Difference = { added: [], gone: [] };

/** A sixteenth of it is for stations that only were heard. */
const TOTAL = 320;
const CONFIG = `${ONE_BURST}\nguests: {limits: {total: ${TOTAL}, perPort: 64}}`;

function shape(hv: Hypervisor): void {
  hv.bridge('br905');
  hv.port('br905', hv.vlan(BOND, 905));
  hv.guest('br905', { wire: [905] }); // speaks last before each failover
  hv.guest('br905', { wire: [905] });
  const lower = hv.vlan(BOND, 10);
  hv.macvlan(lower, { wire: [10] });
  hv.macvlan(lower, { moved: true, wire: [10] });
}

class Scene {
  #count = 0;

  constructor(
    readonly lab: Lab,
    readonly far: FarSide,
    readonly attacker: Guest,
    readonly other: Guest,
    readonly neighbour: Guest,
  ) {}

  /** The attacker sends frames, and a failover comes when the daemon has decided on all of them. */
  async after(...frames: Buffer[]): Promise<Difference> {
    const last = `06:00:00:00:ff:${(0x10 + ++this.#count).toString(16)}`;
    const { netns, device } = this.attacker;
    this.lab.inject(netns, device, ...frames);
    const isDecided = (): Promise<boolean> => {
      this.lab.inject(netns, device, say.rarp({ src: last }));
      return this.far.announces(last);
    };
    await until(isDecided, { what: 'what came last is decided on', every: 100 });
    const { added, gone } = await this.far.after();
    return { added: added.filter((word) => !word.includes(last)), gone };
  }

  /** The owner of a MAC speaks outside, until the daemon knows that. */
  async untilAway(mac: string): Promise<void> {
    const isAway = async (): Promise<boolean> => {
      this.lab.inject('client', 'eth0', say.arp({ src: mac, tags: [10] }, { spa: ADDRESS, tpa: ADDRESS }));
      return !(await this.far.announces(mac));
    };
    await until(isAway, { what: `${mac} is elsewhere`, every: 100 });
  }
}

const garp = (src: string, ip: string): Buffer => say.arp({ src }, { spa: ip, tpa: ip });

/** Until its owner is heard: then not before the attacker has sent it again, which misleads the switches by itself. */
async function macOfGateway(scene: Scene): Promise<void> {
  const words = [`garp ${GATEWAY} ${ADDRESS} [10]`, `rarp ${GATEWAY} [10]`];
  assert.deepEqual(await scene.after(garp(GATEWAY, ADDRESS)), { added: words, gone: [] });
  await scene.untilAway(GATEWAY);
  assert.deepEqual(await scene.after(), { added: [], gone: words });
}

async function macOfGuestHere(scene: Scene): Promise<void> {
  const { neighbour, other } = scene;
  assert.deepEqual(await scene.after(say.rarp({ src: neighbour.mac })), NOTHING, 'it is behind this bond anyway');
  const { added, gone } = await scene.after(say.rarp({ src: other.mac }));
  assert.deepEqual(
    { added, gone },
    { added: [`rarp ${other.mac} [10]`], gone: [] },
    'of another VLAN: in this one too',
  );
}

async function sharedMacs(scene: Scene): Promise<void> {
  const shared = ['00:00:5e:00:01:01', '00:00:5e:00:02:01', '00:00:0c:07:ac:01', '00:00:0c:9f:f0:01'];
  const frames = [...shared, '00:07:b4:00:01:01', '02:bf:01:02:03:04'].map((src) => garp(src, '192.0.2.66'));
  assert.deepEqual(await scene.after(...frames), NOTHING);
}

async function addressOfAnother(scene: Scene): Promise<void> {
  const { attacker, neighbour, lab } = scene;
  lab.inject('hv', neighbour.device, garp(neighbour.mac, '192.0.2.7'));
  const own = await scene.after();
  assert.deepEqual(own, { added: [`garp ${neighbour.mac} 192.0.2.7 [10]`], gone: [] });
  const taken = await scene.after(garp(attacker.mac, '192.0.2.7'));
  const word = `garp ${attacker.mac} 192.0.2.7 [10]`;
  assert.deepEqual(taken, { added: [word], gone: own.added }, 'as any guest: whoever claimed it last');
}

async function inventions(scene: Scene): Promise<void> {
  const macs = Array.from({ length: 200 }, (_, n) => `06:00:00:00:01:${n.toString(16).padStart(2, '0')}`);
  scene.lab.inject(scene.attacker.netns, scene.attacker.device, ...macs.map((src) => say.rarp({ src })));
  await until(async () => await scene.far.announces(macs[0] ?? ''), { what: 'the first is announced' });
  const all = await scene.far.failover();
  const heard = all.filter((word) => word.startsWith('rarp') && word.endsWith('[10]'));
  assert.ok(heard.length <= TOTAL / 16 + 1, `${heard.length} are announced in that VLAN`);
  for (const { mac } of [scene.other, scene.neighbour])
    assert.ok(
      all.some((word) => word.startsWith(`rarp ${mac}`)),
      mac,
    );
}

test('what a station that nothing explains does to others is heard on the far side as SECURITY.md tells', async (t) => {
  const { lab, daemon } = await labWithDaemon(t, { config: CONFIG, attach: shape, teach: false });
  const [witness, other, neighbour, attacker] = lab.guests;
  assert.ok(witness && other && neighbour && attacker);
  lab.speakOnce(other);
  const scene = new Scene(lab, new FarSide(lab, daemon, witness), attacker, other, neighbour);
  await scene.after(say.rarp({ src: attacker.mac }));
  for (const attack of [macOfGateway, macOfGuestHere, sharedMacs, addressOfAnother, inventions])
    await t.test(attack.name, () => attack(scene));
});
