import assert from 'node:assert/strict';
import { test } from 'node:test';
import { journal } from './host.js';

let broken: string | null = null;

/** One step of the story. After one that failed the others fail at once: they would wait in vain. */
export function step(name: string, act: () => Promise<void>): void {
  test(name, async () => {
    assert.equal(broken, null, 'an earlier step failed');
    try {
      await act();
    } catch (error) {
      broken = name;
      console.log((await journal()).join('\n'));
      throw error;
    }
  });
}
