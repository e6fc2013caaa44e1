import { isDeepStrictEqual } from 'node:util';
import type { Registry } from 'prom-client';
import type { Config, ListenAddress } from '../config/config.js';
import { expose } from '../metrics/exposition.js';
import { landingPage, pageHeaders } from './page/landing.js';
import { hostName } from '../sys/files/host-settings.js';
import { HTML, type HttpAnswer, type HttpRequest, listenHttp, plainText } from '../sys/http-server.js';
import type { Log } from '../sys/log.js';
import { VERSION } from '../sys/program.js';
import { Deferred } from '../tasks/deferred.js';
import type { Health } from './health.js';
import { isForUs } from './host-names.js';
import type { WebAccess } from './web-access.js';
import { type Task, untilAborted } from '../tasks/task.js';
import { oneLine } from '../errors.js';

/** Answers requests for one path. */
export type Page = (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;

/** What the endpoint tells of. */
export interface EndpointParts {
  readonly registry: Registry;
  /** Brings the gauges that mirror state up to date, before each exposition. */
  readonly refresh: () => void;
  readonly health: Health;
  readonly log: Log;
  /** For who has logged in, where the configuration has it; everybody else sees the landing page. */
  readonly statusPage: Page;
}

/** Where to listen, and what is there for whom; without an address nobody is answered. */
type EndpointSettings = Omit<Config['metrics'], 'textfile'>;

const LANDING: HttpAnswer = {
  ...{ status: 200, contentType: HTML, body: landingPage(VERSION) },
  headers: pageHeaders("form-action 'none'"),
};

const MISDIRECTED = plainText(
  421,
  'not a name of this host: ask by its address, by its own name or by one that metrics.names lists',
);

/** A server, and where it listens. */
interface Listening {
  readonly address: ListenAddress;
  readonly server: { close(): void };
}

/** How it encrypts; null: it does not. */
function speaks(access: WebAccess | null): string | null {
  return access?.tls ? access.kind : null;
}

function close(servers: readonly Listening[]): void {
  for (const { server } of servers) server.close();
}

/** Answers Prometheus, and who asks whether we are well. */
export class MetricsEndpoint implements Task {
  readonly name = 'metrics';
  private readonly isReady = new Deferred();
  private access: WebAccess | null = null;
  /** One for each address of the settings. */
  private servers: readonly Listening[] = [];

  constructor(
    private settings: EndpointSettings,
    private readonly parts: EndpointParts,
  ) {}

  get ready(): Promise<void> {
    return this.isReady.promise;
  }

  /** @throws ListenError when an address cannot be had, ConfigError when the web configuration is wrong */
  async run(signal: AbortSignal): Promise<void> {
    try {
      this.access = await this.accessOf(this.settings);
      this.servers = await this.listenAt(this.settings.listen);
      this.isReady.resolve();
      await untilAborted(signal);
    } finally {
      close(this.servers);
    }
  }

  /**
   * Listens where other settings say. An address that stays is listened at without a break, unless it is to speak TLS
   * now and did not, or the reverse.
   * @throws ListenError, ConfigError as `run` does: then all is as it was before
   */
  async configure(next: EndpointSettings): Promise<void> {
    const before = { access: this.access, settings: this.settings };
    const access = next.webConfig === before.settings.webConfig ? before.access : await this.accessOf(next);
    const stays = ({ address }: Listening): boolean =>
      speaks(access) === speaks(before.access) && next.listen.some((each) => isDeepStrictEqual(each, address));
    const kept = this.servers.filter(stays);
    const left = this.servers.filter((each) => !stays(each));
    const wanted = next.listen.filter((each) => !kept.some(({ address }) => isDeepStrictEqual(address, each)));
    // One address may stand for another: ":9871" cannot be had beside "127.0.0.1:9871".
    const inTheWay = left.filter(({ address }) => wanted.some(({ port }) => port === address.port));
    close(inTheWay);
    this.access = access;
    try {
      this.servers = [...kept, ...(await this.listenAt(wanted))];
    } catch (error) {
      this.access = before.access;
      const again = await this.listenAt(inTheWay.map(({ address }) => address));
      this.servers = [...kept, ...left.filter((each) => !inTheWay.includes(each)), ...again];
      throw error;
    }
    this.settings = next;
    close(left);
  }

  /** What it takes, the libraries for YAML among it, is loaded only then. */
  private async accessOf({ webConfig }: EndpointSettings): Promise<WebAccess | null> {
    return webConfig === null ? null : new (await import('./web-access.js')).WebAccess(webConfig, this.parts.log);
  }

  /** @throws ListenError then at none of them */
  private async listenAt(addresses: readonly ListenAddress[]): Promise<Listening[]> {
    const servers: Listening[] = [];
    try {
      for (const address of addresses) servers.push({ address, server: await this.listen(address) });
      return servers;
    } catch (error) {
      close(servers);
      throw error;
    }
  }

  /** Each server is told of new certificates by itself, whichever of them notices first. */
  private listen(address: ListenAddress): ReturnType<typeof listenHttp> {
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
      const answer = this.isForUs(request) ? await this.answerToUser(request) : MISDIRECTED;
      return { ...answer, headers: { ...headers, ...answer.headers } };
    } catch (error) {
      this.parts.log.error('an HTTP request failed', {
        path: request.path.slice(0, 80),
        reason: oneLine(error),
      });
      throw error;
    }
  }

  private isForUs({ host }: HttpRequest): boolean {
    const isCertifiedFor = (name: string): boolean => this.access?.isCertifiedFor(name) ?? false;
    return isForUs(host, { own: hostName(), names: this.settings.names, isCertifiedFor });
  }

  private async answerToUser(request: HttpRequest): Promise<HttpAnswer> {
    this.access?.refresh();
    const hasUsers = this.access?.hasUsers ?? false; // those that are asked now: there may be none when the answer is in
    const admitted = (await this.access?.admits(request.authorization)) ?? true;
    if (admitted === 'busy') return plainText(503, 'too many logins at once: try again', { 'retry-after': '1' });
    if (admitted) return this.page(request, hasUsers);
    return plainText(401, 'unauthorized', { 'www-authenticate': 'Basic realm="bondherald", charset="UTF-8"' });
  }

  /** @param hasLoggedIn by a password, not because nobody needs one */
  private async page(request: HttpRequest, hasLoggedIn: boolean): Promise<HttpAnswer> {
    switch (request.path) {
      case '/':
        return hasLoggedIn && this.settings.page === 'authenticated' ? this.parts.statusPage(request) : LANDING;
      case '/metrics':
        return this.metrics(request);
      case '/healthz':
        return this.health();
      default:
        return plainText(404, 'not found: metrics are at /metrics');
    }
  }

  private async metrics({ accept }: HttpRequest): Promise<HttpAnswer> {
    this.parts.refresh();
    return { status: 200, ...(await expose(this.parts.registry, accept)) };
  }

  private async health(): Promise<HttpAnswer> {
    const silent = await this.parts.health.look();
    return silent.length === 0
      ? plainText(200, 'ok: the kernel answers on both netlink sockets')
      : plainText(503, `unhealthy: no answer from the kernel on the netlink socket of the ${silent.join(' and the ')}`);
  }
}
