import { createHmac, randomBytes } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { moduleUrl } from './program.js';

/** One word from a client: who it says to be, and the hash that the password must have. */
interface Claim {
  readonly user: string;
  readonly password: string;
  readonly hash: string;
}

/** As many as the exporter toolkit keeps: more than a host has readers. */
const MAX_REMEMBERED = 100;

/** So many may wait for a look at their password; one takes a tenth of a second at cost 10. */
const MAX_WAITING = 16;

/**
 * Looks whether passwords match their bcrypt hashes: one at a time, in a thread of its own that ends with it, so that
 * nothing else waits and nothing stays in memory. What was found is remembered, as the exporter toolkit does: a scraper
 * comes every few seconds. Keys of that memory are keyed digests, so they tell nothing of passwords, nor does the time to
 * find one. Bounded by MAX_REMEMBERED and MAX_WAITING.
 */
export class PasswordChecker {
  private readonly secret = randomBytes(32);
  private readonly remembered = new Map<string, boolean>();
  private readonly waiting: (() => void)[] = [];
  private busy = false;

  /** @returns whether the password is right; 'busy' when too many wait */
  async check(claim: Claim): Promise<boolean | 'busy'> {
    const key = this.keyOf(claim);
    const known = this.remembered.get(key);
    if (known !== undefined) return known;
    if (this.busy && this.waiting.length >= MAX_WAITING) return 'busy';
    if (this.busy) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.busy = true;
    try {
      const found = this.remembered.get(key) ?? (await compareInThread(claim));
      this.remember(key, found);
      return found;
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.busy = false;
    }
  }

  private remember(key: string, found: boolean): void {
    const [oldest] = this.remembered.keys();
    if (this.remembered.size >= MAX_REMEMBERED && oldest !== undefined) this.remembered.delete(oldest);
    this.remembered.set(key, found);
  }

  private keyOf({ user, password, hash }: Claim): string {
    return createHmac('sha256', this.secret)
      .update(JSON.stringify([user, password, hash]))
      .digest('base64');
  }
}

function compareInThread({ password, hash }: Claim): Promise<boolean> {
  const worker = new Worker(moduleUrl('sys/password-thread.js'), { workerData: { password, hash } });
  return new Promise((resolve, reject) => {
    worker.once('message', (found: boolean) => resolve(found));
    worker.once('error', reject);
    worker.once('exit', () => resolve(false)); // after its message this changes nothing
  });
}
