import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDatagram } from '../../../src/kernel/decode.js';
import { echoRequest, KNOCK_SEQ } from '../../../src/kernel/requests.js';
import { encodeProgram } from '../../../src/kernel/bpf/assembler.js';
import { linkFilter } from '../../../src/kernel/bpf/link-filter.js';
import { openLinkSocket, sendBy } from '../../../src/sys/netlink/link-socket.js';

test('whoever waits at a link socket is woken by an answer to another, without rights and through the filter', (t) => {
  const socket = openLinkSocket(0, encodeProgram(linkFilter()));
  t.after(() => socket.close());
  sendBy(socket.descriptor, echoRequest(KNOCK_SEQ));
  const datagram = socket.receive();
  assert.ok(typeof datagram !== 'string', 'not only when its time is over');
  assert.deepEqual(decodeDatagram(datagram), [{ type: 'answer', seq: KNOCK_SEQ, errno: 0 }]);
  assert.equal(socket.receive(), 'nothing');
});
