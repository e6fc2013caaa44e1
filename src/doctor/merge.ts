import type { Finding } from './finding.js';

/** So many subjects are named; of more, the rest is counted. */
const NAMED = 4;

/** Makes one finding of all that say the same of different subjects; its cure cures them all. In order of the first. */
export function mergeAlike(findings: readonly Finding[]): Finding[] {
  const groups = new Map<string, Finding[]>();
  for (const each of findings) {
    const key = JSON.stringify([each.id, each.level, each.finding, each.meaning]);
    const group = groups.get(key);
    if (group) group.push(each);
    else groups.set(key, [each]);
  }
  return [...groups.values()].map((group) => ({
    ...(group[0] as Finding),
    subject: namesOf(group.map(({ subject }) => subject)),
    cure: [...new Set(group.map(({ cure }) => cure))].join(' && '),
  }));
}

/** `br0, br1 and 98 more`. */
export function namesOf(names: readonly string[]): string {
  if (names.length <= NAMED) return names.join(', ');
  return `${names.slice(0, NAMED).join(', ')} and ${names.length - NAMED} more`;
}
