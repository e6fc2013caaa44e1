import { type MacPrefix, matchesMacPrefix } from '../addr/mac-prefix.js';
import type { Mac } from '../addr/mac.js';
import type { Tag } from '../frames/ethernet.js';
import { globPattern } from './glob.js';
import type { GuestSettings } from './settings.js';

/** What the operator wants never to be announced, and why. Closed set: it is a label of metrics. */
export type RefusalReason = 'excluded' | 'virtual-router';

/** What is never announced, whoever is behind it. */
export class Policy {
  private readonly macs: readonly MacPrefix[];
  private readonly virtualRouters: readonly MacPrefix[];
  private readonly vlans: ReadonlySet<number>;
  private readonly ports: readonly ReturnType<typeof globPattern>[];
  /** Whether what a bridge has learned counts as a guest. */
  readonly learns: boolean;

  constructor({ exclude, virtualRouters, sources }: Pick<GuestSettings, 'exclude' | 'virtualRouters' | 'sources'>) {
    this.macs = exclude.macs;
    this.virtualRouters = virtualRouters;
    this.vlans = new Set(exclude.vlans);
    this.ports = exclude.ports.map(globPattern);
    this.learns = sources.fdb;
  }

  /** Why a MAC is never announced; null: it may be. */
  ofMac(mac: Mac): RefusalReason | null {
    if (this.macs.some((prefix) => matchesMacPrefix(mac, prefix))) return 'excluded';
    return this.virtualRouters.some((prefix) => matchesMacPrefix(mac, prefix)) ? 'virtual-router' : null;
  }

  /** Whether frames with these tags, the outermost first, are never sent. */
  excludesTags(tags: readonly Tag[]): boolean {
    return tags.some(({ vid }) => this.vlans.has(vid));
  }

  /** Whether the guests behind a device are never announced. */
  excludesPort(name: string): boolean {
    return this.ports.some((pattern) => pattern.test(name));
  }
}
