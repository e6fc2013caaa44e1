import { ip } from '../net/ip.js';
import { HYPERVISOR } from '../net/hypervisor.js';

/** So many are made in one go: the daemon has them all before it at once. */
const AT_ONCE = 25;

/** What is made and removed each time: a bond, its slave, a VLAN device on it, and a bridge with that as a port. */
export const DEVICES_A_SET = 4;

/**
 * Makes bonds with a slave each, VLANs on them and bridges over these, and removes them, `count` of each.
 * @param between called after each batch, with how many there have been
 */
export async function comeAndGo(count: number, between: (done: number) => Promise<void>): Promise<void> {
  for (let done = 0; done < count; done += AT_ONCE) {
    const sets = Array.from({ length: Math.min(AT_ONCE, count - done) }, (_, n) => n);
    // Every other batch is there as a whole for a moment; in the others each is gone before the next comes.
    if ((done / AT_ONCE) % 2 === 0) await ip(HYPERVISOR, [...sets.flatMap(born), ...sets.flatMap(gone)]);
    else
      await ip(
        HYPERVISOR,
        sets.flatMap((n) => [...born(n), ...gone(n)]),
      );
    await between(Math.min(count, done + AT_ONCE));
  }
}

function born(n: number): string[] {
  return [
    `link add cb${n} type bond mode active-backup miimon 100`,
    `link add cs${n} type dummy`,
    `link set cs${n} master cb${n}`,
    `link set cb${n} up`,
    `link add link cb${n} name cb${n}.7 type vlan id 7`,
    `link add cr${n} type bridge`,
    `link set cb${n}.7 master cr${n}`,
    `link set cr${n} up`,
  ];
}

function gone(n: number): string[] {
  return [`link set cs${n} nomaster`, `link del cr${n}`, `link del cb${n}.7`, `link del cb${n}`, `link del cs${n}`];
}
