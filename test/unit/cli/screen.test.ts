import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { drawing } from '../../../src/cli/screen.js';
import { ROOT } from '../../support/program.js';
import { until } from '../../support/until.js';

const PROGRAM = fileURLToPath(new URL('bin/bondherald', ROOT));

test('a page is drawn over the one before it, and leaves nothing of that', () => {
  assert.equal(drawing('one\ntwo', 24), '\x1b[Hone\x1b[K\ntwo\x1b[K\n\x1b[J');
});

test('a page that is taller than the terminal is cut, and never scrolls it', () => {
  const page = ['one', 'two', 'three', 'four'].join('\n');
  assert.equal(drawing(page, 5), '\x1b[Hone\x1b[K\ntwo\x1b[K\nthree\x1b[K\nfour\x1b[K\n\x1b[J');
  assert.equal(drawing(page, 4), '\x1b[Hone\x1b[K\ntwo\x1b[K\n... 2 more lines\x1b[K\n\x1b[J');
  assert.equal(drawing(page, 1), '\x1b[H... 4 more lines\x1b[K\n\x1b[J', 'no terminal is too small');
});

/** Runs a command in a pseudo terminal; what is typed reaches it as from a keyboard. */
function inTerminal(command: string) {
  const child = spawn('script', ['-qfec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const seen = { text: '', code: null as number | null };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (seen.text += text));
  child.once('close', (code) => (seen.code = code));
  return { seen, type: (keys: string) => void child.stdin.write(keys), kill: () => void child.kill() };
}

test('status --watch: fits the terminal, follows its size, and Ctrl-C gives the cursor back', async (t) => {
  const { seen, type, kill } = inTerminal(`tty; stty rows 2 cols 40; exec ${PROGRAM} status --watch`);
  t.after(kill);
  const page = /\x1b\[H[^]*?\x1b\[J/g;
  await until(() => seen.text.match(page), { what: 'the first page' });
  const [first] = seen.text.match(page) ?? [];
  assert.match(first ?? '', /^\x1b\[H\.\.\. \d+ more lines\x1b\[K\r\n\x1b\[J$/);
  const terminal = /\/dev\/pts\/\d+/.exec(seen.text)?.[0] ?? '';
  execFileSync('stty', ['-F', terminal, 'rows', '60']);
  await until(() => /running for|no daemon is running|read from the kernel/.test(seen.text), {
    what: 'a page as tall as it is now',
  });
  const before = seen.text;
  assert.ok(before.indexOf('\x1b[?25l') >= 0 && before.indexOf('\x1b[?25l') < before.search(page), 'no cursor');
  assert.ok(!before.includes('\x1b[?25h'));
  type('\x03');
  await until(() => seen.code !== null, { what: 'it ends' });
  assert.equal(seen.code, 0);
  assert.match(seen.text, /\x1b\[\?7h\x1b\[\?25h$/);
});
