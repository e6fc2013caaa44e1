import type { Registry } from 'prom-client';
import type { ListenAddress } from '../config/config.js';
import { expose } from '../metrics/exposition.js';
import { type HttpAnswer, type HttpRequest, type HttpServer, listenHttp, plainText } from '../sys/http-server.js';
import type { Log } from '../sys/log.js';
import { Deferred } from '../wire/deferred.js';
import type { Health } from './health.js';
import { oneLine, type Task, untilAborted } from './task.js';
import type { WebAccess } from './web-access.js';

/** Answers requests for one path. */
export type Page = (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;

/** What the endpoint tells of. */
export interface EndpointParts {
  readonly registry: Registry;
  /** Brings the gauges that mirror state up to date, before each exposition. */
  readonly refresh: () => void;
  readonly health: Health;
  readonly log: Log;
  /** More pages, by path. */
  readonly pages?: Readonly<Record<string, Page>>;
}

/** Where to listen; without an address nobody is answered. */
interface EndpointSettings {
  readonly listen: readonly ListenAddress[];
  readonly webConfig: string | null;
}

/** Answers Prometheus, and who asks whether we are well. */
export class MetricsEndpoint implements Task {
  readonly name = 'metrics';
  private readonly isReady = new Deferred();
  private readonly pages: ReadonlyMap<string, Page>;
  private access: WebAccess | null = null;

  constructor(
    private readonly settings: EndpointSettings,
    private readonly parts: EndpointParts,
  ) {
    this.pages = new Map<string, Page>([
      ['/', () => plainText(200, 'bondherald: metrics are at /metrics, whether it is well at /healthz')],
      ['/metrics', (request) => this.metrics(request)],
      ['/healthz', () => this.health()],
      ...Object.entries(parts.pages ?? {}),
    ]);
  }

  get ready(): Promise<void> {
    return this.isReady.promise;
  }

  /** @throws ListenError when an address cannot be had, ConfigError when the web configuration is wrong */
  async run(signal: AbortSignal): Promise<void> {
    const { listen, webConfig } = this.settings;
    const servers: HttpServer[] = [];
    try {
      // Only then: it takes the libraries for YAML, which the daemon does without.
      if (webConfig !== null) this.access = new (await import('./web-access.js')).WebAccess(webConfig, this.parts.log);
      for (const address of listen) servers.push(await this.listen(address));
      this.isReady.resolve();
      await untilAborted(signal);
    } finally {
      for (const server of servers) server.close();
    }
  }

  /** Each server is told of new certificates by itself, whichever of them notices first. */
  private listen(address: ListenAddress): Promise<HttpServer> {
    let used = this.access?.tls;
    const renewed = () => {
      this.access?.refresh();
      const current = this.access?.tls;
      if (!current || current === used) return null;
      return (used = current);
    };
    return listenHttp(address, (request) => this.answer(request), used ? { material: used, renewed } : null);
  }

  private async answer(request: HttpRequest): Promise<HttpAnswer> {
    const headers = this.access?.headers ?? {};
    try {
      const answer = (await this.refusal(request)) ?? (await this.page(request));
      return { ...answer, headers: { ...headers, ...answer.headers } };
    } catch (error) {
      this.parts.log.error('a request for the metrics failed', {
        path: request.path.slice(0, 80),
        reason: oneLine(error),
      });
      throw error;
    }
  }

  /** The answer to whoever may not read; null: this one may. */
  private async refusal({ authorization }: HttpRequest): Promise<HttpAnswer | null> {
    this.access?.refresh();
    const admitted = (await this.access?.admits(authorization)) ?? true;
    if (admitted === true) return null;
    if (admitted === 'busy') return plainText(503, 'too many passwords at once: try again', { 'retry-after': '1' });
    return plainText(401, 'unauthorized', { 'www-authenticate': 'Basic realm="bondherald", charset="UTF-8"' });
  }

  private async page(request: HttpRequest): Promise<HttpAnswer> {
    const page = this.pages.get(request.path);
    return page ? page(request) : plainText(404, 'not found: metrics are at /metrics');
  }

  private async metrics({ accept }: HttpRequest): Promise<HttpAnswer> {
    this.parts.refresh();
    return { status: 200, ...(await expose(this.parts.registry, accept)) };
  }

  private async health(): Promise<HttpAnswer> {
    const silent = await this.parts.health.look();
    return silent.length === 0
      ? plainText(200, 'ok: the kernel answers over both netlink sockets')
      : plainText(
          503,
          `not well: the kernel does not answer over the netlink socket of the ${silent.join(', nor of the ')}`,
        );
  }
}
