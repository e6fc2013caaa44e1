import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { type MetricDescription, METRICS } from '../../../src/metrics/table.js';

const TABLE: Readonly<Record<string, MetricDescription>> = METRICS;

/** What Prometheus adds to every series, and to buckets. */
const ADDED = ['job', 'instance', 'le'];

const read = (file: string): string => readFileSync(new URL(`../../../../${file}`, import.meta.url), 'utf8');

interface Rules {
  groups: { rules: { alert: string; expr: string; annotations: { summary: string; description: string } }[] }[];
}

const rules = (parse(read('config/prometheus/bondherald.rules.yml')) as Rules).groups.flatMap((group) => group.rules);

/** Every value of these keys in a document. */
function valuesOf(document: unknown, keys: readonly string[]): string[] {
  if (typeof document !== 'object' || document === null) return [];
  return Object.entries(document).flatMap(([key, value]: [string, unknown]) =>
    keys.includes(key) && typeof value === 'string' ? [value] : valuesOf(value, keys),
  );
}

const dashboard = JSON.parse(read('config/grafana/bondherald.json')) as unknown;
const expressions: [where: string, text: string][] = [
  ...rules.map(({ alert, expr }): [string, string] => [alert, expr]),
  ...valuesOf(dashboard, ['expr', 'query']).map((expr): [string, string] => ['the dashboard', expr]),
];

/** The metrics of ours in an expression, with their selectors. */
function used(expression: string): { name: string; selector: string }[] {
  return [...expression.matchAll(/\b(bondherald_[a-z_]+)(?:\{([^}]*)\})?/g)].map(([, series = '', selector = '']) => {
    const name = series.replace(/_(bucket|sum|count)$/, '');
    return { name: TABLE[name]?.type === 'histogram' ? name : series, selector };
  });
}

test('alerts and dashboard use metrics that there are, with labels and values that they have', () => {
  for (const [where, expression] of expressions) {
    for (const { name, selector } of used(expression)) {
      const metric = TABLE[name];
      assert.ok(metric, `${where}: ${name}`);
      for (const [, label = '', value = ''] of selector.matchAll(/(\w+)\s*=~?\s*"([^"]*)"/g)) {
        assert.ok([...ADDED, ...metric.labels].includes(label), `${where}: ${name}{${label}}`);
        const known = metric.values?.[label];
        if (known && !value.startsWith('$'))
          for (const each of value.split('|')) assert.ok(known.includes(each), `${where}: ${name}{${label}="${each}"}`);
      }
    }
  }
});

test('the dashboard shows every metric', () => {
  const shown = new Set(
    expressions
      .filter(([where]) => where === 'the dashboard')
      .flatMap(([, text]) => used(text).map(({ name }) => name)),
  );
  assert.deepEqual([...shown].sort(), Object.keys(METRICS).sort());
});

test('each alert says on which host, and what to make of it', () => {
  assert.ok(rules.length >= 7);
  for (const { alert, annotations } of rules) {
    assert.match(annotations.summary, /\$labels\.instance/, alert);
    assert.ok(annotations.description.length > 40, alert);
  }
});

test('no two panels of the dashboard lie over each other', () => {
  interface Panel {
    id: number;
    gridPos: { x: number; y: number; w: number; h: number };
  }
  const { panels } = dashboard as { panels: Panel[] };
  const taken = new Map<string, number>();
  for (const { id, gridPos } of panels) {
    assert.ok(gridPos.x + gridPos.w <= 24);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.ok(!taken.has(`${x} ${y}`), `panels ${id} and ${taken.get(`${x} ${y}`)}`);
        taken.set(`${x} ${y}`, id);
      }
  }
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
});
