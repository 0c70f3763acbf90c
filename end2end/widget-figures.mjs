// Measures the widget on a page of another origin, at a quarter of the machine's speed, and prints the figures as JSON.
//   node end2end/widget-figures.mjs http://127.0.0.1:3000 SITE_KEY [messages]
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const [parlor, key, count = '10000'] = process.argv.slice(2);
const RUNS = 5;
const LOADS = 15;
const SLOWER = 4;

// The least that a deferred script of another origin can do: one button in an element of its own.
const BARE = `{
  const host = document.createElement('parlor-chat'), button = document.createElement('button');
  button.className = 'launch';
  host.attachShadow({ mode: 'open' }).append(button);
  document.body.append(host);
}`;
const other = createServer((_, answer) => {
  answer.setHeader('Content-Type', 'text/javascript');
  answer.end(BARE);
});
await new Promise(resolve => other.listen(0, '127.0.0.1', resolve));
const SCRIPTS = { '/': `${parlor}/widget/chat-widget.js`, '/bare': `http://127.0.0.1:${other.address().port}/bare.js` };

const host = createServer((request, answer) => {
  const script = SCRIPTS[request.url];
  const tag = script ? `<script src="${script}" data-api-key="${key}" defer></script>` : '';
  answer.setHeader('Content-Type', 'text/html; charset=utf-8');
  answer.end(`<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Host</title><h1>A page</h1>${tag}`);
});
await new Promise(resolve => host.listen(0, '127.0.0.1', resolve));
const origin = `http://127.0.0.1:${host.address().port}`;

const browser = await chromium.launch({
  executablePath: process.env.CHROME || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const median = values => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

// In the page: when the launcher (or, without one, the heading) was there at the start of a frame, how long after a
// click the input has the focus, and the longest time without a frame.
const WATCH = launcher => {
  const seen = (window.seen = { ready: null, clicked: null, focused: null, longest: 0 });
  let before = performance.now();
  const root = () => document.querySelector('parlor-chat')?.shadowRoot;
  addEventListener('pointerdown', () => (seen.clicked ??= performance.now()), { capture: true });
  const frame = () => {
    const now = performance.now();
    if (seen.clicked !== null) seen.longest = Math.max(seen.longest, now - before);
    before = now;
    if (seen.ready === null && (launcher ? root()?.querySelector('.launch') : document.querySelector('h1'))) seen.ready = now;
    if (seen.clicked !== null && seen.focused === null && root()?.activeElement?.localName === 'textarea') seen.focused = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
};

async function visit(path, act) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const protocol = await context.newCDPSession(page);
  await page.addInitScript(WATCH, path !== '/blank');
  await protocol.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
  await page.goto(origin + path);
  await page.waitForFunction(() => window.seen.ready !== null);
  const result = (await act?.(page, context, protocol)) ?? (await page.evaluate(() => window.seen.ready));
  await context.close();
  return result;
}

const input = page => page.getByRole('textbox', { name: 'Message' });
const launcher = page => page.locator('parlor-chat .launch');

const blank = [], bare = [], ready = [], focused = [];
for (let load = 0; load < LOADS; load++) {
  blank.push(await visit('/blank'));
  bare.push(await visit('/bare'));
  ready.push(await visit('/'));
}
for (let run = 0; run < RUNS; run++) {
  focused.push(
    await visit('/', async page => {
      // Prefetched: the pointer has been over it until nothing more was asked for.
      await launcher(page).hover();
      await page.waitForLoadState('networkidle');
      await page.mouse.down();
      await page.mouse.up();
      await page.waitForFunction(() => window.seen.focused !== null);
      return page.evaluate(() => window.seen.focused - window.seen.clicked);
    }),
  );
}

// A long history: a real conversation of one message, whose snapshot is told to hold very many.
const history = await visit('/', async (page, context, protocol) => {
  await protocol.send('Emulation.setCPUThrottlingRate', { rate: 1 });
  await launcher(page).click();
  await input(page).fill('[[script:tokens=5]]');
  await input(page).press('Enter');
  await page.locator('parlor-chat article:not(.me) .bubble', { hasText: 't4' }).waitFor();
  // Pages of it, as the server gives them: the newest first, older ones by a cursor.
  let like, answered = 0;
  const id = index => like.id.slice(0, 24) + index.toString(16).padStart(12, '0');
  const made = (from, to) => Array.from({ length: to - from }, (_, at) => ({
    ...like, id: id(from + at), client_id: `h${from + at}`, content: `History message ${from + at + 1} of ${count}`,
  }));
  await page.route(/\/v1\/widget\/conversations\/[0-9a-f-]{36}(\/messages)?(\?|$)/, async route => {
    const url = new URL(route.request().url());
    if (route.request().method() !== 'GET') return route.continue();
    const older = url.pathname.endsWith('/messages');
    const to = older ? Number(url.searchParams.get('before')) : Number(count);
    const from = Math.max(0, to - Number(url.searchParams.get('limit') ?? 50));
    const cursor = from > 0 ? String(from) : null;
    answered = Math.max(answered, Number(count) - from);
    const headers = { 'Access-Control-Allow-Origin': origin };
    if (older) return route.fulfill({ headers, json: { items: made(from, to), next_cursor: cursor } });
    const answer = await route.fetch();
    const snapshot = await answer.json();
    like ??= snapshot.messages[0];
    await route.fulfill({ response: answer, json: { ...snapshot, messages: made(from, to), older_cursor: cursor } });
  });
  await page.reload();
  await page.waitForFunction(() => window.seen.ready !== null);
  await launcher(page).hover();
  await page.waitForLoadState('networkidle');
  await page.mouse.down();
  await page.mouse.up();
  await page.locator('parlor-chat article', { hasText: `History message ${count} of ${count}` }).waitFor();
  const elements = () => page.locator('parlor-chat article').count();
  const most = [await elements()];
  const log = page.locator('parlor-chat [role=log]');
  const frames = () => page.evaluate(() => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  // To the very beginning, page after page, then all over.
  for (let before = -1, still = 0; answered < Number(count) && still < 100; still = answered === before ? still + 1 : 0) {
    before = answered;
    await log.evaluate(element => (element.scrollTop = 0));
    await frames();
    if (answered % 1000 === 0) most.push(await elements());
  }
  for (const at of [0.5, 0.1, 0.9, 0, 1]) {
    await log.evaluate((element, at) => (element.scrollTop = element.scrollHeight * at), at);
    await frames();
    most.push(await elements());
  }
  const longest = await page.evaluate(() => window.seen.longest);
  // From a key to the next paint, as the browser's own event timing has it (8 ms steps; shorter than 16 ms is not told).
  await page.evaluate(() => {
    window.keys = [];
    new PerformanceObserver(list => list.getEntries().forEach(entry => entry.name.startsWith('key') && window.keys.push(entry.duration)))
      .observe({ type: 'event', durationThreshold: 16, buffered: true });
  });
  await input(page).pressSequentially('how long does a key take', { delay: 30 });
  await page.evaluate(() => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  const keys = await page.evaluate(() => window.keys);
  return { loaded: answered, elements: Math.max(...most), longest_frame: longest, key: keys.length ? Math.max(...keys) : 16 };
});

const launched = { launcher: median(ready) - median(blank), bare: median(bare) - median(blank) };
console.log(JSON.stringify({ ...launched, input: median(focused), ...history }));
await browser.close();
host.close();
other.close();
