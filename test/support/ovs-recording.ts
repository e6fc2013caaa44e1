import { readFileSync } from 'node:fs';
import { type JsonRpcMessage, JsonRpcReader } from '../../src/sources/ovs/json-rpc.js';
import { FIXTURES } from './fixtures.js';

/** What a socket of Open vSwitch said after a step. */
export interface OvsPart {
  readonly what: string;
  readonly bytes: string;
}

/** What the real daemons said, made by record-ovs.ts. */
export interface OvsRecording {
  readonly version: string;
  /** The MACs of the guests g1 to g6 on tap1 to tap6. */
  readonly macs: Readonly<Record<string, string>>;
  /** The server of the database: two connections, as the server starts anew in between. */
  readonly database: readonly OvsPart[];
  /** The control socket of ovs-vswitchd. */
  readonly tables: readonly OvsPart[];
}

export function loadOvsRecording(): OvsRecording {
  return JSON.parse(readFileSync(new URL('ovs.json', FIXTURES), 'utf8')) as OvsRecording;
}

/** The messages in the bytes of a part. */
export function messagesOf({ bytes }: OvsPart): JsonRpcMessage[] {
  return new JsonRpcReader().take(Buffer.from(bytes));
}
