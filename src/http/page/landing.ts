import { html } from './html.js';

/** What everyone sees who may open the address: no word of bonds or guests, and where there is more. */
export function landingPage(version: string): string {
  return html`<!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>bondherald</title>
      </head>
      <body>
        <h1>bondherald</h1>
        <p>Version ${version}</p>
        <ul>
          <li><a href="metrics">Metrics</a></li>
          <li><a href="healthz">Health</a></li>
        </ul>
        <p>
          To see bonds and guests here, set <code>metrics.page: authenticated</code> and name a file with users in
          <code>metrics.webConfig</code>; or run <code>bondherald status --html</code> on this host.
        </p>
      </body>
    </html> `.text;
}

/**
 * The headers of a page for people: it loads nothing but what is allowed, and nobody may put it into a frame or keep it.
 * @param allowed directives of a Content-Security-Policy
 */
export function pageHeaders(...allowed: readonly string[]): Readonly<Record<string, string>> {
  const policy = ["default-src 'none'", ...allowed, "base-uri 'none'", "frame-ancestors 'none'"];
  return {
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  };
}
