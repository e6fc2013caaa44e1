import { JsonRpcError } from '../../errors.js';

/**
 * JSON-RPC 1.0 as Open vSwitch speaks it over a stream (RFC 7047 section 4; OVS lib/jsonrpc.c): one JSON object after
 * the other, with nothing between them but white space at most. Either side may ask.
 */
export type JsonRpcMessage =
  | { readonly kind: 'request'; readonly id: unknown; readonly method: string; readonly params: readonly unknown[] }
  | { readonly kind: 'notification'; readonly method: string; readonly params: readonly unknown[] }
  | { readonly kind: 'response'; readonly id: unknown; readonly result: unknown; readonly error: unknown };

/** Longer than the MAC table of a million rows, which is the most that OVS holds (lib/mac-learning.c). */
const MESSAGE_BYTES = 64 << 20;

/** As in lib/json.c: JSON_MAX_HEIGHT. */
const DEPTH = 1000;

/** A buffer that grew beyond this for one message is not kept for the next. */
const KEPT_BYTES = 1 << 20;

const [TAB, NEWLINE, RETURN, SPACE, QUOTE, BACKSLASH] = [0x09, 0x0a, 0x0d, 0x20, 0x22, 0x5c];
const [OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Finds the messages in a stream of bytes. Looks at each byte once; holds one message that is not complete, which
 * `limit` bounds. After an error it is of no more use, as the place where the next message begins is unknown.
 */
export class JsonRpcReader {
  private held = Buffer.alloc(0);
  private length = 0;
  private depth = 0;
  private inString = false;
  private escaped = false;

  /** @param limit how many bytes a message has at most */
  constructor(private readonly limit = MESSAGE_BYTES) {}

  /**
   * Takes the next bytes, cut anywhere.
   * @returns the messages that end in them
   * @throws JsonRpcError when they are no JSON-RPC, or a message is too long or nested too deep
   */
  take(bytes: Uint8Array): JsonRpcMessage[] {
    const messages: JsonRpcMessage[] = [];
    let start = 0;
    for (let end = this.endOfMessage(bytes, 0); end > 0; end = this.endOfMessage(bytes, start)) {
      this.hold(bytes.subarray(start, end));
      messages.push(this.release());
      start = end;
    }
    if (this.depth > 0) this.hold(bytes.subarray(start));
    return messages;
  }

  /** @returns the index behind the message that ends first in `bytes`, seen from `start`; 0 when none does */
  private endOfMessage(bytes: Uint8Array, start: number): number {
    for (let i = start; i < bytes.length; i++) {
      const byte = bytes[i] ?? 0;
      if (this.inString) this.inText(byte);
      else if (this.depth === 0) this.depth = opens(byte);
      else if (byte === QUOTE) this.inString = true;
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.depth++;
      else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --this.depth === 0) return i + 1;
      if (this.depth > DEPTH) throw new JsonRpcError(`a message is nested deeper than ${DEPTH} levels`);
    }
    return 0;
  }

  /** No byte of a character beyond ASCII looks like a quote or a backslash in UTF-8. */
  private inText(byte: number): void {
    if (this.escaped) this.escaped = false;
    else if (byte === BACKSLASH) this.escaped = true;
    else if (byte === QUOTE) this.inString = false;
  }

  /** Keeps a copy, since a stream of single bytes would otherwise keep an object for each. */
  private hold(bytes: Uint8Array): void {
    const length = this.length + bytes.length;
    if (length > this.limit) throw new JsonRpcError(`a message is longer than ${this.limit} bytes`);
    if (length > this.held.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, Math.min(2 * this.held.length, this.limit)));
      this.held.copy(larger, 0, 0, this.length);
      this.held = larger;
    }
    this.held.set(bytes, this.length);
    this.length = length;
  }

  private release(): JsonRpcMessage {
    // Names may hold any bytes, and text of the switch is not checked: what is no UTF-8 becomes U+FFFD.
    const text = this.held.toString('utf8', 0, this.length);
    this.length = 0;
    if (this.held.length > KEPT_BYTES) this.held = Buffer.alloc(0);
    return asMessage(parse(text));
  }
}

/** The bytes of a request. @param id a number that the answer will carry */
export function encodeRequest(id: number, method: string, params: readonly unknown[]): string {
  return JSON.stringify({ id, method, params });
}

/** The bytes of the answer to a request of the other side. */
export function encodeResponse(id: unknown, result: unknown): string {
  return JSON.stringify({ id, result, error: null });
}

/** @returns the depth after a byte between two messages */
function opens(byte: number): 0 | 1 {
  if (byte === OPEN_BRACE) return 1;
  if (byte === SPACE || byte === NEWLINE || byte === RETURN || byte === TAB) return 0;
  throw new JsonRpcError(`a message starts with byte 0x${byte.toString(16).padStart(2, '0')} instead of a brace`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new JsonRpcError('a message is not JSON'); // V8's words would repeat parts of it
  }
}

/** JSON-RPC 1.0 sections 1.1 to 1.3. */
function asMessage(value: unknown): JsonRpcMessage {
  const { id, method, params, result, error } = value as Record<string, unknown>;
  if (typeof method === 'string' && Array.isArray(params)) {
    return id === null || id === undefined
      ? { kind: 'notification', method, params }
      : { kind: 'request', id, method, params };
  }
  if (method !== undefined || id === null || id === undefined || (result === undefined && error === undefined)) {
    throw new JsonRpcError('a message is neither a request nor a response');
  }
  return { kind: 'response', id, result: result ?? null, error: error ?? null };
}
