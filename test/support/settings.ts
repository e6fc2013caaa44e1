import { DEFAULTS, VIRTUAL_ROUTER_MACS } from '../../src/config/defaults.js';
import type { GuestSettings } from '../../src/guests/settings.js';

/** The settings of a host's state: the defaults, but for what a test says. */
export function guestSettings(change: Partial<GuestSettings & GuestSettings['limits']> = {}): GuestSettings {
  const { total, perPort, addressesPerGuest, ...settings } = { ...DEFAULTS.guests.limits, ...change };
  const limits = { total, perPort, addressesPerGuest };
  return { ...DEFAULTS.guests, virtualRouters: VIRTUAL_ROUTER_MACS, ...settings, limits };
}
