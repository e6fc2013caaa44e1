import { CONFIG_FILE } from '../config/constants.js';
import type { FileChecks } from '../config/file-checks.js';
import { type ConfigText, type Flag, type LoadedConfig, readConfig, tooLarge } from '../config/read-config.js';
import { MAX_FILE_BYTES } from '../config/yaml-file.js';
import { ConfigError, SyscallError, UsageError } from '../errors.js';
import { readBounded } from '../sys/files/read-files.js';

/** The options by which every command that reads the configuration is told of it, as they were typed. */
export interface ConfigArguments {
  readonly config?: string | undefined;
}

/** Options that count more than the file. */
export interface OverrideArguments extends ConfigArguments {
  readonly bond?: readonly string[] | undefined;
  /** With commas. */
  readonly kinds?: string | undefined;
  readonly metrics?: string | undefined;
}

/** A configuration, and the file it was read from; null for none. */
export type FoundConfig = LoadedConfig & { readonly file: string | null };

/**
 * Reads the configuration: from the file that was named, else from the usual one where it is there.
 * @param checks looks at the files that it names
 * @throws UsageError when a file was named that is not there; ConfigError when anything in it is wrong
 */
export async function loadConfig(args: OverrideArguments, checks?: FileChecks): Promise<FoundConfig> {
  const file = await readFile(args.config);
  return { ...readConfig(file, flagsOf(args), checks), file: file?.name ?? null };
}

async function readFile(named: string | undefined): Promise<ConfigText | null> {
  const name = named ?? CONFIG_FILE;
  try {
    return { name, bytes: await readBounded(name, MAX_FILE_BYTES) };
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    const isMissing = error.errno === 'ENOENT' || error.errno === 'ENOTDIR';
    if (isMissing && named === undefined) return null;
    if (isMissing) throw new UsageError(`${name}: no such file`);
    if (error.errno === 'EFBIG') throw tooLarge(name);
    const isNoFile = error.errno === 'EISDIR' || error.errno === 'EINVAL';
    throw new ConfigError(isNoFile ? `${name}: not a regular file` : `${name}: cannot be read: ${error.errno}`);
  }
}

function flagsOf({ bond = [], kinds, metrics }: OverrideArguments): Flag[] {
  const flags: Flag[] = [];
  if (bond.length > 0) flags.push({ name: '--bond', path: ['bonds'], value: bond });
  if (kinds !== undefined) flags.push({ name: '--kinds', path: ['announce', 'kinds'], value: kinds.split(',') });
  if (metrics !== undefined) flags.push({ name: '--metrics', path: ['metrics', 'listen'], value: metrics });
  return flags;
}
