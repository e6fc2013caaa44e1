import type { CurrentConfig } from './diagnosis.js';
import type { Page } from './metrics-endpoint.js';
import type { StatusParts } from './status-page.js';

/**
 * The pages beside the metrics, by path: the status page. It is loaded, and the doctor with it, when somebody first asks
 * for it: most daemons are only scraped.
 */
export function pagesForPeople(settings: CurrentConfig, parts: Omit<StatusParts, 'started'>): Record<string, Page> {
  const started = parts.clock.unix();
  let loaded: Promise<Page> | null = null;
  const load = async (): Promise<Page> => {
    const { statusPage } = await import('./status-page.js');
    return statusPage(settings, { ...parts, started });
  };
  return { '/': async (request) => (await (loaded ??= load()))(request) };
}
