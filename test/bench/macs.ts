import { bridge } from '../lab/net/ip.js';

/** The n-th announced guest; native/common.h counts the same way. */
export function macOf(n: number): string {
  const [high, middle, low] = [n >> 16, n >> 8, n].map((byte) => (byte & 0xff).toString(16).padStart(2, '0'));
  return `52:54:01:${high}:${middle}:${low}`;
}

/** The first `count` of them. */
export function macs(count: number): string[] {
  return Array.from({ length: count }, (_, n) => macOf(n));
}

/** Puts the first `count` guests behind a port of the hypervisor's bridge, as static entries: those are not limited. */
export async function addGuests(count: number, port = 'tap1'): Promise<void> {
  await bridge(
    'hv',
    macs(count).map((mac) => `fdb add ${mac} dev ${port} master static`),
  );
}
