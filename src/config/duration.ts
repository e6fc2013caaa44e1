const SECONDS = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 } as const;

const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/;
const PART = /(\d+(?:\.\d+)?)(ms|[smhd])/g;

/**
 * Reads a duration as people write it: `500ms`, `1.1s`, `5m`, `24h`, `1d`, `1h30m`.
 * @returns seconds, or undefined when the text is none; a number without its unit is none
 */
export function parseDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(PART)) seconds += Number(amount) * SECONDS[unit as keyof typeof SECONDS];
  return Number.isFinite(seconds) ? Number(seconds.toFixed(6)) : undefined; // 1.1s is 1.1, not 1.1000000000000001
}
