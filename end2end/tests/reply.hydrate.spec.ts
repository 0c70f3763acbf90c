// The reply to a send comes with the answer to it, word by word, wherever no WebSocket brings it; and where that does not
// get through, some other way, whole and once.
import type { Page } from "@playwright/test";
import { expect, test } from "../fixtures";
import type { Proxy } from "../fixtures/proxy";
import { elsewhere, launcher, opened, own, replies, say, slowly, words } from "../fixtures/widget";

const SEND = /^POST .*\/messages$/;
const READ = /\/(poll|events|socket)$/;
const POLL = /^GET .*\/poll$/;
const NDJSON = "application/x-ndjson";

const sends = (proxy: Proxy) => proxy.answers.filter(({ line }) => SEND.test(line));
const kinds = (proxy: Proxy) => sends(proxy).map(({ type }) => type);

/** The conversation is whole: these messages of the visitor's and replies of so many words, each once and in order. */
async function whole(page: Page, said: string[], ...tokens: number[]) {
  await expect(replies(page)).toHaveText(tokens.map(words), { timeout: 25_000 });
  await expect(own(page)).toHaveText(said);
  await expect(page.locator("parlor-chat article.me .mark.sent, parlor-chat article.me .mark.read").first()).toBeAttached();
}

for (const transport of ["polling", "sse"]) {
  test(`the answer to a send brings its reply word by word: ${transport}`, async ({ page, hostPage, between: proxy, gates }) => {
    gates.allow(/Failed to load resource|net::ERR_/);
    // Nothing else gets through, so what is shown came with the answer.
    proxy.holds = READ;
    await opened(page, hostPage.url({ transport }, "strict", proxy.origin));
    const [first, second] = [slowly(60, 50), slowly(40, 50)];
    await say(page, first);
    await expect(replies(page)).toContainText("t2");
    const [answer] = sends(proxy);
    expect(answer).toMatchObject({ type: NDJSON, isOver: false });
    const pieces = answer!.pieces;
    await expect(replies(page)).toContainText("t20");
    expect(answer!.pieces).toBeGreaterThan(pieces);
    expect(answer!.isOver).toBe(false);
    await whole(page, [first], 60);
    await expect.poll(() => answer!.isOver).toBe(true);
    // And in a conversation that goes on.
    await say(page, second);
    await expect(replies(page).nth(1)).toContainText("t2");
    expect(sends(proxy).at(-1)).toMatchObject({ type: NDJSON, isOver: false });
    await whole(page, [first, second], 60, 40);
    expect(kinds(proxy)).toEqual([NDJSON, NDJSON]);
  });

  test(`an answer that dies in the middle loses and doubles nothing: ${transport}`, async ({ page, hostPage, between: proxy, gates }) => {
    gates.allow(/Failed to load resource|net::ERR_/);
    proxy.holds = READ;
    await opened(page, hostPage.url({ transport }, "strict", proxy.origin));
    const text = slowly(80, 50);
    await say(page, text);
    await expect(replies(page)).toContainText("t9");
    proxy.holds = undefined;
    proxy.cut();
    await expect(replies(page)).toContainText("t40");
    await whole(page, [text], 80);
    expect(kinds(proxy)).toEqual([NDJSON]);
    expect(proxy.count(transport === "sse" ? /events$/ : /poll$/)).toBeGreaterThan(0);
  });

  for (const buffers of [true, "bodies"] as const) {
    test(`where answers are kept back (${buffers === true ? "all of them" : buffers}) the reply comes another way: ${transport}`, async ({ page, hostPage, between: proxy }) => {
      test.slow();
      await opened(page, hostPage.url({ transport }, "strict", proxy.origin));
      proxy.buffers = buffers;
      // A way that keeps streams back lets the short answers of a poll through.
      const text = slowly(transport === "polling" ? 120 : 40, 100);
      await say(page, text);
      if (transport === "polling") await expect(replies(page)).toContainText("t20");
      await expect.poll(() => kinds(proxy), { timeout: 15_000 }).toEqual([NDJSON, "application/json"]);
      if (transport === "polling") await expect(replies(page)).not.toContainText("t119");
      else proxy.buffers = false;
      await whole(page, [text], transport === "polling" ? 120 : 40);
      // What was kept back is not asked for again at once.
      proxy.buffers = false;
      await say(page, slowly(3, 0));
      await whole(page, [text, slowly(3, 0)], transport === "polling" ? 120 : 40, 3);
      expect(kinds(proxy)).toEqual([NDJSON, "application/json", "application/json"]);
    });
  }

  test(`offline in the middle and back, the reply is whole, and what was written meanwhile goes once: ${transport}`, async ({ page, hostPage, between: proxy, context, gates }) => {
    gates.allow(/Failed to load resource|net::ERR_/);
    await opened(page, hostPage.url({ transport }, "strict", proxy.origin));
    const text = slowly(80, 50);
    await say(page, text);
    await expect(replies(page)).toContainText("t5");
    await context.setOffline(true);
    proxy.cut();
    await say(page, "one");
    await say(page, "two");
    await expect(own(page)).toHaveCount(3);
    await context.setOffline(false);
    for (const again of [false, true]) {
      if (again) await page.reload();
      if (again) await launcher(page).click();
      await expect(replies(page)).toHaveCount(3, { timeout: 20_000 });
      await expect(replies(page).first()).toHaveText(words(80));
      await expect(own(page)).toHaveText([text, "one", "two"]);
    }
  });

  test(`two tabs and a reload in the middle show the same: ${transport}`, async ({ page, hostPage, between: proxy, context }) => {
    const url = hostPage.url({ transport }, "strict", proxy.origin);
    await opened(page, url);
    const [first, second] = [slowly(80, 50), slowly(40, 50)];
    await say(page, first);
    await expect(replies(page)).toContainText("t3");
    const other = await context.newPage();
    await opened(other, url);
    await expect(replies(other)).toContainText("t10");
    await page.reload();
    await launcher(page).click();
    await whole(page, [first], 80);
    await whole(other, [first], 80);
    // The other one sends, so that only it has an answer that brings the reply.
    await say(other, second);
    await expect(replies(page).nth(1)).toContainText("t3");
    await Promise.all([page, other].map(tab => whole(tab, [first, second], 80, 40)));
  });

  test(`Stop ends a reply that comes with its answer, and the next one comes whole: ${transport}`, async ({ page, hostPage, between: proxy, gates }) => {
    gates.allow(/Failed to load resource|net::ERR_/);
    proxy.holds = READ;
    await opened(page, hostPage.url({ transport }, "strict", proxy.origin));
    await say(page, slowly(400, 40));
    await expect(replies(page)).toContainText("t5");
    await page.getByRole("button", { name: "Stop" }).click();
    await expect(page.getByText("Stopped.")).toBeVisible();
    await expect.poll(() => sends(proxy).map(({ isOver }) => isOver)).toEqual([true]);
    await say(page, slowly(5, 0));
    await expect(replies(page).nth(1)).toHaveText(words(5));
    await expect(own(page)).toHaveCount(2);
  });
}

test("while a reply comes with its answer the long poll does not ask, and after it does", async ({ page, hostPage, between: proxy, request, baseURL }) => {
  await opened(page, hostPage.url({ transport: "polling" }, "strict", proxy.origin));
  const polls = (answer: number) => sends(proxy)[answer]!.meanwhile.filter(line => POLL.test(line)).length;
  await say(page, slowly(50, 50));
  await whole(page, [slowly(50, 50)], 50);
  await expect.poll(() => proxy.count(POLL)).toBeGreaterThan(0);
  expect([sends(proxy)[0]!.isOver, polls(0)]).toEqual([true, 0]);
  await say(page, slowly(60, 50));
  await whole(page, [slowly(50, 50), slowly(60, 50)], 50, 60);
  // One that waited is answered by the message, and may have asked once more before the answer had begun.
  await expect.poll(() => sends(proxy)[1]!.isOver).toBe(true);
  expect(polls(1)).toBeLessThanOrEqual(1);
  const { post } = await elsewhere(page, request, baseURL!);
  await post("messages", { client_id: "another-device", content: slowly(4, 0) });
  await expect(replies(page).nth(2)).toHaveText(words(4));
});

test("while a socket is being made the reply comes with the answer, and a socket that is there takes over", async ({ page, hostPage, between: proxy, gates }) => {
  gates.allow(/WebSocket connection to|Failed to load resource|net::ERR_/);
  const url = hostPage.url({}, "strict", proxy.origin);
  proxy.holds = READ;
  await opened(page, url);
  await say(page, slowly(20, 50));
  await whole(page, [slowly(20, 50)], 20);
  expect(kinds(proxy)).toEqual([NDJSON]);
  expect(proxy.count(/^UPGRADE/)).toBe(1);
  expect(proxy.count(/(events|poll)$/)).toBe(0);

  proxy.holds = undefined;
  await page.reload();
  await launcher(page).click();
  await whole(page, [slowly(20, 50)], 20);
  // With a socket there is one connection: an answer says that the message is stored, and no more.
  await expect.poll(() => proxy.count(/^UPGRADE/)).toBe(2);
  await page.evaluate(() => (window as any).Parlor.on("connection", () => {}));
  await expect.poll(async () => {
    await say(page, slowly(2, 0));
    await expect(replies(page).last()).toHaveText(words(2));
    return kinds(proxy).at(-1);
  }).toBe("application/json");
  expect(proxy.count(/(events|poll)$/)).toBe(0);
});

test("a socket that comes in the middle of the first reply ends the answer early, and nothing is missing", async ({ page, hostPage, between: proxy, gates }) => {
  gates.allow(/WebSocket connection to|Failed to load resource|net::ERR_/);
  await opened(page, hostPage.url({}, "strict", proxy.origin));
  const text = slowly(80, 50);
  await say(page, text);
  await expect(replies(page)).toContainText("t2");
  await expect.poll(() => sends(proxy).map(({ isOver }) => isOver)).toEqual([true]);
  await expect(replies(page)).not.toContainText("t70");
  await whole(page, [text], 80);
  expect(kinds(proxy)).toEqual([NDJSON]);
});

test("a socket whose greeting is late opens nothing anew", async ({ page, hostPage, between: proxy }) => {
  let greet = () => {};
  const late = new Promise<void>(resolve => (greet = resolve));
  let sockets = 0;
  await page.routeWebSocket(/\/v1\/widget\/socket$/, socket => {
    sockets++;
    const server = socket.connectToServer();
    socket.onMessage(message => server.send(message));
    server.onMessage(message => void late.then(() => socket.send(message)));
  });
  await opened(page, hostPage.url({}, "strict", proxy.origin));
  const text = slowly(40, 50);
  await say(page, text);
  await expect(replies(page)).toContainText("t5");
  greet();
  await whole(page, [text], 40);
  expect(sockets).toBe(1);
  expect(proxy.count(/^GET .*\/conversations\/[^/]+$/)).toBe(0);
});

test("what goes out while the panel was never opened brings nothing with it", async ({ page, hostPage, between: proxy, gates }) => {
  gates.allow(/Failed to load resource|net::ERR_/);
  const url = hostPage.url({ transport: "polling" }, "strict", proxy.origin);
  await opened(page, url);
  await say(page, slowly(4, 0));
  await whole(page, [slowly(4, 0)], 4);
  proxy.down();
  await say(page, slowly(5, 0));
  const waits = () => page.evaluate(() => Object.keys(localStorage).some(key => key.startsWith("parlor_outbox_v1:")));
  await expect.poll(waits).toBe(true);
  await page.goto("about:blank");
  proxy.up();
  [proxy.answers.length, proxy.seen.length] = [0, 0];
  await page.goto(url);
  await expect.poll(waits).toBe(false);
  await expect.poll(() => sends(proxy)).toMatchObject([{ type: "application/json", isOver: true }]);
  expect(proxy.count(READ)).toBe(0);
  await launcher(page).click();
  await whole(page, [slowly(4, 0), slowly(5, 0)], 4, 5);
});

test("in a frame of the server the reply comes with the answer too", async ({ page, hostPage, between: proxy, gates }) => {
  gates.allow(/WebAssembly|wasm-unsafe-eval|Failed to load resource|net::ERR_/);
  proxy.holds = READ;
  await page.goto(hostPage.url({ transport: "polling" }, "no-wasm", proxy.origin));
  await launcher(page).click();
  const frame = page.frameLocator("parlor-chat iframe");
  await frame.getByRole("textbox", { name: "Message" }).fill(slowly(40, 50));
  await frame.getByRole("textbox", { name: "Message" }).press("Enter");
  const reply = frame.locator("article:not(.me) .bubble");
  await expect(reply).toContainText("t3");
  expect(sends(proxy)).toMatchObject([{ type: NDJSON, isOver: false }]);
  await expect(reply).toHaveText(words(40));
});
