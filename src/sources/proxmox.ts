import { flawOfMac, parseMac } from '../addr/mac.js';
import { ProxmoxConfigError } from '../errors.js';
import { type GuestInterface, sortOut } from './guest-interfaces.js';
import type { IgnoreReason } from './sighting.js';

/** What a guest is: a virtual machine (qemu-server/VMID.conf) or a container (lxc/CTID.conf). */
export type ProxmoxKind = 'qemu' | 'lxc';

/** A guest as its configuration file on its node tells of it. */
export interface ProxmoxGuest {
  /** `NAME (VMID)`, because several may have one name; `VMID` where the file has none. */
  readonly name: string;
  /** Those with a device on the host, by the name that it has while the guest runs. */
  readonly interfaces: readonly GuestInterface[];
  /** Why the others of its interfaces are left out, one reason each. */
  readonly ignored: readonly IgnoreReason[];
}

/** Where a kind of guest has its name and its MAC, and what its devices on the host are called: tap100i0, veth101i0. */
const KINDS = {
  qemu: { name: 'name', mac: 'macaddr', device: 'tap' },
  lxc: { name: 'hostname', mac: 'hwaddr', device: 'veth' },
} as const;

/** More lines than a guest with a long description and many snapshots has above its first section. */
const MAX_LINES = 10_000;

/** `net0` to `net31` (PVE::QemuServer, $MAX_NETS); a container has fewer. */
const NET_KEY = /^net([0-9]|[12][0-9]|3[01])$/;

/**
 * Reads the configuration of a Proxmox VE guest (qm.conf(5), pct.conf(5)). What is below the first section counts for
 * nothing: changes that wait for the next start, and snapshots, repeat the lines of the guest.
 *
 *     name: web1
 *     net0: virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1,tag=100
 *     [PENDING]
 *
 * @param id the guest's number, the file's name without its end
 * @throws ProxmoxConfigError when it is not such a file
 */
export function parseProxmoxGuest(text: string, kind: ProxmoxKind, id: string): ProxmoxGuest {
  const words = KINDS[kind];
  let name: string | null = null;
  const nets = new Map<string, string>();
  for (const [n, line] of text.split('\n', MAX_LINES + 1).entries()) {
    if (n === MAX_LINES) throw new ProxmoxConfigError(`more than ${MAX_LINES} lines`);
    if (line.startsWith('[')) break;
    const colon = line.indexOf(':');
    const [key, value] = [line.slice(0, Math.max(0, colon)), line.slice(colon + 1).trim()];
    if (key === words.name && value !== '') name = `${value} (${id})`;
    const [, index] = NET_KEY.exec(key) ?? [];
    if (index !== undefined) nets.set(index, value); // the last one counts, as for Proxmox
  }
  const read = [...nets].map(([index, value]) =>
    readNet(value, words.mac, `${words.device}${id}i${index}`, name ?? id),
  );
  return {
    name: name ?? id,
    ...sortOut(read),
  };
}

/** A virtual machine's MAC may stand beside its model, `virtio=MAC`, or as `macaddr=MAC`. */
function readNet(value: string, macKey: string, target: string, domain: string): GuestInterface | IgnoreReason {
  const fields = value.split(',').map((field) => field.split('='));
  const valueOf = (key: string): string | undefined => fields.find(([name]) => name === key)?.[1];
  const [, beside] = fields[0] ?? [];
  const mac = parseMac(valueOf(macKey) ?? beside ?? '');
  if (mac === undefined) throw new ProxmoxConfigError(`an interface without a MAC address: ${target}`);
  const flaw = flawOfMac(mac);
  if (flaw !== null) return flaw;
  if (valueOf('link_down') === '1') return 'unplugged';
  return { mac, target, domain };
}
