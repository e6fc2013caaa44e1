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
