import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { hashSync } from 'bcryptjs';
import { Registry } from 'prom-client';
import { Health } from '../../../src/http/health.js';
import { MetricsEndpoint } from '../../../src/http/metrics-endpoint.js';
import { Metrics } from '../../../src/metrics/metrics.js';
import { addressOf, readQuery } from '../../../src/http/page/query.js';
import { systemClock } from '../../../src/sys/clock.js';
import { plainText } from '../../../src/sys/http-server.js';
import { freePort } from '../../support/ports.js';
import { converse } from '../engine/converse.js';
import { scratchFolder } from '../engine/scratch.js';
import { bytesOf, type Target } from '../engine/target.js';

/** Told by the endpoint; anything in it is something that nobody foresaw. */
const troubles: string[] = [];

/** How many requests for pages and metrics were answered in this conversation. */
let answered = 0;

const log = {
  info: () => undefined,
  warn: () => undefined,
  error: (text: string, fields?: object) => void troubles.push(`${text} ${JSON.stringify(fields)}`),
};

/** No answer has a larger one: the metrics of a host without bonds. */
const MOST = 64 << 10;

const BEGINNING = /HTTP\/1\.1 [2-5]\d\d /g;
/** Said before an answer, to who asks whether to go on. */
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

/** An endpoint at `port`; with a page that reads its query where a web configuration is given. */
async function endpoint(port: number, webConfig: string | null, stop: AbortSignal): Promise<void> {
  const registry = new Registry();
  new Metrics(registry);
  const statusPage = ({ query }: { query: string }) => (answered++, plainText(200, addressOf(readQuery(query))));
  const parts = { registry, refresh: () => void answered++, health: new Health(systemClock, {}), log, statusPage };
  const listen = [{ host: '127.0.0.1', port }];
  const task = new MetricsEndpoint({ listen, webConfig, page: 'authenticated', names: ['a'] }, parts);
  void task.run(stop);
  await task.ready;
}

/** Nothing, or one answer of HTTP, and the next one who asks gets the metrics. */
async function ask(port: number, bytes: Uint8Array): Promise<void> {
  answered = 0;
  const got = (await converse({ host: '127.0.0.1', port }, bytes)).toString('latin1').replace(CONTINUE, '');
  assert.ok(got.length <= MOST, `${got.length} bytes of answer`);
  if (got.length > 0) assert.equal(got.search(BEGINNING), 0, 'no HTTP');
  assert.ok((got.match(BEGINNING)?.length ?? 0) <= 1, 'a connection serves one request');
  assert.ok(answered <= 1, `${answered} answers were made for one connection`);
  assert.deepEqual(troubles.splice(0), []);
}

const HEALTH = bytesOf('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
const REQUESTS = [
  'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:9871\r\nAccept: application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.1\r\n\r\n',
  'GET /?bond=bond0&guest=web%20a&after=52%3A54&refresh HTTP/1.1\r\nHost: a\r\nAuthorization: Basic YWxpY2U6c2VjcmV0\r\n\r\n',
  'GET /metrics HTTP/1.1\r\nHost: [::1]:9871\r\n\r\n',
  'GET /healthz HTTP/1.1\r\nHost: b.example:80\r\n\r\n',
  'HEAD /healthz HTTP/1.0\r\n\r\n',
  'POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello',
  'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET http://a/metrics HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
  'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3),
  'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n',
];

export const target = async (): Promise<Target> => {
  const folder = scratchFolder();
  const webConfig = path.join(folder.path, 'web.yaml');
  writeFileSync(webConfig, `basic_auth_users: {alice: "${hashSync('secret', 4)}"}\n`);
  const [open, guarded] = [await freePort(), await freePort()];
  const stop = new AbortController();
  await endpoint(open, null, stop.signal);
  await endpoint(guarded, webConfig, stop.signal);
  return {
    corpus: REQUESTS.map(bytesOf),
    tokens: [
      ...[
        '\r\n',
        '\n',
        '\r',
        ' ',
        'GET ',
        'HTTP/1.1\r\n',
        'Content-Length: ',
        'Transfer-Encoding: chunked\r\n',
        '%',
        '%00',
        '?',
        '&',
      ],
      ...[
        'Expect: 200-ok\r\n',
        'Connection: keep-alive\r\n',
        'Host: b\r\n',
        'Accept: ',
        ';q=',
        'Authorization: Basic ',
        '\0',
        '/../',
      ],
      ...[
        'ffffffffffffffff\r\n',
        '-1',
        'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
        '\x16\x03\x01\x02\x00',
        'a: b\r\n',
        'GET / HTTP/1.1\r\n\r\n',
      ],
    ],
    maxBytes: 24 << 10,
    run: async (bytes) => {
      await ask(bytes.length % 4 === 0 ? guarded : open, bytes);
      const healthy = (await converse({ host: '127.0.0.1', port: open }, HEALTH)).toString();
      assert.match(healthy, /^HTTP\/1\.1 200 /);
    },
    close: () => {
      stop.abort();
      folder.remove();
    },
  };
};
