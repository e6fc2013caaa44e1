import type { Config } from './config.js';
import { read } from './cross-checks.js';
import type { Problem } from './problems.js';
import { metrics } from './schema.js';

/** Each looks at a file that the configuration names, and says in a line each what is wrong with it. */
export interface FileChecks {
  readonly webConfig?: (file: string, page: Config['metrics']['page']) => readonly string[];
  readonly textfile?: (file: string) => readonly string[];
}

/**
 * What is wrong with the files that a configuration names; mistakes elsewhere in it do not hide that.
 * @param raw a whole file, its defaults filled in
 */
export function fileProblems(raw: unknown, checks: FileChecks): Problem[] {
  const page = read(metrics.shape.page, raw, ['metrics', 'page']) ?? 'off';
  const look = (key: 'webConfig' | 'textfile'): Problem[] => {
    const path = ['metrics', key];
    const file = read(metrics.shape[key], raw, path);
    const problems = file ? checks[key]?.(file, page) : undefined;
    return (problems ?? []).map((text) => ({ path, text }));
  };
  return [...look('webConfig'), ...look('textfile')];
}
