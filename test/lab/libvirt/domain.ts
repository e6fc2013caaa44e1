/** A machine as libvirt takes it: 32 MiB without a disk, whose BIOS finds nothing to start. Such a guest never speaks. */
export interface DomainOptions {
  readonly name: string;
  /** Its interfaces, of `nic`. */
  readonly nics?: readonly string[];
  /** What it starts instead: a kernel, its command line and an initial RAM disk. */
  readonly linux?: { readonly kernel: string; readonly initrd: string } | null;
  /** In MiB. */
  readonly memory?: number;
  /** More of its devices. */
  readonly devices?: string;
}

let made = 0;

/** The XML of a domain. Each has a UUID of its own. */
export function domainXml({ name, nics = [], linux = null, memory = 32, devices = '' }: DomainOptions): string {
  const uuid = `11111111-2222-3333-4444-${String(++made).padStart(12, '0')}`;
  const boot = linux
    ? `<kernel>${linux.kernel}</kernel><initrd>${linux.initrd}</initrd><cmdline>console=ttyS0 quiet panic=-1</cmdline>`
    : '';
  return `<domain type='qemu'>
  <name>${escaped(name)}</name>
  <uuid>${uuid}</uuid>
  <memory unit='MiB'>${memory}</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type>${boot}</os>
  <features><acpi/><tcg><tb-cache unit='MiB'>16</tb-cache></tcg></features>
  <cpu mode='custom' match='exact'><model fallback='allow'>qemu64</model></cpu>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    ${nics.join('\n    ')}
    <memballoon model='none'/>${devices}
  </devices>
</domain>
`;
}

/** What an interface is joined to, and what else is said of it. */
interface NicOptions {
  readonly bridge?: string;
  /** The device under its macvtap, in place of a bridge. */
  readonly direct?: string;
  /** A network of libvirt's in place of both, and a portgroup of it: `pg' portgroup='trunk`. */
  readonly network?: string;
  /** Further elements. */
  readonly inside?: string;
  /** Further attributes of the interface. */
  readonly attributes?: string;
}

/** The XML of an interface, on the bridge br0 if nothing else is said. It has no ROM that would ask for an address. */
export function nic(
  mac: string,
  { bridge = 'br0', direct, network, inside = '', attributes = '' }: NicOptions = {},
): string {
  const [type, source] =
    network !== undefined
      ? ['network', `network='${network}'`]
      : direct !== undefined
        ? ['direct', `dev='${direct}' mode='bridge'`]
        : ['bridge', `bridge='${bridge}'`];
  return `<interface type='${type}'${attributes}><mac address='${mac}'/><source ${source}/><model type='virtio'/><rom enabled='no'/>${inside}</interface>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
