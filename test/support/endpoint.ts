import type { TestContext } from 'node:test';
import { Registry } from 'prom-client';
import type { Config } from '../../src/config/config.js';
import { Health } from '../../src/http/health.js';
import { type EndpointParts, MetricsEndpoint } from '../../src/http/metrics-endpoint.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { systemClock } from '../../src/sys/clock.js';
import { plainText } from '../../src/sys/http-server.js';
import { freePort } from './ports.js';

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

type Settings = Omit<Config['metrics'], 'textfile'>;

/** What the metrics' listener does without a word in the file, at no address. */
export const NO_LISTENER: Settings = { listen: [], webConfig: null, page: 'off', names: [] };

/** What stands for the status page. */
export const STATUS_PAGE = 'the status page\n';

/** The listener for the metrics, until the test is over. */
export function endpoint(t: TestContext, settings: Partial<Settings>, parts: Partial<EndpointParts> = {}) {
  const registry = new Registry();
  new Metrics(registry);
  const task = new MetricsEndpoint(
    { ...NO_LISTENER, ...settings },
    {
      ...{ registry, refresh: () => undefined, health: new Health(systemClock, {}), log: quiet },
      statusPage: () => plainText(200, STATUS_PAGE.trimEnd()),
      ...parts,
    },
  );
  const stop = new AbortController();
  const run = task.run(stop.signal);
  t.after(() => (stop.abort(), run.catch(() => undefined)));
  return { task, run, stop };
}

/** The same at 127.0.0.1, once it is ready. @returns the port */
export async function served(
  t: TestContext,
  settings: Partial<Settings> = {},
  parts: Partial<EndpointParts> = {},
): Promise<number> {
  const port = await freePort();
  await endpoint(t, { listen: [{ host: '127.0.0.1', port }], ...settings }, parts).task.ready;
  return port;
}
