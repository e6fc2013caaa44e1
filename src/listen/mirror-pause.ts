/** Seconds: the first pause, and the longest. */
const FIRST = 1;
const MOST = 600;

/** A mirror that has been whole for so many seconds halves the pause before the next one. */
const HALVING = 60;

/**
 * When a mirror may be set up again, however often it was lost. The first time that is at once; who loses one after the
 * other waits longer and longer, and less again after each minute that one lasted. Times are seconds of one clock.
 */
export class MirrorPause {
  private pause = 0;
  private mayBegin = -Infinity;
  private nextTry = -Infinity;
  private tryPause = FIRST;

  /** @param urged whether what stood in the way may have changed: only a lost mirror's pause counts then */
  isOver(now: number, urged: boolean): boolean {
    return now >= this.mayBegin && (urged || now >= this.nextTry);
  }

  /** A mirror was lost. @param seconds how long it had been whole */
  lost(now: number, seconds: number): void {
    const left = this.pause / 2 ** (seconds / HALVING);
    const pause = left < FIRST / 2 ? 0 : left;
    this.mayBegin = now + pause;
    this.pause = Math.min(Math.max(2 * pause, FIRST), MOST);
    this.nextTry = -Infinity;
    this.tryPause = FIRST;
  }

  /** A mirror could not be set up. */
  refused(now: number): void {
    this.nextTry = now + this.tryPause;
    this.tryPause = Math.min(2 * this.tryPause, MOST);
  }
}
