import { isGroupMac, type Mac, parseMac, ZERO_MAC } from '../addr/mac.js';
import { UsageError } from '../errors.js';

/**
 * A guest's MAC from the command line.
 * @throws UsageError when it is malformed, or no station's address
 */
export function macArgument(text: string): Mac {
  const mac = parseMac(text);
  if (mac === undefined) throw new UsageError(`--mac ${text}: not a MAC address; write it like 52:54:00:12:34:56`);
  if (isGroupMac(mac)) throw new UsageError(`--mac ${text}: a multicast or broadcast address is no guest's`);
  if (mac === ZERO_MAC) throw new UsageError(`--mac ${text}: the zero address is no guest's`);
  return mac;
}

/**
 * A VLAN identifier from the command line.
 * @throws UsageError when it is outside 1 to 4094 (IEEE 802.1Q table 9-2)
 */
export function vlanArgument(text: string): number {
  const vid = /^\d{1,4}$/.test(text) ? Number(text) : NaN;
  if (!(vid >= 1 && vid <= 4094)) throw new UsageError(`--vlan ${text}: not a VLAN; give a number from 1 to 4094`);
  return vid;
}
