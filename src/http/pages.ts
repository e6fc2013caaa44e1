import type { CurrentConfig } from './diagnosis.js';
import type { StatusPages, statusPages, StatusParts } from './status-page.js';

/**
 * The status page, to be served and for a file. It is loaded, and the doctor with it, when somebody first asks for it: most
 * daemons are only scraped.
 */
export function pagesForPeople(
  settings: CurrentConfig,
  parts: Omit<StatusParts, 'started'>,
  load: () => Promise<{ statusPages: typeof statusPages }> = () => import('./status-page.js'),
): StatusPages {
  const started = parts.clock.unix();
  let loaded: Promise<StatusPages> | null = null;
  const make = async (): Promise<StatusPages> => (await load()).statusPages(settings, { ...parts, started });
  const pages = (): Promise<StatusPages> =>
    (loaded ??= make().catch((error: unknown) => {
      loaded = null; // descriptors may be used up now, and not for ever
      throw error;
    }));
  return {
    served: async (request) => (await pages()).served(request),
    file: async () => (await pages()).file(),
  };
}
