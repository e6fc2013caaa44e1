import type { Exit } from '../topology/exits.js';

/** Identifies a way out: a bond and a stack of tags, the outermost first. */
export function exitKey({ bond, tags }: Pick<Exit, 'bond' | 'tags'>): string {
  return `${bond}${tags.map(({ tpid, vid }) => `/${tpid}.${vid}`).join('')}`;
}
