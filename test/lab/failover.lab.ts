import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BONDHERALD } from './net/daemon.js';
import { Daemon } from './net/daemon.js';
import { labFor } from './net/lab.js';
import { Stream } from './net/stream.js';

test('a silent guest is reachable again about 100 ms after its link failed', async (t) => {
  const lab = await labFor(t);
  const daemon = await Daemon.start(lab, [BONDHERALD, 'run']);
  const stream = await Stream.start(lab);
  await stream.goesOn(100);
  await lab.cutLink(1);
  await lab.untilActive('up2');
  await stream.goesOn(100);
  for (const { guest, longestOutage, darkAtEnd } of await stream.stop()) {
    console.log(guest.name, longestOutage, darkAtEnd);
  }
  console.log(daemon.stderr);
  console.log(await daemon.get());
  await daemon.stop();
  console.log(daemon.stderr);
});
