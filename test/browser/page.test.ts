import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Chromium } from './chromium.js';
import { HOSTILE, type SavedPage } from './saved-page.js';
import { Tab } from './tab.js';
import { pagesOfRealDaemon, serve } from './world.js';

let pages: SavedPage[] = [];
let chromium: Chromium;
let server: Awaited<ReturnType<typeof serve>>;

before(async () => {
  pages = await pagesOfRealDaemon('[0s, 300ms, 700ms]');
  server = await serve(pages);
  chromium = new Chromium();
});

after(async () => {
  server.close();
  await chromium.close();
});

const text = 'document.body.innerText';
const background = 'getComputedStyle(document.body).backgroundColor';

/** A number of elements, by a selector. */
const count = (selector: string): string => `document.querySelectorAll(${JSON.stringify(selector)}).length`;

test('a device named like a tag is harmless, and shown by its name; nothing complains, nothing goes elsewhere', async () => {
  assert.deepEqual(
    pages.map(({ name }) => name),
    ['before', 'after', 'file', 'landing'],
  );
  for (const name of ['before', 'after']) {
    const tab = await Tab.open(chromium, { width: 1280, dark: false });
    await tab.go(server.url(name));
    assert.equal(await tab.value(count('script')), 0);
    const cells = 'Array.from(document.querySelectorAll("td"), (cell) => cell.innerText)';
    assert.ok((await tab.value<string[]>(cells)).includes(HOSTILE));
    assert.deepEqual(
      tab.requests.filter((url) => !url.startsWith('data:')),
      [server.url(name)],
    );
    assert.deepEqual(tab.complaints, []);
    assert.notEqual(await tab.value(background), 'rgba(0, 0, 0, 0)', 'the style is not refused');
  }
});

test('a page that was written to a file works from the file: its style, its links, and its policy', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'page-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'status.html');
  const saved = pages.find(({ name }) => name === 'file')?.body ?? '';
  writeFileSync(file, saved.replace('<main>', '<main><script>document.title = "run"</script>'));
  const address = String(pathToFileURL(file));
  const tab = await Tab.open(chromium, { width: 1280, dark: false });
  await tab.go(address);
  assert.match(await tab.value<string>(text), /bond0: up1 → up2[^]*10\.9\.0\.6/);
  assert.equal(await tab.value(background), 'rgb(244, 245, 247)', 'the style is not refused');
  assert.notEqual(await tab.value('document.title'), 'run');
  assert.deepEqual(
    tab.complaints.filter((line) => !/script/i.test(line)),
    [],
  );
  const links = 'Array.from(document.links, ({ href }) => href)';
  const targets = await tab.value<string[]>(links);
  assert.ok(targets.length >= 4);
  for (const to of targets) {
    const [page, anchor = ''] = to.split('#');
    assert.deepEqual(
      [page, await tab.value(`document.getElementById(${JSON.stringify(anchor)}) !== null`)],
      [address, true],
    );
  }
  assert.equal(await tab.value(count('form, meta[http-equiv=refresh]')), 0);
  assert.deepEqual(
    tab.requests.filter((url) => !url.startsWith('data:')),
    [address],
  );
});

test('the landing page leads to metrics and health, and says nothing of the host', async () => {
  const tab = await Tab.open(chromium, { width: 360, dark: false });
  await tab.go(server.url('landing'));
  const told = await tab.value<string>(text);
  assert.match(told, /^bondherald\s+Version \S+\s+Metrics\s+Health\s+To see bonds and guests here, set metrics\.page/);
  assert.doesNotMatch(told, /bond0|up1|10\.9\.|hv1|[0-9a-f]{2}:[0-9a-f]{2}:/);
  const links = 'Array.from(document.links, ({ href }) => href)';
  assert.deepEqual(await tab.value(links), [`${server.url('landing')}metrics`, `${server.url('landing')}healthz`]);
  assert.deepEqual(tab.complaints, []);
});

test('the policy would stop a script, a style and a picture from elsewhere', async () => {
  const [page] = pages;
  const spoilt = `<script>document.title = "run"</script><p id="p" style="color:red">x</p><img src="http://127.0.0.1:9/x">`;
  const body = page!.body.replace('<main>', `<main>${spoilt}`);
  const other = await serve([{ ...page!, body }]);
  const tab = await Tab.open(chromium, { width: 1280, dark: false });
  await tab.go(other.url('before'));
  other.close();
  assert.notEqual(await tab.value('document.title'), 'run');
  assert.notEqual(await tab.value('getComputedStyle(document.getElementById("p")).color'), 'rgb(255, 0, 0)');
  assert.ok(
    tab.complaints.filter((line) => /Content Security Policy/i.test(line)).length >= 3,
    tab.complaints.join('\n'),
  );
});

test('the failover is on the page after it, with its time line and its figures, and the link that is gone', async () => {
  const tab = await Tab.open(chromium, { width: 1280, dark: false });
  await tab.go(server.url('before'));
  const calm = await tab.value<string>(text);
  assert.match(calm, /None since the daemon started/);
  assert.equal(await tab.value(count('svg')), 0);
  await tab.go(server.url('after'));
  const told = await tab.value<string>(text);
  for (const wanted of ['bond0: up1 → up2', 'completed: all rounds were sent', 'First frame', 'Only one working link'])
    assert.ok(told.includes(wanted), `${wanted}\n${told}`);
  assert.ok((await tab.value<number>(count('svg line.rarp'))) >= 3);
  assert.match(told, /At the next failover/, 'the doctor has noticed the link');
});

for (const width of [360, 1280]) {
  test(`nothing hangs over at ${width} pixels, and tables scroll within themselves`, async () => {
    const tab = await Tab.open(chromium, { width, dark: false });
    await tab.go(server.url('after'));
    const [page, window] = await tab.value<number[]>('[document.documentElement.scrollWidth, innerWidth]');
    assert.equal(window, width);
    assert.ok(page !== undefined && page <= width, `${page} pixels`);
    const outside = `Array.from(document.querySelectorAll('body *')).filter((each) => !each.closest('.scroll') &&
      each.getBoundingClientRect().right > innerWidth + 1).map((each) => each.outerHTML.slice(0, 80))`;
    assert.deepEqual(await tab.value(outside), []);
    if (width > 400) return;
    const scrolls = 'Array.from(document.querySelectorAll(".scroll"), (each) => each.scrollWidth > each.clientWidth)';
    assert.ok((await tab.value<boolean[]>(scrolls)).includes(true));
  });
}

test('a dark scheme has dark colours', async () => {
  const colours: string[] = [];
  for (const dark of [false, true]) {
    const tab = await Tab.open(chromium, { width: 1280, dark });
    await tab.go(server.url('after'));
    colours.push(await tab.value<string>(background));
  }
  assert.deepEqual(colours, ['rgb(244, 245, 247)', 'rgb(14, 18, 23)']);
});

test('the form asks by the address, without a script', async () => {
  const tab = await Tab.open(chromium, { width: 1280, dark: false });
  await tab.go(server.url('after'));
  await tab.follow('document.getElementById("guest").value = "a&b"; document.querySelector("form button").click()');
  assert.equal(await tab.value('location.search'), '?bond=&guest=a%26b');
  assert.deepEqual(tab.complaints, []);
});
