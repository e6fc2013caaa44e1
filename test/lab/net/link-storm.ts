import { HYPERVISOR } from './hypervisor.js';
import { ip } from './ip.js';

/** Has the kernel say so many things about a device of the hypervisor, none of them of weight. */
export async function linkStorm(device: string, messages: number): Promise<void> {
  await ip(
    HYPERVISOR,
    Array.from({ length: messages }, (_, n) => `link set ${device} alias storm${n}`),
  );
}
