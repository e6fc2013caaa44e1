import type { BondFacts, BondOptions, SlaveFacts } from '../../doctor/facts.js';
import { takesLinksAtOnce } from '../../doctor/bonds.js';
import { type Config, isAmong } from '../../config/config.js';
import { PermissionError, SyscallError } from '../../errors.js';
import type { LinkEvent } from '../../kernel/events.js';
import { isMacvlan } from '../../kernel/link.js';
import { encodeProgram } from '../../kernel/bpf/assembler.js';
import { BPDU_GROUPS, bpduFilter } from '../../kernel/bpf/bpdu-filter.js';
import { systemClock } from '../../sys/clock.js';
import { type DeviceSettings, devicesWithAddresses, openDeviceSettings } from '../../sys/files/host-settings.js';
import { tickMilliseconds } from '../../sys/tick.js';
import { listenForGroups } from '../../sys/netlink/group-test.js';
import { ReceiveRing } from '../../sys/packets/receive-ring.js';
import { countAggregators } from '../../topology/aggregators.js';
import { bondMode } from '../../topology/bonds.js';
import { exitsOfDevice } from '../../topology/exits.js';
import { isOverlay } from '../../topology/bond-id.js';
import type { Topology } from '../../topology/topology.js';

/** Switches send BPDUs every 2 s (IEEE 802.1D table 17-1: Hello Time), and a bit of room. */
const HELLO_TIME_MS = 2200;

/**
 * Reads how the watched bonds are set up.
 * @param onCarrierLoss of the configuration
 * @param unread called with what cannot be read
 */
export async function readBonds(
  topology: Topology,
  { onCarrierLoss }: Config['failover'],
  unread: (what: string) => void,
): Promise<BondFacts[]> {
  const tick = tickMilliseconds();
  const addressed = devicesWithAddresses();
  const takeGuests = bondsWithGuests(topology);
  const links = [...topology.allLinks()].filter(
    (link) => !isOverlay(link.ifindex) && bondMode(link) !== null && topology.watches(link.name),
  );
  const bonds = await Promise.all(
    links.map(async (link): Promise<BondFacts> => {
      const settings = await openDeviceSettings(link.name, link.ifindex);
      const options = settings && (await readOptions(settings));
      if (options === null) unread(`/sys/class/net/${link.name}/bonding`);
      return {
        name: link.name,
        mode: bondMode(link) ?? '',
        options,
        slaves: await Promise.all(topology.slavesOf(link.ifindex).map(readSlave)),
        onCarrierLoss: isAmong(onCarrierLoss, link.name),
        tick,
        aggregators: countAggregators(topology.slavesOf(link.ifindex)),
        hasGuests: link.master !== null || takeGuests.has(link.ifindex),
        hasAddresses: [link, ...vlanDevicesAbove(topology, link)].some(({ name }) => addressed.has(name)),
      };
    }),
  );
  return bonds.sort((one, other) => one.name.localeCompare(other.name));
}

/** @returns null when one of them cannot be read: every kernel that we run on has them all */
async function readOptions(settings: DeviceSettings): Promise<BondOptions | null> {
  const numbers = ['miimon', 'updelay', 'downdelay', 'arp_interval', 'all_slaves_active', 'num_grat_arp'];
  const words = ['arp_validate', 'primary', 'primary_reselect', 'fail_over_mac'];
  const [miimon, updelay, downdelay, arpInterval, allSlavesActive, numGratArp] = await Promise.all(
    numbers.map((name) => settings.number(`bonding/${name}`)),
  );
  const [arpValidate, primary, primaryReselect, failOverMac] = await Promise.all(
    words.map((name) => settings.word(`bonding/${name}`)),
  );
  if (miimon == null || updelay == null || downdelay == null || arpInterval == null) return null;
  if (allSlavesActive == null || numGratArp == null) return null;
  if (arpValidate == null || primary == null || primaryReselect == null || failOverMac == null) return null;
  return {
    ...{ miimon, updelay, downdelay, arpInterval, arpValidate, primaryReselect, numGratArp, failOverMac },
    primary: primary || null,
    allSlavesActive: allSlavesActive === 1,
  };
}

async function readSlave({ name, ifindex, up, lowerUp }: LinkEvent): Promise<SlaveFacts> {
  const settings = await openDeviceSettings(name, ifindex);
  const status = (await settings?.word('bonding_slave/mii_status')) ?? null;
  return { name, up, carrier: lowerUp, status, bpdus: null };
}

/**
 * The bonds that bridges and macvlans leave by. Open vSwitch has its bonds as ports without a bridge of the kernel:
 * whatever has a master has guests, too.
 */
function bondsWithGuests(topology: Topology): Set<number> {
  const takesGuests = (link: LinkEvent): boolean => link.details.type === 'bridge' || isMacvlan(link);
  const takers = [...topology.allLinks()].filter(takesGuests);
  return new Set(takers.flatMap(({ ifindex }) => exitsOfDevice(topology, ifindex).map(({ bond }) => bond)));
}

function vlanDevicesAbove(topology: Topology, { ifindex }: LinkEvent): LinkEvent[] {
  return [...topology.allLinks()].filter(
    (link) => link.details.type === 'vlan' && topology.beneathVlans(link.ifindex)?.ifindex === ifindex,
  );
}

/** Whether it matters for a bond if its switches run spanning tree. */
export function isHasty({ mode, options }: BondFacts): boolean {
  return mode === 'active-backup' && options !== null && takesLinksAtOnce(options);
}

/** Listens where it matters: it stops this thread meanwhile. @param unread called with what cannot be listened on */
export function listenForSpanningTree(
  topology: Topology,
  bonds: readonly BondFacts[],
  unread: (what: string) => void,
): BondFacts[] {
  const hasty = bonds.filter(isHasty);
  const links = hasty.flatMap(({ slaves }) => slaves.filter(({ up, carrier }) => up && carrier));
  if (links.length === 0) return [...bonds];
  const listening = {
    filter: encodeProgram(bpduFilter()),
    groups: BPDU_GROUPS,
    ring: new ReceiveRing(),
  };
  const ifindexes = new Map(links.map(({ name }) => [name, topology.linkByName(name)?.ifindex ?? 0]));
  try {
    const heard = listenForGroups([...ifindexes.values()], listening, HELLO_TIME_MS, () => systemClock.monotonic());
    const withBpdus = (slave: SlaveFacts): SlaveFacts => {
      const ifindex = ifindexes.get(slave.name);
      return ifindex === undefined ? slave : { ...slave, bpdus: heard.has(ifindex) };
    };
    return bonds.map((bond) => ({ ...bond, slaves: bond.slaves.map(withBpdus) }));
  } catch (error) {
    if (!(error instanceof PermissionError || error instanceof SyscallError)) throw error;
    unread(`BPDUs on ${links.map(({ name }) => name).join(', ')} (${error.message})`);
    return [...bonds];
  }
}
