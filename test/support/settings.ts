import { VIRTUAL_ROUTER_MACS } from '../../src/config/constants.js';
import { readConfig } from '../../src/config/read-config.js';
import type { GuestSettings } from '../../src/guests/policy.js';

const { guests } = readConfig(null).config;

/** The settings of a host's state: the defaults, but for what a test says. */
export function guestSettings(change: Partial<GuestSettings & GuestSettings['limits']> = {}): GuestSettings {
  const { total, perPort, addressesPerGuest, ...settings } = { ...guests.limits, ...change };
  const limits = { total, perPort, addressesPerGuest };
  return { ...guests, virtualRouters: VIRTUAL_ROUTER_MACS, ...settings, limits };
}
