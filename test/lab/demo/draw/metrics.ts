import { paint, type Look } from './look.js';

/** One line of the exposition: a series and its value. */
interface Series {
  name: string;
  labels: string;
  value: number;
}

/** In this order; the rest of what the daemon tells is for its operator. */
const COUNTS = [
  'bondherald_guests',
  'bondherald_bond_failovers_total',
  'bondherald_frames_sent_total',
  'bondherald_frame_errors_total',
  'bondherald_guests_suppressed_total',
];
const LATENCIES = ['bondherald_announcement_first_frame_seconds', 'bondherald_announcement_last_frame_seconds'];

/** The metrics that tell what a failover was like, from the daemon's own exposition. */
export function metricLines(exposition: string, look: Look): string[] {
  const all = exposition.split('\n').flatMap(parse);
  const named = (name: string): Series[] => all.filter((series) => series.name === name);
  const counts = COUNTS.flatMap(named).map(({ name, labels, value }) => [name + labels, String(value)]);
  const latencies = LATENCIES.flatMap((name) => {
    const [sum] = named(`${name}_sum`);
    const [count] = named(`${name}_count`);
    if (sum === undefined || count === undefined || count.value === 0) return [];
    return [[name + sum.labels, (sum.value / count.value).toFixed(6)]];
  });
  const rows = [...counts, ...latencies];
  const width = Math.max(0, ...rows.map(([series = '']) => series.length));
  const lines = rows.map(([series = '', value = '']) => `  ${series.padEnd(width)} ${value.padStart(8)}`);
  return [paint(look, 'bold', '   What the daemon says of it') + paint(look, 'dim', ' (its /metrics)'), ...lines];
}

function parse(line: string): Series[] {
  const [, name, labels = '', value] = /^([a-z_]+)(\{.*\})? (\S+)$/.exec(line) ?? [];
  return name === undefined ? [] : [{ name, labels, value: Number(value) }];
}
