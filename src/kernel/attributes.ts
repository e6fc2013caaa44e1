import { type Mac, MAC_LENGTH, macFromBytes } from '../addr/mac.js';
import { NetlinkDecodeError } from '../errors.js';
import { NLA_TYPE_MASK } from './constants.js';

/*
 * struct nlattr (linux/netlink.h), all fields in host byte order:
 *
 *    0       2       4
 *    +-------+-------+------------------+---------+
 *    |  len  | type  | payload          | pad to 4|
 *    +-------+-------+------------------+---------+
 *    len counts header and payload, not the padding; the two high bits of type are flags.
 */
const HEADER_LENGTH = 4;

const UTF8 = new TextDecoder();

/** True where the host stores the low byte first; netlink speaks the host's byte order. */
export const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** A stretch of a datagram whose bounds were checked: an attribute's payload, or a message's body. */
export class Span {
  constructor(
    readonly view: DataView,
    readonly start: number,
    readonly end: number,
  ) {}

  get length(): number {
    return this.end - this.start;
  }

  /** The bytes themselves, not a copy. */
  get bytes(): Uint8Array {
    return new Uint8Array(this.view.buffer, this.view.byteOffset + this.start, this.length);
  }

  u8(offset = 0): number {
    return this.view.getUint8(this.check(offset, 1));
  }

  /** In host byte order. */
  u16(offset = 0): number {
    return this.view.getUint16(this.check(offset, 2), LITTLE_ENDIAN);
  }

  /** In network byte order. */
  u16be(offset = 0): number {
    return this.view.getUint16(this.check(offset, 2), false);
  }

  /** In host byte order. */
  u32(offset = 0): number {
    return this.view.getUint32(this.check(offset, 4), LITTLE_ENDIAN);
  }

  /** In host byte order. */
  i32(offset = 0): number {
    return this.view.getInt32(this.check(offset, 4), LITTLE_ENDIAN);
  }

  /** null for an address of another length, such as InfiniBand's. */
  mac(): Mac | null {
    return this.length === MAC_LENGTH ? macFromBytes(this.bytes) : null;
  }

  /** Text up to the first NUL. */
  text(): string {
    let ascii = '';
    for (let at = this.start; at < this.end; at++) {
      const byte = this.view.getUint8(at);
      if (byte === 0) break;
      if (byte > 0x7f) return UTF8.decode(this.bytes).split('\0', 1)[0] ?? '';
      ascii += String.fromCharCode(byte);
    }
    return ascii;
  }

  /** The rest of the span from `offset` on. @throws NetlinkDecodeError when it is shorter than that */
  from(offset: number): Span {
    this.check(offset, 0);
    return new Span(this.view, this.start + offset, this.end);
  }

  private check(offset: number, length: number): number {
    if (offset + length > this.length) throw tooShort(this.length, offset + length);
    return this.start + offset;
  }
}

/**
 * Calls `visit` with type and payload of each attribute in `span`, in order. Flag bits of the type are cleared.
 * @throws NetlinkDecodeError when an attribute's length is below its header or reaches past the span
 */
export function eachAttribute(span: Span, visit: (type: number, value: Span) => void): void {
  let at = span.start;
  while (at + HEADER_LENGTH <= span.end) {
    const next = after(span, at);
    visit(typeAt(span, at), valueAt(span, at));
    at = next;
  }
}

/**
 * The attributes of `span` that have these types, in the order of `types`; of a repeated one the last. Makes no garbage
 * for the others, of which a link message has dozens.
 * @throws NetlinkDecodeError as eachAttribute
 */
export function pick<const Types extends readonly number[]>(
  span: Span,
  types: Types,
): { -readonly [at in keyof Types]: Span | undefined } {
  const picked: (Span | undefined)[] = types.map(() => undefined);
  let at = span.start;
  while (at + HEADER_LENGTH <= span.end) {
    const next = after(span, at);
    const place = types.indexOf(typeAt(span, at));
    if (place >= 0) picked[place] = valueAt(span, at);
    at = next;
  }
  return picked as { -readonly [at in keyof Types]: Span | undefined };
}

/** Where the payloads of attributes begin and end in a view, two numbers for each; 0 and 0 for one that is missing. */
type Places = Int32Array;

/**
 * As `pick`, of the attributes from `offset` on, for messages that come by the hundred thousand: makes no garbage.
 * @param places is filled, in the order of `types`
 * @throws NetlinkDecodeError as eachAttribute
 */
export function locate(span: Span, offset: number, types: readonly number[], places: Places): void {
  places.fill(0);
  const { view, start, end } = span;
  let at = start + offset;
  if (at > end) throw tooShort(span.length, offset);
  while (at + HEADER_LENGTH <= end) {
    const next = after(span, at);
    const place = 2 * types.indexOf(typeAt(span, at));
    if (place >= 0) {
      places[place] = at + HEADER_LENGTH;
      places[place + 1] = at + view.getUint16(at, LITTLE_ENDIAN);
    }
    at = next;
  }
}

/** The n-th of located attributes, in host byte order; null when it is missing. @throws NetlinkDecodeError when it is too short */
export function locatedU16(view: DataView, places: Places, n: number): number | null {
  const at = located(places, n, 2);
  return at === 0 ? null : view.getUint16(at, LITTLE_ENDIAN);
}

/** As locatedU16. */
export function locatedU32(view: DataView, places: Places, n: number): number | null {
  const at = located(places, n, 4);
  return at === 0 ? null : view.getUint32(at, LITTLE_ENDIAN);
}

/** The bytes of the n-th of located attributes, not a copy; null when it is missing. */
export function locatedBytes(view: DataView, places: Places, n: number): Uint8Array | null {
  const at = located(places, n, 0);
  return at === 0 ? null : new Uint8Array(view.buffer, view.byteOffset + at, (places[2 * n + 1] ?? 0) - at);
}

function located(places: Places, n: number, length: number): number {
  const start = places[2 * n] ?? 0;
  const has = (places[2 * n + 1] ?? 0) - start;
  if (start !== 0 && has < length) throw tooShort(has, length);
  return start;
}

const tooShort = (has: number, needs: number): NetlinkDecodeError =>
  new NetlinkDecodeError(`attribute has ${has} bytes, needs ${needs}`);

function typeAt({ view }: Span, at: number): number {
  return view.getUint16(at + 2, LITTLE_ENDIAN) & NLA_TYPE_MASK;
}

function valueAt({ view }: Span, at: number): Span {
  return new Span(view, at + HEADER_LENGTH, at + view.getUint16(at, LITTLE_ENDIAN));
}

/** Where the attribute behind the one at `at` begins; checks the length of that one. */
function after({ view, end }: Span, at: number): number {
  const length = view.getUint16(at, LITTLE_ENDIAN);
  if (length < HEADER_LENGTH || at + length > end)
    throw new NetlinkDecodeError(`an attribute of ${length} bytes exceeds the ${end - at} that are left`);
  return at + ((length + 3) & ~3);
}
