import { createHash, X509Certificate } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import tls from 'node:tls';
import { ConfigError, ListenError } from '../errors.js';

/** A GET or HEAD request. */
export interface HttpRequest {
  /** Without its query. */
  readonly path: string;
  /** What follows the question mark, as it came; empty where there is none. */
  readonly query: string;
  /** The Host header as it came; undefined where there is none, as in HTTP/1.0. */
  readonly host: string | undefined;
  readonly accept: string | undefined;
  readonly authorization: string | undefined;
}

/** An answer to a request. */
export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What TLS needs: the contents of files in PEM. */
export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Who signs the certificates that clients must have; undefined: they need none. */
  readonly ca: Buffer | undefined;
  readonly minVersion: tls.SecureVersion;
  readonly maxVersion: tls.SecureVersion;
}

/** TLS for a server that is to be told of new certificates. */
interface TlsSource {
  readonly material: TlsMaterial;
  /** Called at each connection. @returns what is to be used from now on; null: nothing has changed */
  renewed(): TlsMaterial | null;
}

/**
 * A connection has so long from its beginning to its end, in milliseconds, whatever it does: each serves one request. One
 * timer for all that a client can be slow at: handshake, header, body, reading the answer.
 */
const CONNECTION_TIME_LIMIT_MS = 10_000;

const MAX_CONNECTIONS = 64;
const MAX_HEADER_BYTES = 8192;

const OPTIONS: http.ServerOptions = {
  maxHeaderSize: MAX_HEADER_BYTES,
  // Node would look every 30 s for connections that have lasted too long; ours have timers of their own.
  connectionsCheckingInterval: 2 ** 31 - 1,
};

/**
 * Listens for GET and HEAD requests.
 * @param host an IP address; empty for every address of this host
 * @param answer gives the answer to a request
 * @param secure null: plain HTTP
 * @throws ListenError when the address is taken or not ours
 */
export async function listenHttp(
  { host, port }: { readonly host: string; readonly port: number },
  answer: (request: HttpRequest) => Promise<HttpAnswer>,
  secure: TlsSource | null = null,
): Promise<{ close(): void }> {
  const open = new Set<Socket>();
  const server = secure ? tlsServer(secure) : http.createServer(OPTIONS);
  const served = new WeakSet<Socket>();
  const serve: http.RequestListener = (request, response) => {
    if (served.has(request.socket)) return; // sent behind the first: the connection ends with the answer to that
    served.add(request.socket);
    void respond(request, response, answer);
  };
  server.on('request', serve).on('checkExpectation', serve); // an expectation may be passed over (RFC 9110 10.1.1)
  server.on('connection', (socket: Socket) => limit(socket, open));
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(host, port, error)));
    server.listen(host === '' ? { port } : { port, host }, resolve);
  });
  return {
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** Whether a certificate, its key and the versions fit together. @throws ConfigError with Node's reason */
export function checkTls(material: TlsMaterial, name: string): void {
  try {
    tls.createSecureContext(material);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replaceAll(/\s+/g, ' ') : String(error);
    throw new ConfigError(`${name}: cannot use the certificates: ${reason}`);
  }
}

/** Whether a certificate is for a host name, wildcards included (RFC 9525 section 6.3). */
export function isCertifiedFor({ cert }: TlsMaterial, name: string): boolean {
  return new X509Certificate(cert).checkHost(name) !== undefined;
}

function tlsServer(secure: TlsSource): https.Server {
  const verify = secure.material.ca !== undefined;
  const server = https.createServer({
    ...OPTIONS,
    ...secure.material,
    requestCert: verify,
    rejectUnauthorized: verify,
    ALPNProtocols: ['http/1.1'],
  });
  // Before the server's own listener, which begins the handshake.
  server.prependListener('connection', () => {
    const material = secure.renewed();
    if (material) server.setSecureContext(material);
  });
  return server;
}

function limit(socket: Socket, open: Set<Socket>): void {
  open.add(socket);
  const timer = setTimeout(() => socket.destroy(), CONNECTION_TIME_LIMIT_MS);
  socket.once('close', () => {
    clearTimeout(timer);
    open.delete(socket);
  });
}

function listenError(host: string, port: number, { code, message }: NodeJS.ErrnoException): ListenError {
  const where = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const hints: Readonly<Record<string, string>> = {
    EADDRINUSE: '; is another bondherald running?',
    EADDRNOTAVAIL: '; this host does not have that address (yet)',
    EACCES: '; ports below 1024 need CAP_NET_BIND_SERVICE',
  };
  return new ListenError(`cannot listen on ${where} for metrics: ${code ?? message}${hints[code ?? ''] ?? ''}`);
}

async function respond(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  answer: (request: HttpRequest) => Promise<HttpAnswer>,
): Promise<void> {
  response.shouldKeepAlive = false;
  const { method, url = '/' } = request;
  const [path = '/', ...query] = url.split('?');
  const { host, accept, authorization } = request.headers;
  const given =
    method === 'GET' || method === 'HEAD'
      ? await answer({ path, query: query.join('?'), host, accept, authorization }).catch(() => INTERNAL_ERROR)
      : NOT_ALLOWED;
  const { status, contentType, body, headers } = given;
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(method === 'HEAD' ? undefined : body);
}

/** The content type of pages. */
export const HTML = 'text/html; charset=utf-8';

/** An answer of one line. */
export function plainText(status: number, line: string, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${line}\n`, headers };
}

const NOT_ALLOWED = plainText(405, 'only GET and HEAD are supported', { allow: 'GET, HEAD' });
const INTERNAL_ERROR = plainText(500, 'internal error');

/** The SHA-256 of a text in UTF-8, in base64, as a Content-Security-Policy names it. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
