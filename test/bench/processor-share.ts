import { readdirSync, readFileSync } from 'node:fs';

/** The kernel counts a process's time in these. */
const TICKS_A_SECOND = 100;

interface Mark {
  ticks: number;
  at: number;
}

/**
 * What the lab takes of this machine's processors between two marks, measured outside: a kernel that looks at its only
 * processor 100 times a second, by the same clock that wakes the sleepers, cannot tell what a short turn took.
 */
export class ProcessorShare {
  readonly #marks = new Map<string, Mark>();

  mark(name: string): void {
    this.#marks.set(name, { ticks: ticksOfLab(), at: performance.now() });
  }

  /** Between the marks `NAME begin` and `NAME end`, in per cent of a core; null if one is missing. */
  between(name: string): number | null {
    const [begin, end] = [this.#marks.get(`${name} begin`), this.#marks.get(`${name} end`)];
    if (!begin || !end) return null;
    return ((end.ticks - begin.ticks) / TICKS_A_SECOND / ((end.at - begin.at) / 1000)) * 100;
  }
}

/** User and system time of the lab: of all processes in a group whose leader is our child. */
function ticksOfLab(): number {
  const all = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (statOf(Number(name)) ?? []) : []));
  const groups = new Set(
    all.filter(({ pid, group, parent }) => pid === group && parent === process.pid).map(({ pid }) => pid),
  );
  return all.reduce((sum, { group, ticks }) => sum + (groups.has(group) ? ticks : 0), 0);
}

/** The fields of proc(5)'s stat after the name in brackets: 1 parent, 2 group, 11 and 12 user and system time. */
function statOf(pid: number): { pid: number; parent: number; group: number; ticks: number } | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
      .map(Number);
    const [, parent = 0, group = 0] = fields;
    return { pid, parent, group, ticks: (fields[11] ?? 0) + (fields[12] ?? 0) };
  } catch {
    return undefined; // it has just ended
  }
}
