import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { directWorks, runDirect } from '../lab/world/direct.js';
import { bootUml } from '../lab/world/uml.js';
import { readSaved, type SavedPage } from './saved-page.js';

/**
 * The status page of a real daemon on a real kernel, before and after a failover. The browser is not in that world: it
 * gets the bytes and the headers that the daemon gave.
 * @param schedule of the announcement, as the configuration has it, or `default`
 */
export async function pagesOfRealDaemon(schedule: string): Promise<SavedPage[]> {
  const inside = fileURLToPath(new URL('./inside.js', import.meta.url));
  const run = { command: [process.execPath, '--enable-source-maps', inside, schedule], timeoutMs: 400_000 };
  const { code, problem, output } = await (directWorks() ? runDirect(run) : bootUml(run));
  if (code !== 0) throw new Error(`${problem ?? `exit status ${String(code)}`}\n${output.slice(-4000)}`);
  return readSaved(output);
}

/** Serves saved pages as the daemon served them, each at `/NAME/`. */
export async function serve(
  pages: readonly SavedPage[],
): Promise<{ url: (name: string) => string; close: () => void }> {
  const server = createServer(({ url = '' }, response) => {
    const page = pages.find(({ name }) => url.split('?')[0] === `/${name}/`);
    if (!page) return response.writeHead(404).end();
    const { 'content-length': _, connection: __, date: ___, ...headers } = page.headers;
    return response.writeHead(page.status, headers).end(page.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: (name) => `http://127.0.0.1:${port}/${name}/`, close: () => server.close() };
}
