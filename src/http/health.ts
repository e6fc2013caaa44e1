import type { Clock } from '../sys/clock.js';

/** So long a netlink socket may take to answer, in seconds; the failover thread looks up every 0.2 s. */
const TIME_LIMIT = 2;

/** Asks over a socket, and resolves when the kernel has answered there. */
export type Echo = () => Promise<void>;

/**
 * Whether the daemon still hears the kernel: asks the kernel for an answer over each netlink socket, through the thread
 * that reads it. One look at a time, for everybody who asks meanwhile.
 */
export class Health {
  private looking: Promise<string[]> | null = null;

  /** @param sockets how to ask over each, by its name */
  constructor(
    private readonly clock: Clock,
    private readonly sockets: Readonly<Record<string, Echo>>,
  ) {}

  /** @returns the names of the sockets over which no answer came; empty when all is well */
  look(): Promise<string[]> {
    this.looking ??= this.ask().finally(() => (this.looking = null));
    return this.looking;
  }

  private async ask(): Promise<string[]> {
    const silent = new Set(Object.keys(this.sockets));
    let cancel = (): void => undefined;
    const timeUp = new Promise<void>((resolve) => (cancel = this.clock.after(TIME_LIMIT, resolve)));
    const answers = Object.entries(this.sockets).map(async ([name, echo]) => {
      await echo();
      silent.delete(name);
    });
    await Promise.race([Promise.allSettled(answers), timeUp]);
    cancel();
    return [...silent];
  }
}
