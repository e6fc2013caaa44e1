import { ConfigError } from '../errors.js';
import { type Config, freeze } from './config.js';
import { crossProblems } from './cross-checks.js';
import { DEFAULTS } from './defaults.js';
import { type FileChecks, fileProblems } from './file-checks.js';
import { type Layer, merge, type Setting } from './layers.js';
import { pathText, type Problem, problemsOf } from './problems.js';
import { schema } from './schema.js';
import { MAX_FILE_BYTES, readYaml, type TextProblem, type YamlFile } from './yaml-file.js';

/** A configuration file as it was read. */
export interface ConfigText {
  /** What it is called in messages: its path. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A value of the command line, which counts more than the file's. */
export interface Flag {
  /** As it is typed, such as `--kinds`. */
  readonly name: string;
  readonly path: readonly string[];
  readonly value: unknown;
}

/** A finished configuration, and each of its values as it was written. */
export interface LoadedConfig {
  readonly config: Config;
  readonly settings: readonly Setting[];
}

/** More would hide the first. */
const MAX_PROBLEMS = 100;

/**
 * Makes the configuration of a run.
 * @param file null for none: the defaults hold
 * @param flags what the command line says, on top of the file
 * @param checks looks at the files that the configuration names
 * @throws ConfigError with all problems, each in a line of its own
 */
export function readConfig(
  file: ConfigText | null,
  flags: readonly Flag[] = [],
  checks: FileChecks = {},
): LoadedConfig {
  const yaml = file && readYaml(decodeText(file));
  const name = file?.name ?? 'defaults';
  const layers: Layer[] = flags.map((flag) => ({
    raw: flag.path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), flag.value),
    origin: () => flag.name,
  }));
  if (yaml) layers.unshift({ raw: yaml.raw, origin: (path) => `${name}:${yaml.lineOf(path)}` });
  const { raw, settings } = merge(DEFAULTS, layers);
  const parsed = schema.safeParse(raw);
  const problems = [
    ...(parsed.success ? [] : problemsOf(parsed.error, raw)),
    ...crossProblems(raw),
    ...fileProblems(raw, checks),
  ];
  const unread = (yaml?.problems ?? []).map(({ line, text }) => ({ line, text: `${name}:${line}: ${text}` }));
  const found = [...unread, ...located(problems, name, yaml, flags)];
  if (parsed.success && found.length === 0) return { config: freeze(parsed.data), settings };
  const lines = found.sort((a, b) => a.line - b.line).map(({ text }) => text);
  const more = lines.length - MAX_PROBLEMS;
  throw new ConfigError(...lines.slice(0, MAX_PROBLEMS), ...(more > 0 ? [`${name}: ${more} more problems`] : []));
}

/** The text of a file. @throws ConfigError when it is none, or too long */
export function decodeText({ name, bytes }: ConfigText): string {
  if (bytes.length > MAX_FILE_BYTES) throw tooLarge(name);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigError(`${name}: not UTF-8 text`);
  }
}

/** A file that is longer than MAX_FILE_BYTES. */
export function tooLarge(name: string): ConfigError {
  return new ConfigError(`${name}: larger than ${MAX_FILE_BYTES / 1024} KiB`);
}

/** Problems with their places. What could not be read has its problem already, and is not to be told of again. */
function located(
  problems: readonly Problem[],
  name: string,
  yaml: YamlFile | null,
  flags: readonly Flag[],
): TextProblem[] {
  const unreadable = new Set(yaml?.problems.map(({ line }) => line));
  return problems.flatMap(({ path, text }) => {
    const flag = flags.find((each) => each.path.every((step, n) => step === path[n]));
    if (flag) return [{ line: 0, text: `${flag.name}: ${text}` }];
    const line = yaml?.lineOf(path) ?? 0;
    const parts = [`${name}:${line}`, ...(path.length > 0 ? [pathText(path)] : []), text];
    return unreadable.has(line) ? [] : [{ line, text: parts.join(': ') }];
  });
}
