/**
 * IP addresses as values that compare with `===`: dotted quads, and IPv6 in the form of RFC 5952.
 */
declare const ipBrand: unique symbol;

/** An IPv4 address such as `192.0.2.1`, or an IPv6 address such as `2001:db8::1`. */
export type Ip = string & { readonly [ipBrand]: true };

/**
 * The IP address in `length` bytes in network order.
 * @param length 4 or 16; the caller has checked that so many bytes are there
 * @returns the address, or undefined when `length` is neither
 */
export function ipFromBytes(bytes: Uint8Array, offset: number, length: number): Ip | undefined {
  if (length === 4) return bytes.subarray(offset, offset + 4).join('.') as Ip;
  if (length === 16) return ipv6Text(bytes, offset) as Ip;
  return undefined;
}

/** RFC 5952 section 4: lower case, no leading zeros, the first longest run of two or more zero groups as `::`. */
function ipv6Text(bytes: Uint8Array, offset: number): string {
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[offset + 2 * i] ?? 0) << 8) | (bytes[offset + 2 * i + 1] ?? 0)).toString(16),
  );
  const run = longestZeroRun(groups);
  if (run.length < 2) return groups.join(':');
  return `${groups.slice(0, run.start).join(':')}::${groups.slice(run.start + run.length).join(':')}`;
}

function longestZeroRun(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === '0') length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}
