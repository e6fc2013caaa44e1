import { readdirSync } from 'node:fs';
import { until } from '../../support/until.js';
import { command, ip, mustRun } from '../net/ip.js';

/** The unit under test. */
export const UNIT = 'bondherald.service';

/** What was built into dist/, by the end of its name. */
export function built(suffix: string): string {
  const [name, ...others] = readdirSync('dist').filter((file) => file.endsWith(suffix));
  if (name === undefined || others.length > 0) throw new Error(`dist/ has no ${suffix}, or more than one`);
  return `${process.cwd()}/dist/${name}`;
}

/** A bond over two links to a switch's namespace, a bridge on it, and a guest in a namespace of its own. */
export async function buildHypervisor(): Promise<void> {
  await mustRun(['modprobe', 'bonding', 'max_bonds=0']); // or it makes a bond0 of its own when it is loaded
  await ip(null, [
    ...['netns add sw', 'netns add g1'],
    ...[1, 2].map((n) => `link add up${n} type veth peer name p${n} netns sw`),
    'link add bond0 type bond mode active-backup miimon 50',
    'link set up1 master bond0',
    'link set up2 master bond0',
    'link add br0 type bridge forward_delay 0',
    'link set bond0 master br0',
    'link add tap1 master br0 type veth peer name eth0 netns g1',
    ...['up1', 'up2', 'bond0', 'br0', 'tap1'].map((name) => `link set ${name} up`),
  ]);
  await ip('sw', ['link set p1 up', 'link set p2 up']);
  await ip('g1', ['link set eth0 up']);
}

/** Properties of the unit, as `systemctl show` has them. */
export async function show<Name extends string>(...names: readonly Name[]): Promise<Record<Name, string>> {
  const text = await mustRun(['systemctl', 'show', UNIT, ...names.map((name) => `--property=${name}`)]);
  const pairs = text.split('\n').flatMap((line) => {
    const at = line.indexOf('=');
    return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const];
  });
  return Object.fromEntries(pairs) as Record<Name, string>;
}

/** Waits until the unit's status says so. */
export function untilStatus(pattern: RegExp, timeout = 30_000): Promise<string> {
  const look = async (): Promise<string | null> => {
    const { ActiveState, StatusText } = await show('ActiveState', 'StatusText');
    return ActiveState === 'active' && pattern.test(StatusText) ? StatusText : null;
  };
  return until(look, { what: `the unit is active and says ${String(pattern)}`, timeout, every: 100 });
}

/** Waits until the unit is active with another process than `before`. @returns how long that took, in ms */
export async function untilAnother(before: string, timeout: number): Promise<number> {
  const began = performance.now();
  const look = async (): Promise<boolean> => {
    const { ActiveState, MainPID } = await show('ActiveState', 'MainPID');
    return ActiveState === 'active' && MainPID !== before && MainPID !== '0';
  };
  await until(look, { what: `another process than ${before} is active`, timeout, every: 100 });
  return performance.now() - began;
}

/** What the unit has logged, a line each. */
export async function journal(): Promise<string[]> {
  return (await mustRun(['journalctl', '--no-pager', '-o', 'cat', '-u', UNIT])).trimEnd().split('\n');
}

/** Waits until the unit has logged a line that matches. */
export async function untilLogged(pattern: RegExp): Promise<void> {
  const look = async (): Promise<boolean> => (await journal()).some((line) => pattern.test(line));
  await until(look, { what: `the journal has ${String(pattern)}`, every: 200 });
}

/** When the unit's first line that matches was logged: monotonic clock, µs. */
export async function journalTime(pattern: RegExp): Promise<number> {
  const lines = (await mustRun(['journalctl', '--no-pager', '-o', 'json', '-u', UNIT])).trimEnd().split('\n');
  const entries = lines.map((line) => JSON.parse(line) as { MESSAGE: string; __MONOTONIC_TIMESTAMP: string });
  const entry = entries.find(({ MESSAGE }) => pattern.test(MESSAGE));
  if (!entry) throw new Error(`the journal has no ${String(pattern)}`);
  return Number(entry.__MONOTONIC_TIMESTAMP);
}

/** Runs a command and gives everything it said. */
export async function said(...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await command(argv);
  return `${stdout}${stderr}exit ${String(code)}`;
}

/** The names of all files that nobody but the package manager and the system itself has anything to do with. */
export async function files(): Promise<string[]> {
  const places = ['/bin', '/etc', '/home', '/opt', '/root', '/run', '/srv', '/tmp', '/usr', '/var'];
  const noise =
    '/run/(o|m|root|systemd|tmp|log|udev)/|/var/(cache|log)/|/usr/lib/modules|-old$|/etc/[a-z]*-$|/run/netns/';
  const script = `find ${places.join(' ')} -xdev ! -type d 2>/dev/null | grep -Ev '${noise}' | sort`;
  return (await mustRun(['sh', '-c', script])).trimEnd().split('\n');
}
