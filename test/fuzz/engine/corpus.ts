import { readFileSync } from 'node:fs';

/** Recordings of test/fuzz/corpus, seen from build/test/fuzz/engine: what each is, and its bytes in hex. */
export function recorded(name: 'frames' | 'openflow'): Uint8Array[] {
  const file = new URL(`../../../../test/fuzz/corpus/${name}.json`, import.meta.url);
  const { recordings } = JSON.parse(readFileSync(file, 'utf8')) as { recordings: { bytes: string }[] };
  return recordings.map(({ bytes }) => new Uint8Array(Buffer.from(bytes, 'hex')));
}
