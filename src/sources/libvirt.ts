import { flawOfMac, type Mac, parseMac } from '../addr/mac.js';
import { LibvirtStatusError } from '../errors.js';
import { type GuestInterface, sortOut } from './guest-interfaces.js';
import type { IgnoreReason } from './sighting.js';
import { attribute, child, children, readXml, text, type XmlElement } from './xml.js';

/** What libvirt says of a domain (src/conf/domain_conf.c: virDomainState). */
const STATES = ['nostate', 'running', 'blocked', 'paused', 'shutdown', 'shutoff', 'crashed', 'pmsuspended'] as const;

/** A network interface of a domain that has a device on this host. */
interface DomainInterface {
  /** What the guest uses now, as far as libvirt knows: it writes a MAC that the guest chose into the file with the next other change. */
  readonly mac: Mac;
  /** What it is joined to: `bridge`, `network`, `direct`, `ethernet`. */
  readonly type: string;
  /** The name of its device on this host. */
  readonly target: string;
  /** Whether the guest has hardware with the same MAC to use in its place (`<teaming>`), and that is plugged. */
  readonly standby: boolean;
}

/** A domain as its status file tells of it. */
export interface Domain {
  readonly name: string;
  readonly state: (typeof STATES)[number] | 'unknown';
  readonly interfaces: readonly DomainInterface[];
  /** Why the others of its interfaces are left out, one reason each. */
  readonly ignored: readonly IgnoreReason[];
}

/** More than a machine has slots for, bridges and all. */
const MAX_INTERFACES = 512;

/** Interfaces whose frames pass the host's own network. The others are hardware passed through, or user space's. */
const HOST_TYPES = new Set(['bridge', 'network', 'direct', 'ethernet']);

/**
 * Reads a domain's status file, /run/libvirt/qemu/NAME.xml (src/qemu/qemu_domain.c writes it):
 *
 *     <domstatus state='running' reason='booted' pid='4711'> ... <domain type='kvm' id='7'> <name> ... <devices>
 *       <interface type='network'> <mac address='' currentAddress=''/> <actual type='bridge'/> <target dev='vnet0'/>
 *         <link state=''/> <teaming type='persistent'/> <alias name='ua-net0'/>
 *       <interface type='hostdev'> <teaming type='transient' persistent='ua-net0'/>
 *
 * @throws LibvirtStatusError when the file is cut off or is not such a file
 */
export function parseDomainStatus(xml: string): Domain {
  const status = readXml(xml, 'domstatus');
  if (typeof status === 'string') throw new LibvirtStatusError(status);
  const domain = child(status, 'domain');
  const name = text(domain, 'name');
  const state = attribute(status, 'state');
  if (!name) throw new LibvirtStatusError('the domain has no name');
  if (!state) throw new LibvirtStatusError('the domain has no state');
  const devices = child(domain, 'devices');
  const elements = children(devices, 'interface');
  if (elements.length > MAX_INTERFACES) throw new LibvirtStatusError(`more than ${MAX_INTERFACES} interfaces`);
  const inPlaceOf = [...elements, ...children(devices, 'hostdev')].map((each) => child(each, 'teaming'));
  const standbys = new Set(inPlaceOf.flatMap((teaming) => attribute(teaming, 'persistent') ?? []));
  const read = elements.map((element) => readInterface(element, standbys));
  return {
    name,
    state: STATES.find((known) => known === state) ?? 'unknown',
    ...sortOut(read),
  };
}

/**
 * For an interface of type network, `<actual>` says what the network made of it.
 * @param standbys the aliases of those in whose place the guest may use hardware
 */
function readInterface(element: XmlElement, standbys: ReadonlySet<string>): DomainInterface | IgnoreReason {
  const type = attribute(child(element, 'actual'), 'type') ?? attribute(element, 'type');
  const address = attribute(child(element, 'mac'), 'currentAddress') ?? attribute(child(element, 'mac'), 'address');
  const mac = address === undefined ? undefined : parseMac(address);
  if (type === undefined || mac === undefined) throw new LibvirtStatusError('an interface without type or MAC address');
  if (!HOST_TYPES.has(type)) return 'bypasses-host';
  const flaw = flawOfMac(mac);
  if (flaw !== null) return flaw;
  if (attribute(child(element, 'link'), 'state') === 'down') return 'unplugged';
  const target = attribute(child(element, 'target'), 'dev');
  const standby = standbys.has(attribute(child(element, 'alias'), 'name') ?? '');
  return target ? { mac, type, target, standby } : 'no-device';
}

/**
 * The interfaces of the guests that run on this host. A domain that is paused is not among them: it may have migrated
 * away, or be about to arrive. One that is migrating away runs here until the moment it is paused.
 */
export function guestInterfaces(domains: Iterable<Domain>): GuestInterface[] {
  return interfacesOf(domains, ({ state }) => state === 'running');
}

const STANDS_STILL: ReadonlySet<Domain['state']> = new Set(['paused', 'pmsuspended', 'crashed'] as const);

/** The interfaces of the guests that have devices on this host, and whose processors stand still: they send nothing. */
export function stillInterfaces(domains: Iterable<Domain>): GuestInterface[] {
  return interfacesOf(domains, ({ state }) => STANDS_STILL.has(state));
}

/** Of the interfaces of guests, those in whose place the guest has hardware to use. */
export function standbyInterfaces(domains: Iterable<Domain>): GuestInterface[] {
  const some = [...domains].map((each) => ({ ...each, interfaces: each.interfaces.filter(({ standby }) => standby) }));
  return interfacesOf(some, () => true);
}

function interfacesOf(domains: Iterable<Domain>, isMeant: (domain: Domain) => boolean): GuestInterface[] {
  return [...domains]
    .filter(isMeant)
    .flatMap(({ name, interfaces }) => interfaces.map(({ mac, target }) => ({ domain: name, mac, target })));
}
