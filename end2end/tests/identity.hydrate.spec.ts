// Who a visitor is, in the browser: made when they act, kept in two places, renewed, handed on at its end, and made
// whole again where it is broken.
import type { Page } from "@playwright/test";
import { expect, test } from "../fixtures";
import { call, input, launcher, opened, own, replies, say, slowly, words } from "../fixtures/widget";

const RECORD = "cs_client_identity_v1";
const COOKIE = "cs_client_id";
const LOCK = "cs-client-id";
const DAY = 86_400_000;
const LIFE = 180 * DAY;
const RANDOM = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

type Identity = { id: string; createdAt: number; expiresAt: number };
const record = (page: Page): Promise<Identity | null> => page.evaluate(name => JSON.parse(localStorage.getItem(name) ?? "null"), RECORD);
const mirror = async (page: Page) => (await page.context().cookies(page.url())).find(({ name }) => name === COOKIE);
/** Puts something in the record's place. */
const put = (page: Page, text: string) => page.evaluate(([name, text]) => localStorage.setItem(name, text), [RECORD, text] as const);
const setCookie = (page: Page, text: string) => page.evaluate(text => void (document.cookie = text), `${COOKIE}=${text}`);
/** Resolves when whoever asked for the lock before has had it. */
const turn = (page: Page) => page.evaluate(name => navigator.locks.request(name, () => {}), LOCK);

/** What the page asks the server for as a visitor, in order. */
function asked(page: Page) {
  const seen: { path: string; id?: string; body: any }[] = [];
  page.on("request", request => {
    const { pathname } = new URL(request.url());
    if (!pathname.startsWith("/v1/widget/") || pathname.endsWith("/config") || request.method() === "OPTIONS") return;
    const body = request.method() === "POST" && request.headers()["content-type"] === "application/json" ? request.postDataJSON() : null;
    seen.push({ path: pathname, id: request.headers()["x-client-id"], body });
  });
  return { seen, sessions: () => seen.filter(({ path }) => path.endsWith("/session")).map(({ body }) => body) };
}

/** Loads the page anew and opens the panel of a visitor who is known. */
async function back(page: Page, said: string[]) {
  await page.reload();
  await launcher(page).click();
  await expect(own(page)).toHaveText(said);
}

test("an identity is made when the visitor acts and not before: a record and its mirror, for half a year", async ({ page, hostPage }) => {
  const { seen, sessions } = asked(page);
  await opened(page, hostPage.url());
  // Neither what is typed nor what the page says is an act of the visitor's.
  await input(page).fill("A thought");
  await call(page, "setUser", { email: "ada@example.com" });
  await call(page, "setContext", { page: "pricing" });
  await turn(page);
  expect(await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie])).toEqual([0, 0, ""]);
  expect(seen).toEqual([]);

  const from = await page.evaluate(() => Date.now());
  await say(page, slowly(3, 0));
  await expect(replies(page)).toHaveText(words(3));
  const to = await page.evaluate(() => Date.now());
  const { id, createdAt, expiresAt } = (await record(page))!;
  expect(id).toMatch(RANDOM);
  expect(createdAt).toBeGreaterThanOrEqual(from);
  expect(createdAt).toBeLessThanOrEqual(to);
  expect(expiresAt - createdAt).toBe(LIFE);
  const { expires, ...kept } = (await mirror(page))!;
  expect(kept).toMatchObject({ value: id, path: "/", sameSite: "Lax", secure: false });
  expect(expires * 1000).toBeGreaterThan(from + LIFE - 60_000);
  expect(expires * 1000).toBeLessThan(to + LIFE + 60_000);
  // What waited is gone again, and nothing else is kept.
  expect(await page.evaluate(() => [Object.keys(localStorage), sessionStorage.length])).toEqual([[RECORD], 0]);
  expect(sessions()).toEqual([{ client_id: id, user: { email: "ada@example.com" }, context: { page: "pricing" } }]);
  expect(new Set(seen.map(request => request.id))).toEqual(new Set([id]));
});

test("two tabs that make an identity at once are one visitor: one makes it, the other waits and takes it", async ({ page, context, hostPage }) => {
  await opened(page, hostPage.url());
  const second = await context.newPage();
  const { sessions } = asked(second);
  await opened(second, hostPage.url());
  // As if the first tab were making it now.
  await page.evaluate(
    name =>
      new Promise<void>(held => {
        void navigator.locks.request(name, () => new Promise<void>(release => {
          (window as any).release = release;
          held();
        }));
      }),
    LOCK,
  );
  await say(second, slowly(3, 0));
  await expect.poll(() => second.evaluate(async () => (await navigator.locks.query()).pending!.map(({ name }) => name))).toContain(LOCK);
  expect(await record(second)).toBeNull();
  const id = await page.evaluate(() => crypto.randomUUID());
  const made = { id, createdAt: Date.now(), expiresAt: Date.now() + LIFE };
  await put(page, JSON.stringify(made));
  await setCookie(page, `${id}; Path=/; SameSite=Lax; Max-Age=1000`);
  await page.evaluate(() => (window as any).release());
  await expect(replies(second)).toHaveText(words(3));
  expect(sessions().map(body => body.client_id)).toEqual([id]);
  expect(await record(second)).toEqual(made);
  // What was said in the one is in the other, once its visitor speaks.
  await say(page, slowly(4, 0));
  await expect(own(page)).toHaveText([slowly(3, 0), slowly(4, 0)]);
  await expect(own(second)).toHaveText([slowly(3, 0), slowly(4, 0)]);
});

test("an identity is renewed after a quarter of its life, and at its end another one takes its conversation on", async ({ page, hostPage }) => {
  test.slow();
  const { seen, sessions } = asked(page);
  await opened(page, hostPage.url());
  await say(page, slowly(3, 0));
  await expect(replies(page)).toHaveText(words(3));
  const { id } = (await record(page))!;
  /** Makes it as old as that. */
  const age = async (days: number) => {
    const createdAt = (await page.evaluate(() => Date.now())) - days * DAY;
    await put(page, JSON.stringify({ id, createdAt, expiresAt: createdAt + LIFE }));
    return createdAt;
  };

  let createdAt = await age(44);
  await back(page, [slowly(3, 0)]);
  expect(await record(page)).toEqual({ id, createdAt, expiresAt: createdAt + LIFE });

  createdAt = await age(46);
  await setCookie(page, `${id}; Path=/; Max-Age=1000`);
  const from = await page.evaluate(() => Date.now());
  await back(page, [slowly(3, 0)]);
  const renewed = (await record(page))!;
  expect(renewed).toMatchObject({ id, createdAt });
  expect(renewed.expiresAt).toBeGreaterThanOrEqual(from + LIFE);
  const cookie = (await mirror(page))!;
  expect(cookie.value).toBe(id);
  expect(cookie.expires * 1000).toBeGreaterThan(from + LIFE - 60_000);

  // Nobody is made anew for looking; who acts goes on where they were.
  await age(181);
  await page.reload();
  seen.length = 0;
  await launcher(page).click();
  await expect(input(page)).toBeFocused();
  await turn(page);
  expect(seen).toEqual([]);
  await say(page, slowly(4, 0));
  await expect(own(page)).toHaveText([slowly(3, 0), slowly(4, 0)]);
  await expect(replies(page)).toHaveText([words(3), words(4)]);
  const next = (await record(page))!;
  expect(next.id).toMatch(RANDOM);
  expect(next.id).not.toBe(id);
  expect(next.expiresAt - next.createdAt).toBe(LIFE);
  expect((await mirror(page))!.value).toBe(next.id);
  expect(sessions()).toEqual([{ client_id: next.id, previous_client_id: id }]);
  await back(page, [slowly(3, 0), slowly(4, 0)]);
  expect(sessions().at(-1)).toEqual({ client_id: next.id });
});

test("a record that is broken or gone is made whole from its mirror, and the mirror from the record", async ({ page, hostPage }) => {
  test.slow();
  const { seen, sessions } = asked(page);
  await opened(page, hostPage.url());
  await say(page, slowly(3, 0));
  await expect(replies(page)).toHaveText(words(3));
  const first = (await record(page))!;
  const { id } = first;
  for (const broken of ["", "{", "null", JSON.stringify({ id }), JSON.stringify({ ...first, id: "x" }), JSON.stringify({ ...first, expiresAt: 0 })]) {
    await put(page, broken);
    await back(page, [slowly(3, 0)]);
    const whole = (await record(page))!;
    expect(whole.id, broken).toBe(id);
    expect(whole.expiresAt - whole.createdAt, broken).toBe(LIFE);
  }
  await page.evaluate(name => localStorage.removeItem(name), RECORD);
  await back(page, [slowly(3, 0)]);
  expect((await record(page))!.id).toBe(id);
  for (const other of ["; Max-Age=0", "another"]) {
    await setCookie(page, `${other}; Path=/`);
    await back(page, [slowly(3, 0)]);
    expect((await mirror(page))?.value, other).toBe(id);
  }
  expect(new Set(sessions().map(body => JSON.stringify(body)))).toEqual(new Set([JSON.stringify({ client_id: id })]));

  // Where both are gone, so is the visitor: another one begins, with nothing of the first.
  await put(page, "{");
  await setCookie(page, "<script>; Path=/");
  await page.reload();
  seen.length = 0;
  await launcher(page).click();
  await expect(input(page)).toBeFocused();
  await turn(page);
  expect(seen).toEqual([]);
  await say(page, slowly(4, 0));
  await expect(replies(page)).toHaveText([words(4)]);
  const other = (await record(page))!;
  expect(other.id).not.toBe(id);
  expect(sessions()).toEqual([{ client_id: other.id }]);
});

test("where the browser keeps nothing a visitor is the same one until the page is left", async ({ page, hostPage }) => {
  const { sessions } = asked(page);
  await page.addInitScript(() => {
    const denied = () => {
      throw new DOMException("The visitor forbids it.", "SecurityError");
    };
    Object.defineProperty(window, "localStorage", { get: denied });
    Object.defineProperty(Document.prototype, "cookie", { get: () => "", set() {} });
  });
  await opened(page, hostPage.url());
  await say(page, slowly(3, 0));
  await expect(replies(page)).toHaveText(words(3));
  // With what the page says now another session is opened.
  await call(page, "setContext", { page: "pricing" });
  await expect.poll(() => sessions().length).toBe(2);
  await say(page, slowly(4, 0));
  await expect(own(page)).toHaveText([slowly(3, 0), slowly(4, 0)]);
  await expect(replies(page)).toHaveText([words(3), words(4)]);
  expect(new Set(sessions().map(body => body.client_id)).size).toBe(1);
  // Who is forgotten is another one afterwards.
  await call(page, "reset");
  await say(page, slowly(5, 0));
  await expect(replies(page)).toHaveText([words(5)]);
  expect(new Set(sessions().map(body => body.client_id)).size).toBe(2);
  expect(sessions().at(-1).previous_client_id).toBeUndefined();
});

test("who was forgotten in another tab is somebody new in this one too, and what they say goes out", async ({ page, context, hostPage }) => {
  await opened(page, hostPage.url());
  await say(page, slowly(3, 0));
  await expect(replies(page)).toHaveText(words(3));
  const { id } = (await record(page))!;
  const second = await context.newPage();
  const { seen, sessions } = asked(second);
  await second.goto(hostPage.url());
  await launcher(second).click();
  await expect(own(second)).toHaveText([slowly(3, 0)]);
  expect(await call(page, "reset")).toBe(true);
  expect(await record(second)).toBeNull();
  // With what the page says now another session is opened.
  await call(second, "setContext", { page: "pricing" });
  await expect.poll(() => sessions().length).toBe(2);
  await say(second, slowly(4, 0));
  await expect(replies(second)).toHaveText([words(4)]);
  await expect(own(second)).toHaveText([slowly(4, 0)]);
  const other = (await record(second))!;
  expect(other.id).not.toBe(id);
  expect(sessions().map(body => body.client_id)).toEqual([id, other.id]);
  // What the old conversation refuses it refuses once.
  const posts = seen.filter(({ path, body }) => body && path.endsWith("/messages")).map(({ path }) => path);
  expect(posts.filter(path => path !== "/v1/widget/messages").length).toBeLessThanOrEqual(1);
  expect(posts.at(-1)).toBe("/v1/widget/messages");
  await say(second, slowly(5, 0));
  await expect(replies(second)).toHaveText([words(4), words(5)]);
});

test("where the browser has no locks a visitor is known all the same", async ({ page, hostPage }) => {
  await page.addInitScript(() => Object.defineProperty(Navigator.prototype, "locks", { value: undefined }));
  await opened(page, hostPage.url());
  await say(page, slowly(3, 0));
  await expect(replies(page)).toHaveText(words(3));
  expect((await record(page))!.id).toMatch(RANDOM);
  await back(page, [slowly(3, 0)]);
});
