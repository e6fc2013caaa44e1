#!/usr/bin/env bash
# browser.sh: the status page in Chromium. The page comes from a daemon in the lab's world; see test/browser.
set -euo pipefail
cd "$(dirname "$0")/.."
node --test --test-reporter=spec build/test/browser/page.test.js </dev/null
