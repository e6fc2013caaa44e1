import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BONDHERALD, Daemon, runIn } from './net/daemon.js';
import { labFor } from './net/lab.js';
import { arpFrom } from './net/frames.js';
import { ip } from './net/ip.js';

test('try', async (t) => {
  const lab = await labFor(t, {
    bond: { miimon: 100 },
    attach: (hv) => {
      hv.bridge('br0', { vlanAware: true });
      hv.port('br0', 'bond0', { tagged: [10] });
      hv.guest('br0', { access: 10, wire: [10] });
      hv.guest('br0', { wire: [] });
      hv.bridge('br905');
      hv.port('br905', hv.vlan('bond0', 905));
      hv.guest('br905', { wire: [905] });
      hv.bridge('br20');
      hv.port('br20', hv.vlan(hv.vlan('bond0', 100, '802.1ad'), 20));
      hv.guest('br20', { wire: [{ tpid: 0x88a8, vid: 100 }, 20] });
      hv.bridge('br40');
      hv.port('br40', hv.vlan(hv.vlan('bond0', 30), 40));
      hv.guest('br40', { wire: [30, 40] });
    },
  });
  const t0 = Date.now();
  const watch = await Daemon.start(lab, [BONDHERALD, 'watch', 'bond0']);
  console.log('ready after', Date.now() - t0);
  const vlan = await Daemon.start(lab, [BONDHERALD, 'watch', 'bond0', 'vlan', '905', '--json']);
  const arp = await Daemon.start(lab, [BONDHERALD, 'watch', 'bond0', 'arp']);
  const qinq = await Daemon.start(lab, [BONDHERALD, 'watch', 'bond0', 'vlan and vlan and arp']);
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run']);
  let n = 1;
  for (const g of lab.guests) lab.inject(g.netns, g.device, arpFrom(g.mac, `10.0.0.${n++}`));
  await sleep(500);
  watch.stdout += '--- failover\n';
  await lab.cutLink(1);
  await lab.untilActive('up2');
  await sleep(1500);
  watch.stdout += '--- mend\n';
  await lab.mendLink(1);
  await lab.untilUp('up1');
  await sleep(500);
  watch.stdout += '--- down\n';
  await ip('hv', ['link set up1 down']);
  await sleep(500);
  watch.stdout += '--- up\n';
  await ip('hv', ['link set up1 up']);
  await sleep(500);
  for (const g of lab.guests) lab.inject(g.netns, g.device, arpFrom(g.mac, `10.0.0.${n++}`));
  await sleep(500);
  watch.stdout += '--- nomaster\n';
  await ip('hv', ['link set up1 nomaster']);
  await sleep(500);
  watch.signal('SIGINT');
  console.log('ended', await watch.ended);
  console.log(watch.stdout, watch.stderr);
  for (const w of [vlan, arp, qinq]) { await w.stop(); console.log(w.stdout, w.stderr); }
  console.log(await runIn([BONDHERALD, 'watch', 'bond0', 'foo', 'bar']));
  console.log(await runIn([BONDHERALD, 'watch', 'bond7']));
  console.log(await runIn(['setpriv', '--reuid=1234', '--clear-groups', '--inh-caps=-all', BONDHERALD, 'watch', 'bond0']));
  void daemon;
});
