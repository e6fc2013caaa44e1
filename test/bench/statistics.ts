/** A series of measurements in short. */
export interface Spread {
  readonly runs: number;
  readonly median: number;
  readonly p90: number;
  readonly p99: number;
  readonly min: number;
  readonly max: number;
}

/** The value below which a share of the series lies (0.5: the median); interpolated. NaN of nothing. */
export function quantile(series: readonly number[], share: number): number {
  const sorted = [...series].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? NaN;
  const above = sorted[Math.ceil(at)] ?? NaN;
  return below + (above - below) * (at - Math.floor(at));
}

export function median(series: readonly number[]): number {
  return quantile(series, 0.5);
}

/** Null of nothing: a report must not have to tell figures from the lack of them. */
export function spread(series: readonly number[]): Spread | null {
  if (series.length === 0) return null;
  return {
    runs: series.length,
    median: median(series),
    p90: quantile(series, 0.9),
    p99: quantile(series, 0.99),
    min: Math.min(...series),
    max: Math.max(...series),
  };
}
