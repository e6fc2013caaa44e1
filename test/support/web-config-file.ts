import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';

/** A web configuration file in a folder of its own, until the test is over. */
export function webConfigFile(t: TestContext, text: string) {
  const folder = mkdtempSync(path.join(tmpdir(), 'web-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'web.yml');
  /** Puts another one in its place, whole. */
  const write = (fresh: string): void => {
    writeFileSync(`${file}.new`, fresh);
    renameSync(`${file}.new`, file);
  };
  write(text);
  return { folder, file, write };
}
