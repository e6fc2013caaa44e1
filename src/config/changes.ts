import { isDeepStrictEqual } from 'node:util';
import type { Config } from './config.js';
import { isSection, type Setting } from './layers.js';
import { type Path, pathText, shortLine, valueAt } from './problems.js';
import type { LoadedConfig } from './read-config.js';

/** A key that has another value than before. */
export interface Change {
  /** `announce.jitter: 0.25 -> 0.5`, in the words of the file. */
  readonly text: string;
  /** It takes effect when the daemon is started anew, and not before. */
  readonly atRestart: boolean;
}

/** What a restart alone changes: frames' memory is laid out for so many guests, the state file is the next start's. */
export const AT_RESTART: readonly Path[] = [['stateDir'], ['guests', 'limits', 'total']];

/** Values are shown as far as this. */
const SHOWN = 100;

/** The keys that differ, in the order of the file; one that is a section here and a word there is one key. */
export function changesOf(before: LoadedConfig, after: LoadedConfig): Change[] {
  return differences(before.config, after.config, []).map((path) => ({
    text: `${pathText(path)}: ${writtenAt(before.settings, path)} -> ${writtenAt(after.settings, path)}`,
    atRestart: isAtRestart(path),
  }));
}

/** `next`, but with what only a restart changes as it is in `running`. */
export function withoutRestart(running: LoadedConfig, next: LoadedConfig): LoadedConfig {
  const { stateDir, guests } = running.config;
  const limits = { ...next.config.guests.limits, total: guests.limits.total };
  const config: Config = { ...next.config, stateDir, guests: { ...next.config.guests, limits } };
  const held = running.settings.filter(({ path }) => isAtRestart(path));
  return { config, settings: [...next.settings.filter(({ path }) => !isAtRestart(path)), ...held] };
}

function isAtRestart(path: Path): boolean {
  return AT_RESTART.some((each) => isDeepStrictEqual(each, path));
}

function differences(before: unknown, after: unknown, path: readonly string[]): (readonly string[])[] {
  if (!isSection(before) || !isSection(after)) return isDeepStrictEqual(before, after) ? [] : [path];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => differences(before[key], after[key], [...path, key]));
}

/** The value of a key as it was written; of a section, what was written of its keys. */
function writtenAt(settings: readonly Setting[], path: readonly string[]): string {
  const raw = settings.reduce<unknown>((whole, setting) => laidIn(whole, setting.path, setting.value), {});
  return shortLine(plain(valueAt(raw, path)), SHOWN);
}

function laidIn(whole: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  const section = isSection(whole) ? whole : {};
  const inner = Object.hasOwn(section, key) ? section[key] : undefined;
  return { ...section, [key]: laidIn(inner, rest, value) };
}

/** As YAML in one line, without its quotes. */
function plain(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(plain).join(', ')}]`;
  if (!isSection(value)) return String(value);
  const pairs = Object.entries(value).map(([key, inner]) => `${key}: ${plain(inner)}`);
  return `{${pairs.join(', ')}}`;
}
