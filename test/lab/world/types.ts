/** A command to run in a world of its own, with a kernel that has bonds. */
export interface WorldRun {
  /** The program and its arguments; nothing is left to a shell. */
  command: readonly string[];
  /** The folder to run in; the current one by default. */
  cwd?: string;
  /** Variables beside PATH, HOME, CI and TMPDIR: a world inherits nothing. */
  env?: Readonly<Record<string, string>>;
  /** How long the command may take, without the boot, in ms; 240,000 by default. */
  timeoutMs?: number;
  /** Gets the command's output as it comes. */
  onOutput?: (text: string) => void;
  /** Width and height that a program in the world sees as its terminal's; 120 x 40 by default. */
  columns?: number;
  rows?: number;
}

/** How a run in a world ended. */
export interface WorldResult {
  /** The command's exit status; null when the world did not come up, hung or died. */
  code: number | null;
  /** What the command printed, on stdout and stderr. */
  output: string;
  /** One line on why there is no exit status; null when there is one. */
  problem: string | null;
  /** What the world printed while booting. */
  boot: string;
  /** From the start to the command's begin, and from there to the end, in ms. */
  bootMs: number;
  runMs: number;
}

/** Runs one command in a fresh world and leaves nothing behind. */
export type World = (run: WorldRun) => Promise<WorldResult>;

export const DEFAULT_TIMEOUT_MS = 240_000;
