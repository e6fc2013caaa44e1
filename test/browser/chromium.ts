import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** Debian's. */
export const CHROMIUM = '/usr/bin/chromium';

const ARGUMENTS = [
  ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage', '--hide-scrollbars'],
  ...['--remote-debugging-pipe', 'about:blank'],
];

const CALL_TIMEOUT_MS = 30_000;

/** A message of the Chrome DevTools Protocol. */
interface Message {
  id?: number;
  sessionId?: string;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { message: string };
}

type Listener = (method: string, params: Record<string, any>) => void;

/**
 * A headless Chromium that is spoken to over a pipe by the Chrome DevTools Protocol: JSON, ended by a NUL, on its
 * descriptors 3 and 4. That takes no package, unlike the protocol's web socket on Node.js 20.
 */
export class Chromium {
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #calls = new Map<number, (message: Message) => void>();
  readonly #listeners = new Map<string, Listener>();
  #last = 0;
  #noise = '';

  constructor() {
    this.#profile = mkdtempSync(join(tmpdir(), 'chromium-'));
    this.#child = spawn(CHROMIUM, [`--user-data-dir=${this.#profile}`, ...ARGUMENTS], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#noise += text));
    let rest = '';
    (this.#child.stdio[4] as Readable).setEncoding('utf8').on('data', (text: string) => {
      const messages = (rest + text).split('\0');
      rest = messages.pop() ?? '';
      for (const message of messages) this.#take(JSON.parse(message) as Message);
    });
    const lost = (): void => {
      for (const call of this.#calls.values()) call({ error: { message: `Chromium ended: ${this.#noise}` } });
    };
    this.#child.once('error', lost).once('close', lost);
  }

  /** Calls a method of the protocol. Rejects when it fails, or takes too long. */
  call(method: string, params: object = {}, sessionId?: string): Promise<Record<string, any>> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => answered({ error: { message: 'no answer' } }), CALL_TIMEOUT_MS);
      const answered = ({ result, error }: Message): void => {
        clearTimeout(timer);
        this.#calls.delete(id);
        if (error) reject(new Error(`${method}: ${error.message}`));
        else resolve(result ?? {});
      };
      this.#calls.set(id, answered);
      (this.#child.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  /** Opens a tab. @param listener is told of its events */
  async open(listener: Listener): Promise<string> {
    const { targetId } = await this.call('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.call('Target.attachToTarget', { targetId, flatten: true });
    this.#listeners.set(sessionId, listener);
    return sessionId;
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGKILL');
    await ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10 });
  }

  #take(message: Message): void {
    if (message.id !== undefined) this.#calls.get(message.id)?.(message);
    else this.#listeners.get(message.sessionId ?? '')?.(message.method ?? '', message.params ?? {});
  }
}
