/**
 * Makes test/unit/fixtures/ovs.json anew: boots the lab, has the real ovsdb-server and ovs-vswitchd do what people do
 * with them, and writes down what came from their sockets, byte for byte.
 *
 *     node build/test/support/record-ovs.js
 */
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { MONITOR_PARAMS } from '../../src/sources/ovs/database.js';
import { encodeRequest } from '../../src/sources/ovs/json-rpc.js';
import { chatter } from '../lab/net/frames.js';
import { HYPERVISOR, plainBridge } from '../lab/net/hypervisor.js';
import { ip } from '../lab/net/ip.js';
import { Lab } from '../lab/net/lab.js';
import { OpenVSwitch, OVS_FOLDER, withoutPlainBridge } from '../lab/net/ovs.js';
import { bootUml } from '../lab/world/uml.js';
import { FIXTURES } from './fixtures.js';
import type { OvsPart } from './ovs-recording.js';

const MARK = '@@recording ';
const INSIDE = 'inside';

/** One connection to a socket, and what comes from it between steps. */
class Tap {
  readonly parts: OvsPart[] = [];
  private said = '';
  private readonly socket: net.Socket;

  constructor(file: string) {
    this.socket = net.connect({ path: `${OVS_FOLDER}/${file}` });
    this.socket.setEncoding('utf8').on('data', (text: string) => (this.said += text));
    this.socket.on('error', () => undefined);
  }

  /** Takes a step and keeps what came until nothing does for 400 ms. */
  async step(what: string, take: () => unknown): Promise<void> {
    await take();
    for (let length = -1; length !== this.said.length || length === 0;) {
      length = this.said.length;
      await sleep(400);
    }
    this.parts.push({ what, bytes: this.said });
    this.said = '';
  }

  async ask(method: string, ...params: unknown[]): Promise<void> {
    await this.step([method, ...params.filter((each) => typeof each === 'string')].join(' '), () =>
      this.socket.write(encodeRequest(1, method, params)),
    );
  }

  close(): void {
    this.socket.destroy();
  }
}

/** A port of every kind that matters. */
async function configure(ovs: OpenVSwitch, lab: Lab): Promise<void> {
  await withoutPlainBridge(lab);
  await ovs.addBridge('ovs0', 'other_config:mac-aging-time=600');
  await ovs.addBridge('ovs1', 'fail_mode=secure');
  const port = (name: string, ...settings: string[]): string[] => ['--', 'add-port', 'ovs0', name, ...settings];
  await ovs.vsctl(
    ...port('tap1'),
    ...port('tap2', 'tag=905'),
    ...port('tap3', 'vlan_mode=native-untagged', 'tag=7', 'trunks=0,8,9'),
    ...port('tap4', 'vlan_mode=dot1q-tunnel', 'tag=100', 'cvlans=5,6', 'other_config:qinq-ethtype=802.1q'),
    ...port('tap5', 'tag=4095'),
    ...port('tap6', 'trunks=10'),
    ...['--', 'add-bond', 'ovs0', 'bond', 'up1', 'up2', 'bond_mode=active-backup', 'bond_updelay=100'],
    ...[...port('to1'), '--', 'set', 'interface', 'to1', 'type=patch', 'options:peer=to0'],
    ...['--', 'add-port', 'ovs1', 'to0', '--', 'set', 'interface', 'to0', 'type=patch', 'options:peer=to1'],
    ...['--', '--may-exist', 'add-port', 'ovs1', 'inner', '--', 'set', 'interface', 'inner', 'type=internal'],
    ...['--', 'set-controller', 'ovs1', 'tcp:127.0.0.1:6653'],
  );
  await ovs.vsctl('--no-wait', 'add-port', 'ovs0', 'missing');
  await ip(HYPERVISOR, ['link set ovs0 up']);
  await ovs.appctl('bond/set-active-slave', 'bond', 'up1');
}

async function playDatabase(ovs: OpenVSwitch): Promise<OvsPart[]> {
  const tap = new Tap('db.sock');
  await tap.ask('monitor', ...MONITOR_PARAMS);
  await tap.step('another VLAN', () => ovs.vsctl('set', 'port', 'tap2', 'tag=906'));
  await tap.step('another active member', () => ovs.appctl('bond/set-active-slave', 'bond', 'up2'));
  await tap.step('a link fails', () => ip(HYPERVISOR, ['link set tap1 down']));
  await tap.step('it comes back', () => ip(HYPERVISOR, ['link set tap1 up']));
  await tap.step('a port goes', () => ovs.vsctl('del-port', 'ovs0', 'tap6'));
  await tap.step('a bridge comes', () => ovs.addBridge('ovs2'));
  await tap.step('and goes', () => ovs.vsctl('del-br', 'ovs2'));
  await ovs.kill('ovsdb-server');
  await ovs.restart('ovsdb-server');
  const again = new Tap('db.sock');
  await again.ask('monitor', ...MONITOR_PARAMS);
  await again.step('ovs-vswitchd tells again', () => sleep(4000));
  [tap, again].forEach((each) => each.close());
  return [...tap.parts, { what: 'the server starts anew', bytes: '' }, ...again.parts];
}

async function playTables(ovs: OpenVSwitch, lab: Lab): Promise<OvsPart[]> {
  for (let n = 0; n < 3; n++) {
    lab.guests.forEach((guest) => lab.speakOnce(guest));
    lab.inject(HYPERVISOR, 'ovs0', chatter('52:54:00:0a:00:01'));
    await sleep(500);
  }
  await ovs.appctl('fdb/add', 'ovs0', 'tap2', '906', '52:54:00:0a:00:02');
  const tap = new Tap(`ovs-vswitchd.${ovs.pid('ovs-vswitchd')}.ctl`);
  for (const bridge of ['ovs0', 'ovs1', 'nobody']) await tap.ask('fdb/show', bridge);
  tap.close();
  return tap.parts;
}

async function inside(): Promise<void> {
  const lab = await Lab.build({ attach: plainBridge(6), teach: false });
  const ovs = await OpenVSwitch.start(lab);
  await configure(ovs, lab);
  const version = (await ovs.appctl('version')).split('\n')[0];
  const database = await playDatabase(ovs);
  const tables = await playTables(ovs, lab);
  const macs = Object.fromEntries(lab.guests.map(({ name, mac }) => [name, mac]));
  console.log(
    MARK + JSON.stringify({ comment: 'Made by test/support/record-ovs.ts.', version, macs, database, tables }),
  );
  await lab.destroy();
}

async function outside(file: string): Promise<void> {
  const { code, output, problem } = await bootUml({ command: [process.execPath, file, INSIDE], timeoutMs: 120_000 });
  const json = output.split('\n').find((line) => line.startsWith(MARK));
  if (code !== 0 || json === undefined) throw new Error(`${problem ?? String(code)}:\n${output.slice(-4000)}`);
  const text = await format(json.slice(MARK.length), { parser: 'json', printWidth: 120 });
  writeFileSync(new URL('ovs.json', FIXTURES), text);
}

const file = fileURLToPath(import.meta.url);
if (process.argv[1] === file) await (process.argv[2] === INSIDE ? inside() : outside(file));
