import http from 'node:http';
import { ListenError } from '../errors.js';

/** An answer to a GET request. */
export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** A listening HTTP server. */
export interface HttpServer {
  close(): void;
}

/** A client has so long for its request, in milliseconds. */
const REQUEST_TIME_LIMIT_MS = 5000;

/**
 * Listens for GET and HEAD requests.
 * @param host an IP address; empty for every address of this host
 * @param answer gives the answer to a path
 * @throws ListenError when the address is taken or not ours
 */
export async function listenHttp(
  { host, port }: { readonly host: string; readonly port: number },
  answer: (path: string) => Promise<HttpAnswer>,
): Promise<HttpServer> {
  const server = http.createServer({ requestTimeout: REQUEST_TIME_LIMIT_MS }, (request, response) => {
    void respond(request, response, answer);
  });
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const where = `${host.includes(':') ? `[${host}]` : host}:${port}`;
      const reason = `cannot listen on ${where} for metrics: ${error.code ?? error.message}`;
      reject(new ListenError(`${reason}; is another bondherald running?`));
    });
    server.listen(host === '' ? { port } : { port, host }, resolve);
  });
  return {
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function respond(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  answer: (path: string) => Promise<HttpAnswer>,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
    return;
  }
  try {
    const { status, contentType, body } = await answer((request.url ?? '/').split('?')[0] ?? '/');
    response.writeHead(status, { 'content-type': contentType, 'x-content-type-options': 'nosniff' });
    response.end(request.method === 'HEAD' ? undefined : body);
  } catch {
    response.writeHead(500).end();
  }
}
