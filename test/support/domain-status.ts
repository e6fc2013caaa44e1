import { readFileSync } from 'node:fs';

/** A recorded-looking status file of libvirt, by its name in test/unit/fixtures/libvirt. */
export function statusFixture(name: string): string {
  return readFileSync(new URL(`../../../test/unit/fixtures/libvirt/${name}.xml`, import.meta.url), 'utf8');
}

/** What a short status file says. */
export interface StatusOptions {
  name: string;
  state?: string;
  interfaces?: readonly StatusInterface[];
}

interface StatusInterface {
  mac: string;
  target: string;
  type?: string;
  /** The MAC that the guest chose, once libvirt has written it. */
  current?: string | undefined;
  /** The guest has a virtual function with the same MAC, to use in place of the interface. */
  teamed?: boolean;
}

/** Hardware that a guest uses in place of an interface. */
const partner = (mac: string, alias: string): string => `      <interface type='hostdev' managed='yes'>
        <mac address='${mac}'/>
        <teaming type='transient' persistent='${alias}'/>
      </interface>
`;

/** A short status file with all that matters of a long one. */
export function domainStatus({ name, state = 'running', interfaces = [] }: StatusOptions): string {
  const elements = interfaces.map(
    ({ mac, target, type = 'bridge', current, teamed = false }, n) => `      <interface type='${type}'>
        <mac address='${mac}'${current === undefined ? '' : ` currentAddress='${current}'`}/>
        <source bridge='br0'/>
        <target dev='${target}'/>
        <model type='virtio'/>
        <teaming type='persistent'/>
        <alias name='ua-net${n}'/>
      </interface>
${teamed ? partner(mac, `ua-net${n}`) : ''}`,
  );
  return `<domstatus state='${state}' reason='booted' pid='4711'>
  <domain type='kvm' id='1'>
    <name>${name}</name>
    <uuid>994cee0d-2a70-4937-9693-0431e39d20f7</uuid>
    <devices>
      <emulator>/usr/bin/qemu-system-x86_64</emulator>
${elements.join('')}    </devices>
  </domain>
</domstatus>
`;
}
