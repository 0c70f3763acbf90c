// Which transport brings the events: down to what the way carries, up again later, one at a time, and not more often
// than is good for the server. What arrives comes from another device of the visitor's, so no answer of a send brings it.
import type { APIRequestContext, Page, WebSocket } from "@playwright/test";
import { expect, test } from "../fixtures";
import type { Proxy } from "../fixtures/proxy";
import { elsewhere, opened, own, replies, say, slowly, words } from "../fixtures/widget";

const QUIET = /WebSocket connection to|Failed to load resource|net::ERR_/;
const UPGRADE = /^UPGRADE/;
const EVENTS = /^GET .*\/events$/;
const POLL = /^GET .*\/poll$/;

/** What is read now: answers with events that have not ended. */
const open = (proxy: Proxy, line: RegExp) => proxy.answers.filter(answer => line.test(answer.line) && !answer.isOver).length;

/** Time passes at once. */
const pass = (page: Page, seconds: number) => page.clock.fastForward(seconds * 1000);

/** A panel with one message and its reply, whose time can be moved. `random`: what chance says. */
async function begun(page: Page, url: string, options: Record<string, unknown> = {}, random?: number) {
  await page.addInitScript(([options, random]) => {
    (window as any).Parlor = { transportOptions: options };
    if (random !== undefined) Math.random = () => random;
  }, [options, random] as const);
  await page.clock.install();
  await opened(page, url);
  await say(page, slowly(2, 0));
  await expect(replies(page)).toHaveText(words(2));
}

let sent = 0;
/** Another device says something: it and its reply are shown here, whatever the transport is. */
async function arrives(page: Page, request: APIRequestContext, server: string) {
  const count = await own(page).count();
  const { post } = await elsewhere(page, request, server);
  const text = slowly(3 + (++sent % 50), 0);
  expect((await post("messages", { client_id: `device-${sent}-${Math.random()}`, content: text })).status()).toBe(202);
  await expect(own(page).nth(count)).toHaveText(text);
  await expect(replies(page).nth(count)).toContainText("t2");
}

/** Puts the tab out of sight, or into it again. */
const hide = (page: Page, hidden: boolean) =>
  page.evaluate(hidden => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);

test("where upgrades are refused it climbs down, asks seldom whether that is over, and climbs up when it is", async ({ page, hostPage, between: proxy, gates, request, baseURL }) => {
  gates.allow(QUIET);
  proxy.refusesUpgrades = true;
  await begun(page, hostPage.url({}, "strict", proxy.origin));
  await expect.poll(() => open(proxy, EVENTS)).toBe(1);
  await arrives(page, request, baseURL!);
  expect([proxy.count(UPGRADE), proxy.count(POLL)]).toEqual([1, 0]);
  await pass(page, 31);
  await expect.poll(() => [proxy.count(UPGRADE), proxy.count(EVENTS), open(proxy, EVENTS)]).toEqual([2, 2, 1]);
  // Half a minute was too soon, so the next time is a whole one.
  await pass(page, 31);
  await arrives(page, request, baseURL!);
  expect(proxy.count(UPGRADE)).toBe(2);
  proxy.refusesUpgrades = false;
  await pass(page, 31);
  await expect.poll(() => proxy.count(UPGRADE)).toBe(3);
  await expect.poll(() => open(proxy, EVENTS)).toBe(0);
  const events = proxy.count(EVENTS);
  await arrives(page, request, baseURL!);
  await pass(page, 61);
  await arrives(page, request, baseURL!);
  expect([proxy.count(UPGRADE), proxy.count(EVENTS), proxy.count(POLL)]).toEqual([3, events, 0]);
});

test("where a proxy keeps streams back it asks, and listens again later", async ({ page, hostPage, between: proxy, gates, request, baseURL }) => {
  gates.allow(QUIET);
  proxy.refusesUpgrades = true;
  proxy.buffers = true;
  await begun(page, hostPage.url({}, "strict", proxy.origin));
  await expect.poll(() => proxy.count(EVENTS)).toBe(1);
  await pass(page, 21);
  await expect.poll(() => proxy.count(POLL)).toBeGreaterThan(0);
  await expect.poll(() => open(proxy, EVENTS)).toBe(0);
  await arrives(page, request, baseURL!);
  proxy.buffers = false;
  proxy.refusesUpgrades = false;
  await pass(page, 61);
  await arrives(page, request, baseURL!);
  await expect.poll(() => proxy.count(UPGRADE)).toBeGreaterThan(1);
  await expect.poll(() => open(proxy, POLL)).toBe(0);
  await arrives(page, request, baseURL!);
});

test("a socket that is silent though it is open is given up", async ({ page, hostPage, between: proxy, gates, request, baseURL }) => {
  gates.allow(QUIET);
  await begun(page, hostPage.url({}, "strict", proxy.origin));
  await expect.poll(() => proxy.count(UPGRADE)).toBe(1);
  await arrives(page, request, baseURL!);
  proxy.isFrozen = true;
  // Not all at once: a machine that slept has not listened.
  for (let round = 0; round < 5; round++) {
    await pass(page, 9);
    await page.evaluate(() => new Promise(resolve => setTimeout(resolve, 1100)));
  }
  await expect.poll(() => open(proxy, EVENTS)).toBe(1);
  await arrives(page, request, baseURL!);
});

test("after a sleep of the machine a socket that is still there is kept", async ({ page, hostPage, between: proxy, gates, request, baseURL }) => {
  gates.allow(QUIET);
  await begun(page, hostPage.url({}, "strict", proxy.origin));
  await expect.poll(() => proxy.count(UPGRADE)).toBe(1);
  await arrives(page, request, baseURL!);
  await pass(page, 3600);
  await arrives(page, request, baseURL!);
  await pass(page, 9);
  await arrives(page, request, baseURL!);
  expect([proxy.count(UPGRADE), proxy.count(EVENTS), proxy.count(POLL)]).toEqual([1, 0, 0]);
});

test("a tab out of sight closes its connection after a while and looks once a minute, and is back at once in sight", async ({ page, hostPage, between: proxy, gates, request, baseURL }) => {
  gates.allow(QUIET);
  const sockets: WebSocket[] = [];
  page.on("websocket", socket => sockets.push(socket));
  await begun(page, hostPage.url({}, "strict", proxy.origin));
  await expect.poll(() => sockets.length).toBe(1);
  await arrives(page, request, baseURL!);
  await hide(page, true);
  await pass(page, 60);
  await arrives(page, request, baseURL!);
  expect([sockets[0]!.isClosed(), proxy.count(POLL)]).toEqual([false, 0]);
  await pass(page, 61);
  await expect.poll(() => sockets[0]!.isClosed()).toBe(true);
  await expect.poll(() => proxy.count(POLL)).toBe(1);
  await expect.poll(() => open(proxy, POLL)).toBe(0);
  // An answer without events is not followed by another question at once.
  await pass(page, 4);
  await page.evaluate(() => new Promise(resolve => setTimeout(resolve, 50)));
  await pass(page, 50);
  expect(proxy.count(POLL)).toBe(1);
  await pass(page, 11);
  await expect.poll(() => proxy.count(POLL)).toBe(2);
  expect(proxy.count(UPGRADE)).toBe(1);
  await hide(page, false);
  await expect.poll(() => proxy.count(UPGRADE)).toBe(2);
  await arrives(page, request, baseURL!);
  expect(sockets.filter(socket => !socket.isClosed())).toHaveLength(1);
});

test("a tab never has two connections, whatever happens to it", async ({ page, hostPage, between: proxy, gates, request, baseURL }) => {
  gates.allow(QUIET);
  let most = 0;
  const sockets = new Set<WebSocket>();
  page.on("websocket", socket => {
    sockets.add(socket);
    most = Math.max(most, sockets.size);
    socket.on("close", () => sockets.delete(socket));
  });
  await begun(page, hostPage.url({}, "strict", proxy.origin), { backoffBaseMs: 100, backoffMaxMs: 200 });
  for (let round = 0; round < 3; round++) {
    await page.evaluate(() => ["online", "offline", "online", "resize"].forEach(name => dispatchEvent(new Event(name))));
    await hide(page, true);
    await hide(page, false);
    await page.evaluate(() => {
      const { Parlor } = window as any;
      Parlor.close();
      Parlor.open();
      Parlor.setContext({ page: Math.random() });
    });
    await say(page, slowly(2, 0));
    if (round < 2) proxy.cut();
    await expect(replies(page).nth(round + 1)).toHaveText(words(2));
    await pass(page, 1);
  }
  await pass(page, 25);
  await arrives(page, request, baseURL!);
  expect(most).toBe(1);
  expect(sockets.size + open(proxy, EVENTS) + open(proxy, POLL)).toBe(1);
});

test("the token goes in the first frame and not in the address, and a ping every 20 seconds", async ({ page, hostPage, gates }) => {
  gates.allow(QUIET);
  const frames: { url: string; frame: any }[] = [];
  page.on("websocket", socket => socket.on("framesent", ({ payload }) => frames.push({ url: socket.url(), frame: JSON.parse(String(payload)) })));
  await begun(page, hostPage.url());
  await expect.poll(() => frames.length).toBe(1);
  const [{ url, frame }] = frames as [(typeof frames)[0]];
  expect(new URL(url).search).toBe("");
  expect(frame).toMatchObject({ type: "auth", token: expect.stringMatching(/^\S{40,}$/), conversation_id: expect.any(String) });
  expect(url).not.toContain(frame.token);
  const pings = () => frames.filter(({ frame }) => frame.type === "ping").length;
  for (let round = 1; round <= 3; round++) {
    await pass(page, 14);
    await page.evaluate(() => new Promise(resolve => setTimeout(resolve, 1100)));
    expect(pings()).toBe(round - 1);
    await pass(page, 6);
    await expect.poll(pings).toBe(round);
  }
});

for (const [asked, seconds] of [[1000, 15], [60_000, 25]] as const) {
  test(`a page may choose how often it pings, between 15 and 25 seconds: ${asked} ms`, async ({ page, hostPage, gates }) => {
    gates.allow(QUIET);
    const frames: string[] = [];
    page.on("websocket", socket => socket.on("framesent", ({ payload }) => frames.push(JSON.parse(String(payload)).type)));
    await begun(page, hostPage.url(), { heartbeatMs: asked });
    await expect.poll(() => frames).toEqual(["auth"]);
    await pass(page, seconds - 3);
    await page.evaluate(() => new Promise(resolve => setTimeout(resolve, 1100)));
    expect(frames).toEqual(["auth"]);
    await pass(page, 3);
    await expect.poll(() => frames).toEqual(["auth", "ping"]);
  });
}

for (const [chance, pauses] of [[1, [40, 80, 100, 100]], [0, [20, 40, 50, 50]]] as const) {
  test(`the pauses between tries double from the base to the maximum, and a half of each is by chance: ${chance}`, async ({ page, hostPage, between: proxy, gates, request, baseURL }) => {
    gates.allow(QUIET);
    await begun(page, hostPage.url({ transport: "websocket" }, "strict", proxy.origin), { backoffBaseMs: 40_000, backoffMaxMs: 100_000 }, chance);
    await arrives(page, request, baseURL!);
    await page.evaluate(() => {
      (window as any).lost = 0;
      (window as any).Parlor.on("connection", ({ state }: any) => ((window as any).lost += Number(state === "lost")));
    });
    const lost = () => page.evaluate(() => (window as any).lost);
    proxy.refusesUpgrades = true;
    proxy.cut();
    for (const [round, seconds] of pauses.entries()) {
      await expect.poll(lost).toBe(round + 1);
      await pass(page, seconds - 8);
      await page.evaluate(() => new Promise(resolve => setTimeout(resolve, 50)));
      expect(proxy.count(UPGRADE)).toBe(round + 1);
      await pass(page, 8);
      await expect.poll(() => proxy.count(UPGRADE)).toBe(round + 2);
    }
    proxy.refusesUpgrades = false;
    await expect.poll(lost).toBe(pauses.length + 1);
    await pass(page, 100);
    await arrives(page, request, baseURL!);
  });
}
