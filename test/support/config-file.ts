import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';

/** A configuration file with this text, for as long as the test runs. @returns its path */
export function fileFor(t: TestContext, text: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'bondherald-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'c.yaml');
  writeFileSync(file, text);
  return file;
}
