import { diagnose } from '../doctor/diagnose.js';
import type { Finding } from '../doctor/finding.js';
import { loadConfig, type ConfigArguments } from './config-file.js';
import { readAllFacts } from './doctor-facts.js';
import type { Output } from './output.js';
import { printable } from './table.js';

/** The arguments of `bondherald doctor`, as they were typed. */
interface DoctorArguments extends ConfigArguments {
  readonly json: boolean;
}

/** The exit code when there is something to fix. */
const SOMETHING_TO_FIX = 3;

/**
 * Audits this host: what will go wrong at the next failover, and what cures it. Changes nothing.
 * @returns the exit code: 3 when there is a warning, 0 when there is none
 * @throws BondheraldError when the kernel does not answer, or the configuration is wrong
 */
export async function doctor(args: DoctorArguments, output: Output): Promise<number> {
  const { config } = await loadConfig(args);
  const { facts, unread } = await readAllFacts(config, args);
  const findings = diagnose(facts);
  for (const line of unread) output.error(line);
  if (args.json) output.json({ findings });
  else output.text(page(findings));
  return findings.some(({ level }) => level === 'warning') ? SOMETHING_TO_FIX : 0;
}

function page(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'nothing to fix';
  return findings
    .map(({ level, subject, finding, meaning, cure }) =>
      [`${level}: ${subject}: ${finding}`, `  at the next failover: ${meaning}`, `  cure: ${cure}`].map(printable),
    )
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}
