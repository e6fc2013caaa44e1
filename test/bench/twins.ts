import { writeFileSync } from 'node:fs';
import { giveAddresses } from '../lab/net/clients.js';
import { BOND, type Guest, Hypervisor } from '../lab/net/hypervisor.js';
import { bridge, ip } from '../lab/net/ip.js';
import { Lab } from '../lab/net/lab.js';
import { inNetns } from '../lab/net/netns.js';
import { until } from '../support/until.js';

export const TWIN = 'hv2';
export const VLAN = 10;

/** One untagged guest and one in a VLAN. */
function attach(hv: Hypervisor): void {
  hv.bridge('br0', { vlanAware: true });
  hv.port('br0', BOND, { tagged: [VLAN] });
  hv.guest('br0');
  hv.guest('br0', { access: VLAN, wire: [VLAN] });
}

/**
 * A lab with a second hypervisor, built like the first, in a namespace of its own on the first switch: of two ways that
 * are equal but for one thing, one can be measured right after the other.
 * @returns the lab, and the second hypervisor's guests; their addresses end 100 higher
 */
export async function labWithTwin(): Promise<{ lab: Lab; twins: Guest[] }> {
  const lab = await Lab.build({ attach });
  try {
    return { lab, twins: await addTwin(lab) };
  } catch (error) {
    await lab.destroy();
    throw error;
  }
}

async function addTwin(lab: Lab): Promise<Guest[]> {
  const hv = new Hypervisor();
  attach(hv);
  giveAddresses(hv.guests);
  const twins = hv.guests.map((guest) => ({
    ...guest,
    netns: inTwin(guest.netns),
    mac: inTwin(guest.mac),
    ip: guest.ip.replace(/\d+$/, (last) => String(Number(last) + 100)),
  }));
  const names = [TWIN, ...twins.map(({ netns }) => netns)];
  await ip(
    null,
    names.map((name) => `netns add ${name}`),
  );
  lab.onDestroy(() =>
    ip(
      null,
      names.map((name) => `netns del ${name}`),
    ),
  );
  for (const name of names) inNetns(name, () => writeFileSync('/proc/sys/net/ipv6/conf/all/disable_ipv6', '1'));
  await ip('sw1', [
    `link add p-hv2 type veth peer name up1 netns ${TWIN}`,
    'link set p-hv2 master fabric',
    'link set p-hv2 up',
  ]);
  await ip(TWIN, [
    'link set lo up',
    `link add ${BOND} type bond mode active-backup miimon 100`,
    ...[`link set up1 master ${BOND}`, 'link set up1 up', `link set ${BOND} up`],
    ...hv.ipLines.map(inTwin),
  ]);
  await bridge(TWIN, hv.bridgeLines);
  for (const twin of twins) await ip(twin.netns, [`addr add ${twin.ip}/32 dev eth0`, 'link set eth0 up']);
  await until(async () => (await lab.learned('sw1')).has(twins[0]?.mac ?? '') || (await lab.teach(twins), false), {
    what: 'the second hypervisor’s guests are known',
  });
  return twins;
}

/** A name or an address of the first hypervisor's guests as the second one has it. */
function inTwin(text: string): string {
  return text.replace(/\bg(\d+)\b/g, 'twin$1').replace('52:54:00:00:', '52:54:00:01:');
}
