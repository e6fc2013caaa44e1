import type { SuppressReason } from '../../guests/verdict.js';

const WORDS: Readonly<Record<SuppressReason, string>> = {
  'seen-on-uplink': 'came in by the bond, so it may run elsewhere',
  'vlan-not-on-uplink': 'the way out does not carry its VLAN',
  'uplink-not-forwarding': 'spanning tree blocks the way out',
  'uplink-down': 'a device on the way out is down',
  'virtual-router': 'virtual router: would cut its gateway off',
  excluded: 'excluded by the configuration',
  'too-many': 'too many guests behind the bond',
};

/** Why a guest is not announced, for people. */
export function reasonWords(reason: string): string {
  return WORDS[reason as SuppressReason] ?? reason;
}
