import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { metricsDocument } from '../../support/metrics-document.js';
import { METRICS } from '../../../src/metrics/table.js';

const FILE = new URL('../../../../docs/metrics.md', import.meta.url);

test('docs/metrics.md is what the table of the metrics makes of it: `make docs`', () => {
  assert.equal(readFileSync(FILE, 'utf8'), metricsDocument());
});

test('the document has every metric, and explains every label', () => {
  const text = metricsDocument();
  for (const [name, { labels }] of Object.entries(METRICS)) {
    const part = text.split('\n## ').find((each) => each.startsWith(`${name}\n`)) ?? '';
    for (const label of labels) assert.match(part, new RegExp(`^- \`${label}\`: .{5,}$`, 'm'), `${name}{${label}}`);
  }
});
