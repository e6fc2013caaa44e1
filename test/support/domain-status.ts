import { readFileSync } from 'node:fs';

/** A recorded-looking status file of libvirt, by its name in test/unit/fixtures/libvirt. */
export function statusFixture(name: string): string {
  return readFileSync(new URL(`../../../test/unit/fixtures/libvirt/${name}.xml`, import.meta.url), 'utf8');
}

/** What a short status file says. */
export interface StatusOptions {
  name: string;
  state?: string;
  interfaces?: readonly { mac: string; target: string; type?: string }[];
}

/** A short status file with all that matters of a long one. */
export function domainStatus({ name, state = 'running', interfaces = [] }: StatusOptions): string {
  const elements = interfaces.map(
    ({ mac, target, type = 'bridge' }) => `      <interface type='${type}'>
        <mac address='${mac}'/>
        <source bridge='br0'/>
        <target dev='${target}'/>
        <model type='virtio'/>
      </interface>
`,
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
