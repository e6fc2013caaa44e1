/** `make demo`: boots the lab, has it measure a failover without and with the daemon (inside.ts), and draws what it tells. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { directWorks, runDirect } from '../world/direct.js';
import type { WorldResult } from '../world/types.js';
import { bootUml } from '../world/uml.js';
import { canRedraw, lookOf } from './draw/look.js';
import { EventReader } from './events.js';
import { Screen } from './screen.js';
import { Show } from './show.js';

const TIMEOUT_MS = 120_000;
const REDRAW_MS = 100;

const out = process.stdout;
const where = { isTTY: out.isTTY, env: process.env };
const redraws = canRedraw({ ...where, columns: undefined });
const screen = new Screen((text) => out.write(text), redraws);
const show = new Show(screen, () => lookOf({ ...where, columns: out.columns }), redraws);
const began = performance.now();
const now = (): number => performance.now() - began;

/** Boots the world that the lab's launcher would choose, and shows what comes out of it. */
async function runWorld(reader: EventReader): Promise<WorldResult> {
  const direct = directWorks();
  const kernel = direct ? 'this machine’s own kernel' : 'User Mode Linux';
  show.take({ event: 'step', text: `booting the lab (${kernel})` }, now());
  const world = direct ? runDirect : bootUml;
  const inside = fileURLToPath(new URL('./inside.js', import.meta.url));
  return world({
    command: [process.execPath, '--enable-source-maps', inside],
    timeoutMs: TIMEOUT_MS,
    onOutput: (text) => reader.feed(text),
  });
}

/** What went wrong, if no event says so. */
function problemOf(result: WorldResult, noise: readonly string[]): string | null {
  if (result.problem !== null) return result.problem;
  if (result.code === 0) return null;
  return `the lab ended with exit status ${String(result.code)}: ${noise.slice(-3).join(' | ')}`;
}

async function main(): Promise<number> {
  show.open();
  const reader = new EventReader((event) => show.take(event, now()));
  const wheel = setInterval(() => show.draw(now()), REDRAW_MS);
  const result = await runWorld(reader);
  clearInterval(wheel);
  return show.close(problemOf(result, reader.noise)).ok ? 0 : 1;
}

// The worlds keep what they need while they run in the temporary folder; it goes with this process however that ends.
const scratch = mkdtempSync(join(tmpdir(), 'bondherald-demo-'));
process.env['TMPDIR'] = scratch;
process.on('exit', () => {
  screen.close();
  rmSync(scratch, { recursive: true, force: true });
});
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
for (const [signal, code] of Object.entries(SIGNALS)) process.on(signal, () => process.exit(code));
// Whoever read has gone, `make demo | head` for one: there is nobody left to show anything.
out.on('error', () => process.exit(141));

process.exitCode = await main();
