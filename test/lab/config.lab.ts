import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { CONFIG_FILE } from '../../src/config/constants.js';
import { announced, expected, nextRound, RARP_FILTER } from './net/announced.js';
import { capture } from './net/capture.js';
import { BONDHERALD, Daemon, runIn, SCRATCH, writeConfig } from './net/daemon.js';
import { type Hypervisor, plainBridge } from './net/hypervisor.js';
import { ip } from './net/ip.js';
import { labFor } from './net/lab.js';
import { stateFiles } from './net/state-folder.js';

const STATE = path.join(SCRATCH, 'state');

/** A second bond beside bond0, with no guests. */
function twoBonds(hv: Hypervisor): void {
  plainBridge()(hv);
  hv.ip('link add name bond1 type bond mode active-backup miimon 100');
  for (const slave of ['s1', 's2']) {
    hv.ip(`link add name ${slave} type veth peer name ${slave}-far`, `link set ${slave}-far up`);
    hv.ip(`link set ${slave} master bond1`, `link set ${slave} up`);
  }
  hv.ip('link set bond1 up');
}

const slaveOf = (bond: string, slave: string): string =>
  `bondherald_bond_active_slave{bond="${bond}",slave="${slave}"}`;

test('a daemon does as its file says: one bond of two, its own state folder, metrics at another port', async (t) => {
  const lab = await labFor(t, { attach: twoBonds });
  const config = writeConfig(
    t,
    `bonds: [bond0, bond9]\nmetrics: {listen: ["127.0.0.1:9999", "127.0.0.2:9998"]}\nstateDir: ${STATE}\n` +
      'guests: {sources: {snoop: false, libvirt: false}, remember: 1h}\n',
  );
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run', '--config', config]);
  assert.deepEqual(daemon.stderr.match(/^warn: .*$/gm), [
    'warn: waiting for a configured bond: it does not exist, or its guests do not move bond=bond9',
  ]);
  const metrics = await daemon.get('/metrics', 9999);
  assert.ok(metrics.includes(slaveOf('bond0', 'up1')));
  assert.ok(!metrics.includes('bond1'), 'the other bond is left alone');
  await assert.rejects(daemon.get(), /no connection/, 'nobody listens at the default address');

  const far = capture(lab, 'sw2', 'p-hv', { filter: RARP_FILTER });
  const arriving = nextRound(far, lab.guests.length);
  await ip('hv', ['link set bond1 type bond active_slave s2']);
  await lab.setActive('up2');
  assert.deepEqual(announced(await arriving), expected(lab.guests));
  await daemon.logs(/failover announced bond=bond0/);
  assert.doesNotMatch(daemon.stderr, /bond1/);
  const refused = await runIn([BONDHERALD, 'announce', 'bond1', '--dry-run']);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /bond1 is not listed under bonds in the configuration; .* bond0$/m);

  await ip('hv', ['link add name bond9 type bond mode active-backup miimon 100']);
  await daemon.logs(/watching a bond bond=bond9/);
  await ip('hv', ['link set bond1 down', 'link set bond1 name bond2', 'link set bond9 name bond8']);
  await daemon.logs(/bond removed, or its guests do not move any more bond=bond9/);
  await daemon.stop();
  assert.ok(existsSync(path.join(STATE, 'state.json')));
  assert.deepEqual(stateFiles(), [], 'nothing at the default place');
});

test('the usual file holds without being named, options count more, and metrics can be off', async (t) => {
  const lab = await labFor(t, { attach: twoBonds });
  writeConfig(t, 'bonds: [bond0]\nmetrics: {listen: ":9997"}\n', CONFIG_FILE);
  const { stdout, stderr } = await runIn([BONDHERALD, 'guests', '--json']);
  const { bonds } = JSON.parse(stdout) as { bonds: { bond: string }[] };
  assert.deepEqual([bonds.map(({ bond }) => bond), stderr], [['bond0'], ''], 'without a daemon the same file holds');
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run', '--bond', 'bond1', '--metrics', 'off', '--kinds', 'rarp']);
  await daemon.logs(/watching a bond bond=bond1/);
  assert.doesNotMatch(daemon.stderr, /bond0/);
  for (const port of [9871, 9997]) await assert.rejects(daemon.get('/metrics', port), /no connection/);
  await daemon.stop();
});

test('a bad file ends every command with status 2 and all that is wrong with it', async (t) => {
  await labFor(t, { attach: twoBonds, teach: false });
  writeConfig(t, 'bonds: [bond0]\nguests:\n  remember: 3\n  limit: 7\nmetrics: {textfile: /x}\n', CONFIG_FILE);
  for (const command of [['run'], ['guests'], ['announce', 'bond0'], ['config', 'show'], ['config', 'check']]) {
    const { code, stdout, stderr } = await runIn([BONDHERALD, ...command]);
    assert.deepEqual([code, stdout], [2, ''], command.join(' '));
    assert.deepEqual(
      stderr.match(/(?<=^bondherald: ).*?(?=: )/gm),
      [3, 4, 5].map((line) => `${CONFIG_FILE}:${line}`),
      stderr,
    );
  }
  const bad = await runIn([BONDHERALD, 'run', '--config', '/nowhere.yaml']);
  assert.deepEqual([bad.code, bad.stderr], [2, 'bondherald: /nowhere.yaml: no such file\n']);
});
