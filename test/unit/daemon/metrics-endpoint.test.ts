import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test, type TestContext } from 'node:test';
import { Registry } from 'prom-client';
import type { ListenAddress } from '../../../src/config/config.js';
import { MetricsEndpoint } from '../../../src/daemon/metrics-endpoint.js';

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function endpoint(t: TestContext, addresses: readonly ListenAddress[]) {
  const task = new MetricsEndpoint(addresses, new Registry(), () => undefined);
  const stop = new AbortController();
  const run = task.run(stop.signal);
  t.after(() => (stop.abort(), run.catch(() => undefined)));
  return { task, run, stop };
}

const get = async (address: string): Promise<number> => (await fetch(`http://${address}/metrics`)).status;

test('metrics are served at each address, and at none any more after the end', async (t) => {
  const ports = [await freePort(), await freePort()] as const;
  const { task, run, stop } = endpoint(t, [
    { host: '127.0.0.1', port: ports[0] },
    { host: '', port: ports[1] },
  ]);
  await task.ready;
  assert.equal(await get(`127.0.0.1:${ports[0]}`), 200);
  assert.equal(await get(`127.0.0.2:${ports[1]}`), 200);
  await assert.rejects(get(`127.0.0.2:${ports[0]}`), 'one address is that address alone');
  stop.abort();
  await run;
  for (const port of ports) await assert.rejects(get(`127.0.0.1:${port}`));
});

test('without an address nobody listens, and the task is ready all the same', async (t) => {
  const { task, run, stop } = endpoint(t, []);
  await task.ready;
  stop.abort();
  await run;
});

test('where one address cannot be had, the others are given back', async (t) => {
  const port = await freePort();
  const address = { host: '127.0.0.1', port };
  const { run } = endpoint(t, [address, address]);
  await assert.rejects(run, { code: 'LISTEN', message: new RegExp(`127\\.0\\.0\\.1:${port} .*EADDRINUSE`) });
  await assert.rejects(get(`127.0.0.1:${port}`));
});
