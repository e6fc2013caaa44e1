#!/usr/bin/env bash
# Writes docs/metrics.md from the table of the metrics.
set -euo pipefail
cd "$(dirname "$0")/.."

node --input-type=module -e "
  import { writeFileSync } from 'node:fs';
  import { metricsDocument } from './build/test/support/metrics-document.js';
  writeFileSync('docs/metrics.md', metricsDocument());
"
