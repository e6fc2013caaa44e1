import type { CurrentConfig } from './diagnosis.js';
import type { Page } from './metrics-endpoint.js';
import type { statusPage, StatusParts } from './status-page.js';

/**
 * The pages beside the metrics, by path: the status page. It is loaded, and the doctor with it, when somebody first asks
 * for it: most daemons are only scraped.
 */
export function pagesForPeople(
  settings: CurrentConfig,
  parts: Omit<StatusParts, 'started'>,
  load: () => Promise<{ statusPage: typeof statusPage }> = () => import('./status-page.js'),
): Record<string, Page> {
  const started = parts.clock.unix();
  let loaded: Promise<Page> | null = null;
  const page = async (): Promise<Page> => (await load()).statusPage(settings, { ...parts, started });
  const loadedPage = (): Promise<Page> =>
    (loaded ??= page().catch((error: unknown) => {
      loaded = null; // descriptors may be used up now, and not for ever
      throw error;
    }));
  return { '/': async (request) => (await loadedPage())(request) };
}
