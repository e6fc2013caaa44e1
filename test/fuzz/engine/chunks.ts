/** Cuts bytes into pieces as a stream might: of 1 to 64 bytes, or larger ones, as the bytes themselves decide. */
export function* chunks(bytes: Uint8Array): Generator<Uint8Array> {
  let mix = bytes.length;
  for (let at = 0; at < bytes.length;) {
    mix = (Math.imul(mix, 31) + (bytes[at] ?? 0)) >>> 0;
    const size = mix % 3 === 0 ? 1 + (mix % 64) : 1 + (mix % 4096);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}
