import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../../support/until.js';
import { Daemon, httpGet, runIn, SCRATCH } from './daemon.js';
import type { Lab } from './lab.js';

const PORT = 9090;
const CHECKOUT = fileURLToPath(new URL('../../../..', import.meta.url));

/** The alerts that we ship. */
export const RULES = path.join(CHECKOUT, 'config/prometheus/bondherald.rules.yml');
export const RULES_TESTS = path.join(CHECKOUT, 'test/prometheus/rules.yml');

/** A sample that a query found. */
export interface Sample {
  metric: Readonly<Record<string, string>>;
  value: readonly [time: number, value: string];
}

/** Debian's Prometheus on a host of the lab, with our alerts, looking at everything once a second. */
export class Prometheus {
  private constructor(private readonly daemon: Daemon) {}

  /** @param scrape the rest of the scrape configuration of the job `bondherald`, as YAML in one line each */
  static async start(lab: Lab, scrape: readonly string[]): Promise<Prometheus> {
    mkdirSync(SCRATCH, { recursive: true });
    const file = path.join(SCRATCH, 'prometheus.yml');
    const global = 'global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}';
    const job = ['scrape_configs:', '  - job_name: bondherald', ...scrape.map((line) => `    ${line}`)];
    writeFileSync(file, [global, `rule_files: ["${RULES}"]`, ...job, ''].join('\n'));
    const flags = [
      `--config.file=${file}`,
      `--storage.tsdb.path=${SCRATCH}/tsdb`,
      `--web.listen-address=127.0.0.1:${PORT}`,
    ];
    const daemon = await Daemon.start(lab, ['prometheus', ...flags]);
    lab.onDestroy(() => daemon.stop());
    return new Prometheus(daemon);
  }

  /** The samples that a query finds now. Rejects on one that makes no sense. */
  async query(expression: string): Promise<Sample[]> {
    const text = await httpGet('hv', `/api/v1/query?query=${encodeURIComponent(expression)}`, PORT);
    return (JSON.parse(text) as { data: { result: Sample[] } }).data.result;
  }

  /** Waits until a query finds something, and resolves with it. */
  finds(expression: string): Promise<Sample[]> {
    const look = async (): Promise<Sample[] | null> => {
      const samples = await this.query(expression);
      return samples.length > 0 ? samples : null;
    };
    return until(look, { what: expression, timeout: 60_000, every: 100 }).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.daemon.stderr}`);
    });
  }
}

/** Runs promtool; resolves with all that it said. Rejects when it found something wrong. */
export async function promtool(args: readonly string[], input?: string): Promise<string> {
  const file = path.join(SCRATCH, 'promtool.in');
  mkdirSync(SCRATCH, { recursive: true });
  writeFileSync(file, input ?? '');
  const { code, stdout, stderr } = await runIn(['sh', '-c', 'exec promtool "$@" <"$0"', file, ...args]);
  if (code !== 0) throw new Error(`promtool ${args.join(' ')}: ${code}\n${stdout}${stderr}`);
  return stdout + stderr;
}

/** The queries of our dashboard, as Grafana would ask them. */
export function dashboardQueries(): string[] {
  const text = readFileSync(path.join(CHECKOUT, 'config/grafana/bondherald.json'), 'utf8');
  const queries = [...text.matchAll(/"expr": ("(?:[^"\\]|\\.)*")/g)].map(([, json = '']) => JSON.parse(json) as string);
  return queries.map((query) =>
    query.replaceAll(/\$__range|\$__rate_interval/g, '1m').replaceAll(/\$(?:job|instance|bond)/g, '.*'),
  );
}
