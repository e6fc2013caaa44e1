import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import * as libc from '../../src/sys/libc.js';

/** A listening unix datagram socket, as a service manager has one. */
export interface DatagramSocket {
  /** What NOTIFY_SOCKET says of it. */
  readonly name: string;
  /** Every datagram that waits, as text. */
  received(): string[];
}

const LONGEST = 65536;

/** Opens one, at a path or in the abstract namespace; it goes with the test. */
export function listenForDatagrams(t: TestContext, kind: 'path' | 'abstract'): DatagramSocket {
  const folder = mkdtempSync(path.join(tmpdir(), 'bondherald-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'notify');
  const where = kind === 'path' ? `${file}\0` : `\0${file}`;
  const address = Buffer.concat([Buffer.from(new Uint16Array([libc.AF_UNIX]).buffer), Buffer.from(where)]);
  const fd = libc.check(libc.socket(libc.AF_UNIX, libc.SOCK_DGRAM | libc.SOCK_CLOEXEC, 0), 'socket', 'test');
  t.after(() => libc.close(fd));
  libc.check(libc.bind(fd, address, address.length), 'bind', file);
  return {
    name: kind === 'path' ? file : `@${file}`,
    received: () => [...drain(fd)],
  };
}

function* drain(fd: number): Generator<string> {
  const buffer = new Uint8Array(LONGEST);
  for (;;) {
    const sender = [new Uint8Array(110), new Uint32Array([110])] as const;
    const length = libc.recvfrom(fd, buffer, buffer.length, libc.MSG_DONTWAIT, ...sender);
    if (length < 0) return;
    yield Buffer.from(buffer.subarray(0, length)).toString();
  }
}
