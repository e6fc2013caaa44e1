import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readInstances } from '../../../../src/host/doctor/instances.js';
import type { openLinkSocket } from '../../../../src/sys/netlink/link-socket.js';

for (const lost of ['overrun', 'truncated'] as const)
  test(`an answer of which part is lost (${lost}) is no list of instances`, () => {
    let closed = false;
    const socket = { send: () => undefined, receive: () => lost, close: () => (closed = true) };
    const open = (() => socket) as unknown as typeof openLinkSocket;
    assert.throws(() => readInstances(5, open), /VLAN instances: rtnetlink: ENOBUFS/);
    assert.ok(closed);
  });
