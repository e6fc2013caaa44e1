import { Daemon } from '../daemon/daemon.js';
import { Settings } from '../daemon/settings.js';
import { thisHost } from '../daemon/surroundings.js';
import { catchHangups } from '../sys/process/hangups.js';
import { openLog } from '../sys/log.js';
import { gainNothingMore, keepOnly } from '../sys/process/privileges.js';
import { readRunOrder } from './run-config.js';

/**
 * What the main thread needs, where it has it: frames, netlink, a network's administration; the files of libvirt, the
 * sockets of Open vSwitch, a state folder and a control socket of whoever owns them; a port below 1024; memory that stays
 * and a thread that goes first.
 */
const NEEDED = [
  ...(['CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_NET_BIND_SERVICE'] as const),
  ...(['CAP_DAC_OVERRIDE', 'CAP_DAC_READ_SEARCH', 'CAP_CHOWN', 'CAP_FOWNER'] as const),
  ...(['CAP_IPC_LOCK', 'CAP_SYS_NICE'] as const),
];

/**
 * The daemon in the foreground, until `signal` aborts. SIGHUP has it read its configuration again, by the same command line.
 * @param argv the command line, without the program's own name
 * @returns the exit code
 * @throws UsageError, ConfigError when the command line or the configuration is wrong
 */
export async function run(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const hangups = catchHangups(); // first: until then SIGHUP ends us
  gainNothingMore();
  keepOnly(NEEDED); // of all that root has; the threads that are to come inherit it
  const read = (until: AbortSignal) => readRunOrder(argv, until);
  const order = await read(signal);
  if (order) await Daemon.build(new Settings(order), thisHost(openLog(order.log), { hangups, read })).run(signal);
  return 0;
}
