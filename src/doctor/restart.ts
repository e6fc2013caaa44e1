import type { RunningFacts } from './facts.js';
import { shellWord } from './shell-word.js';

/** What the daemon works with, beside what it cannot work without. */
export const WANTED_CAPABILITIES = ['CAP_NET_RAW', 'CAP_NET_ADMIN', 'CAP_SYS_NICE', 'CAP_IPC_LOCK'];

/** The command, for root, by which the daemon runs with more rights than it has now. */
export function restartWith(capabilities: readonly string[], running: RunningFacts | null): string {
  if (running === null) return 'bondherald run';
  const { unit } = running;
  if (unit === null) return restart(running);
  const folder = `/etc/systemd/system/${unit}.d`;
  const names = capabilities.join(' ');
  const text = `[Service]\\nAmbientCapabilities=${names}\\nCapabilityBoundingSet=${names}\\n`;
  const file = shellWord(`${folder}/capabilities.conf`);
  return `mkdir -p ${shellWord(folder)} && printf '${text}' > ${file} && systemctl daemon-reload && ${restart(running)}`;
}

/** The command by which the daemon starts anew, with root's rights where no unit says otherwise. */
export function restart({ pid, unit, argv }: RunningFacts): string {
  if (unit !== null) return `systemctl restart ${shellWord(unit)}`;
  return `kill ${pid} && tail --pid=${pid} -f /dev/null && ${argv.map(shellWord).join(' ')}`;
}

/** The command that ends a process for good. */
export function end({ pid, unit }: RunningFacts): string {
  return unit === null ? `kill ${pid}` : `systemctl disable --now ${shellWord(unit)}`;
}
