/** `make screenshots`: the status page of a real daemon before and after a failover, as pictures in docs/. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Chromium } from './chromium.js';
import { Tab } from './tab.js';
import { pagesOfRealDaemon, serve } from './world.js';

const FOLDER = fileURLToPath(new URL('../../../docs/', import.meta.url));

const SHOTS = [
  { file: 'status-before.png', page: 'before', width: 900, dark: false, from: 'body', height: 560 },
  {
    file: 'status-after.png',
    page: 'after',
    width: 900,
    dark: false,
    from: '[aria-labelledby=failovers]',
    height: 560,
  },
  { file: 'status-dark.png', page: 'after', width: 360, dark: true, from: 'body', height: 1200 },
] as const;

const server = await serve(await pagesOfRealDaemon('default'));
const chromium = new Chromium();
try {
  for (const { file, page, from, height, ...look } of SHOTS) {
    const tab = await Tab.open(chromium, look);
    await tab.go(server.url(page));
    const picture = await tab.screenshot(height, from);
    writeFileSync(FOLDER + file, picture);
    console.log(`docs/${file}: ${picture.length} bytes`);
  }
} finally {
  server.close();
  await chromium.close();
}
