import type { Registry } from 'prom-client';
import type { ListenAddress } from '../config/config.js';
import { type HttpAnswer, type HttpServer, listenHttp } from '../sys/http-server.js';
import { Deferred } from '../wire/deferred.js';
import { type Task, untilAborted } from './task.js';

/** Answers Prometheus. */
export class MetricsEndpoint implements Task {
  readonly name = 'metrics';
  private readonly isReady = new Deferred();

  /**
   * @param addresses where to listen; without any nobody is answered
   * @param refresh brings the gauges that mirror state up to date, before each exposition
   */
  constructor(
    private readonly addresses: readonly ListenAddress[],
    private readonly registry: Registry,
    private readonly refresh: () => void,
  ) {}

  get ready(): Promise<void> {
    return this.isReady.promise;
  }

  async run(signal: AbortSignal): Promise<void> {
    const servers: HttpServer[] = [];
    try {
      for (const address of this.addresses) servers.push(await listenHttp(address, (path) => this.answer(path)));
      this.isReady.resolve();
      await untilAborted(signal);
    } finally {
      for (const server of servers) server.close();
    }
  }

  private async answer(path: string): Promise<HttpAnswer> {
    if (path === '/metrics') {
      this.refresh();
      return { status: 200, contentType: this.registry.contentType, body: await this.registry.metrics() };
    }
    const body = path === '/' ? 'bondherald: metrics are at /metrics\n' : 'not found: metrics are at /metrics\n';
    return { status: path === '/' ? 200 : 404, contentType: 'text/plain; charset=utf-8', body };
  }
}
