import { Deferred } from '../tasks/deferred.js';

/** Answers of the kernel that are awaited. All who wait at a time wait for the same one, so there is one at most. */
export class Echoes {
  private awaited: Deferred | null = null;

  /** @param ask asks the kernel for an answer */
  constructor(private readonly ask: () => void) {}

  /** Asks, and resolves when an answer has come: a late one to an earlier question is as good. */
  next(): Promise<void> {
    this.awaited ??= new Deferred();
    this.ask();
    return this.awaited.promise;
  }

  /** An answer has come. */
  arrived(): void {
    this.awaited?.resolve();
    this.awaited = null;
  }
}
