import { stringify } from 'yaml';
import type { Setting } from './layers.js';
import { pathText } from './problems.js';

/** The settings, in the order of `DEFAULTS`, as a file that says the same, with the origin of each behind it. */
export function settingsText(settings: readonly Setting[]): string {
  const lines: { text: string; from?: string }[] = [];
  let before: readonly string[] = [];
  for (const { path, value, from } of settings) {
    const sections = path.slice(0, -1);
    const common = sections.findIndex((key, n) => key !== before[n]);
    const opened = common < 0 ? sections.length : common;
    for (let n = opened; n < sections.length; n++) lines.push({ text: `${'  '.repeat(n)}${sections[n]}:` });
    lines.push({ text: `${'  '.repeat(sections.length)}${path.at(-1)}: ${flow(value)}`, from });
    before = sections;
  }
  const width = Math.min(60, Math.max(...lines.map(({ text }) => text.length)));
  return lines.map(({ text, from }) => (from === undefined ? text : `${text.padEnd(width)}  # ${from}`)).join('\n');
}

/** A value in one line of YAML. */
function flow(value: unknown): string {
  const options = { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: false } as const;
  return stringify(value, options).trimEnd();
}

/** The same for programs: keys, values as they are written, origins. */
export function settingsList(settings: readonly Setting[]): { key: string; value: unknown; from: string }[] {
  return settings.map(({ path, value, from }) => ({ key: pathText(path), value, from }));
}
