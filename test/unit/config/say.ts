import { readConfig, type ConfigText, type Flag, type LoadedConfig } from '../../../src/config/read-config.js';
import { ConfigError } from '../../../src/errors.js';

export function file(text: string): ConfigText {
  return { name: 'F', bytes: Buffer.from(text) };
}

export function load(text: string, flags: readonly Flag[] = []): LoadedConfig {
  return readConfig(file(text), flags);
}

/** What is wrong with a file: nothing, or the lines. Anything but a ConfigError is thrown on. */
export function problems(text: string | ConfigText, flags: readonly Flag[] = []): readonly string[] {
  try {
    readConfig(typeof text === 'string' ? file(text) : text, flags);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}
