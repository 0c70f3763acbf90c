// A site where people chat with an account: log in and sign up in the panel, one pair of tokens for all tabs.
import type { BrowserContext, Page } from "@playwright/test";
import { accessible, expect, newUser, someone, test, type User } from "../fixtures";
import { OwnServer } from "../fixtures/server";
import { call, input, launcher, newSite, own, replies, say, shot, slowly, words } from "../fixtures/widget";

const form = (page: Page) => page.locator("parlor-chat").getByRole("form");
const button = (page: Page, name: string) => form(page).getByRole("button", { name });

async function logIn(page: Page, { email, password }: { email: string; password: string }) {
  await form(page).getByLabel("E-mail").fill(email);
  await form(page).getByLabel("Password").fill(password);
  await button(page, "Log in").click();
}

/** A site for accounts on a server of its own, and what its pages ask of the accounts' service. */
type Site = { url: (attributes?: Record<string, string>, variant?: "strict" | "no-wasm") => string; server: string; asked: string[] };
const members = test.extend<{ site: Site; member: User }, { club: { server: OwnServer; key: string } }>({
  club: [
    async ({}, use) => {
      const server = await OwnServer.start();
      await use({ server, key: await newSite(server, "--who", "account") });
      await server.remove();
    },
    { scope: "worker", timeout: 60_000 },
  ],
  site: async ({ club: { server, key }, hostPage, context, gates }, use) => {
    gates.allowOrigin(server.url);
    gates.allowOrigin(server.url.replace("http", "ws"));
    const asked: string[] = [];
    context.on("request", request => {
      const { pathname } = new URL(request.url());
      if (request.method() === "POST" && /^\/auth\/|session$/.test(pathname)) asked.push(pathname);
    });
    await use({ url: (attributes, variant = "strict") => hostPage.url({ "api-key": key, ...attributes }, variant, server.url), server: server.url, asked });
  },
  member: async ({ playwright, site }, use) => {
    await use(await newUser(playwright, site.server));
  },
});

async function entered(page: Page, url: string, member: User) {
  await page.goto(url);
  await launcher(page).click();
  await logIn(page, member);
  await expect(input(page)).toBeFocused();
}

members("a visitor signs up in the panel and chats; nothing of the account is kept", async ({ page, site, gates }) => {
  gates.allow(/status of 4\d\d/);
  await page.goto(site.url());
  await launcher(page).click();
  await expect(form(page).getByRole("heading", { name: "Log in" })).toBeVisible();
  await expect(form(page).getByLabel("E-mail")).toBeFocused();
  await expect(input(page)).toBeHidden();
  // What a browser or a keeper of passwords fills in by itself.
  const fields = () => form(page).locator("input").evaluateAll(inputs => inputs.map(input => [(input as HTMLInputElement).type, (input as HTMLInputElement).autocomplete]));
  expect(await fields()).toEqual([["text", "username"], ["password", "current-password"]]);

  await form(page).getByLabel("Password").focus();
  await button(page, "Log in").click();
  await expect(form(page).getByRole("alert")).toHaveText("Please fill in every field.");
  await expect(form(page).getByLabel("E-mail")).toBeFocused();
  await logIn(page, { email: "nobody@example.org", password: "wrong wrong wrong" });
  await expect(form(page).getByRole("alert")).toHaveText("This password does not belong to this username or e-mail address. Please check both.");

  const { email, password } = someone();
  await button(page, "Create an account").click();
  await expect(form(page).getByLabel("Name")).toBeFocused();
  await expect(form(page).getByLabel("E-mail")).toHaveValue("nobody@example.org");
  expect(await fields()).toEqual([["text", "name"], ["email", "email"], ["password", "new-password"]]);
  await expect(form(page).getByRole("alert")).toBeEmpty();
  await form(page).getByLabel("Name").fill("Ada Byron");
  await form(page).getByLabel("E-mail").fill(email);
  await form(page).getByLabel("Password").fill(password);
  await page.keyboard.press("Enter");
  await expect(input(page)).toBeFocused();
  await expect(form(page).getByRole("heading")).toHaveCount(0);
  await say(page, slowly(5, 0));
  await expect(replies(page)).toHaveText(words(5));
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  expect(kept).not.toMatch(/token|password|refresh/i);

  // Another visit begins with the form, and the conversation is the account's.
  await page.reload();
  await launcher(page).click();
  await logIn(page, { email, password });
  await expect(own(page)).toHaveText(slowly(5, 0));
  await expect(replies(page)).toHaveText(words(5));
});

/** Another tab of the same website, with its panel open. */
async function anotherTab(context: BrowserContext, url: string): Promise<Page> {
  const tab = await context.newPage();
  await tab.goto(url);
  await launcher(tab).click();
  return tab;
}

members("a second tab is logged in at once, and of two that renew at once one does", { tag: "@wire" }, async ({ page, context, site, member, gates }) => {
  // To a connection, the time that is skipped is a long silence.
  gates.allow(/WebSocket connection to|net::ERR_/);
  await context.clock.install();
  await entered(page, site.url(), member);
  await say(page, slowly(4, 0));
  await expect(replies(page)).toHaveText(words(4));
  const second = await anotherTab(context, site.url());
  await expect(own(second)).toHaveText(slowly(4, 0));
  expect(site.asked.filter(path => path === "/auth/login")).toHaveLength(1);
  expect(site.asked.filter(path => path === "/auth/refresh_tokens")).toHaveLength(0);

  // The pair is older than it is trusted, and both need another session.
  await context.clock.fastForward(61_000);
  await expect.poll(() => second.evaluate(() => Date.now() - performance.timeOrigin)).toBeGreaterThan(61_000);
  const sessions = site.asked.filter(path => path.endsWith("session")).length;
  await Promise.all([page, second].map(tab => call(tab, "setContext", { page: "pricing" })));
  await expect.poll(() => site.asked.filter(path => path.endsWith("session")).length).toBeGreaterThanOrEqual(sessions + 2);
  expect(site.asked.filter(path => path === "/auth/refresh_tokens")).toHaveLength(1);
  for (const tab of [page, second]) {
    await say(tab, "Still here");
    await expect(own(tab).last()).toHaveText("Still here");
    await expect(tab.locator("parlor-chat article.me .mark.sent").last()).toBeVisible();
  }
  expect(site.asked.filter(path => path === "/auth/refresh_tokens")).toHaveLength(1);
  await expect(form(second).getByRole("heading")).toHaveCount(0);
});

members("a refused session renews the pair once, while a reply streams on over the same connection", { tag: "@wire" }, async ({ page, site, member, hostPage, gates }) => {
  gates.allow(/status of 401/);
  const sockets: string[] = [];
  page.on("websocket", socket => sockets.push(socket.url()));
  await entered(page, site.url({ transport: "websocket" }), member);
  await say(page, slowly(60, 60));
  await expect(replies(page)).toContainText("t5");
  await input(page).fill("A draft");
  const bearers = await endedOnce(page, hostPage.origin);
  await call(page, "setContext", { page: "pricing" });
  // The next that needs a session: what the visitor sends.
  await input(page).press("Enter");
  await expect(own(page)).toHaveText([slowly(60, 60), "A draft"]);
  await expect(replies(page).first()).toHaveText(words(60));
  await expect(replies(page)).toHaveCount(2);
  expect(bearers.length).toBe(2);
  expect(new Set(bearers).size).toBe(2);
  expect(site.asked.filter(path => path === "/auth/refresh_tokens")).toHaveLength(1);
  expect(sockets).toHaveLength(1);
});

members("a session that was ended elsewhere asks for a log-in; draft and message stay, and go once", { tag: "@wire" }, async ({ page, site, member, request, gates }) => {
  gates.allow(/status of 40\d|WebSocket connection to/);
  const login = page.waitForResponse(answer => answer.url().endsWith("/auth/login") && answer.request().method() === "POST");
  await entered(page, site.url(), member);
  const { refreshToken } = await (await login).json();
  await say(page, slowly(3, 0));
  await expect(replies(page)).toHaveText(words(3));
  const ended = await request.post(`${site.server}/auth/logout`, { headers: { Authorization: `Bearer ${refreshToken}` } });
  expect(ended.status()).toBe(204);
  await say(page, slowly(4, 0));
  await expect(form(page).getByRole("heading", { name: "Log in" })).toBeVisible();
  await expect(form(page).getByLabel("E-mail")).toBeFocused();
  await expect(own(page)).toBeHidden();
  await logIn(page, member);
  await expect(own(page)).toHaveText([slowly(3, 0), slowly(4, 0)]);
  await expect(replies(page)).toHaveText([words(3), words(4)]);
});

members("who logs in after somebody else has their own conversation, and sees nothing of the other's", { tag: "@wire" }, async ({ page, site, member, request, playwright, gates }) => {
  test.slow();
  gates.allow(/status of 40\d|WebSocket connection to/);
  const other = await newUser(playwright, site.server);
  await entered(page, site.url(), other);
  await say(page, slowly(5, 0));
  await expect(replies(page)).toHaveText(words(5));
  expect(await call(page, "reset")).toBe(true);
  const login = page.waitForResponse(answer => answer.url().endsWith("/auth/login") && answer.request().method() === "POST");
  await logIn(page, member);
  const { refreshToken } = await (await login).json();
  await expect(input(page)).toBeFocused();
  await expect(own(page)).toHaveCount(0);
  await say(page, slowly(3, 0));
  await expect(replies(page)).toHaveText(words(3));
  // Their session ends at the server; the next thing that needs one shows the form.
  expect((await request.post(`${site.server}/auth/logout`, { headers: { Authorization: `Bearer ${refreshToken}` } })).status()).toBe(204);
  await call(page, "setContext", { page: "pricing" });
  await expect(form(page).getByRole("heading", { name: "Log in" })).toBeVisible();
  await logIn(page, other);
  await expect(own(page)).toHaveText(slowly(5, 0));
  await expect(replies(page)).toHaveText(words(5));
});

members("reset logs out, in every tab, and at the server", { tag: "@wire" }, async ({ page, context, site, member, request, gates }) => {
  gates.allow(/status of 40\d|WebSocket connection to/);
  const login = page.waitForResponse(answer => answer.url().endsWith("/auth/login") && answer.request().method() === "POST");
  await entered(page, site.url(), member);
  const { refreshToken } = await (await login).json();
  await say(page, slowly(3, 0));
  await expect(replies(page)).toHaveText(words(3));
  const second = await anotherTab(context, site.url());
  await expect(replies(second)).toHaveText(words(3));
  await input(second).fill("A draft");
  expect(await call(page, "reset")).toBe(true);
  for (const tab of [page, second]) {
    await expect(form(tab).getByRole("heading", { name: "Log in" })).toBeVisible();
    await expect(own(tab)).toHaveCount(0);
  }
  await expect(async () => {
    const answer = await request.post(`${site.server}/auth/refresh_tokens`, { headers: { Authorization: `Bearer ${refreshToken}` } });
    expect(answer.status()).toBe(401);
  }).toPass();
  // Whoever logs in in one tab is logged in in the other.
  await logIn(second, member);
  await expect(input(second)).toHaveValue("A draft");
  await expect(form(page).getByRole("heading")).toHaveCount(0);
  await expect(replies(page)).toHaveText(words(3));
});

/** Answers the next request for a session as if its token had ended; the bearers of that and those after it. */
async function endedOnce(page: Page, origin: string) {
  const bearers: (string | undefined)[] = [];
  await page.route("**/v1/widget/session", async route => {
    if (route.request().method() === "OPTIONS") return route.continue();
    bearers.push((await route.request().allHeaders()).authorization);
    if (bearers.length > 1) return route.continue();
    return route.fulfill({ status: 401, headers: { "Access-Control-Allow-Origin": origin }, json: { error: { code: "unauthenticated", message: "This token has ended." } } });
  });
  return bearers;
}

members("where the server cannot be reached the form says so and keeps what was typed; a second Enter sends nothing more", { tag: "@wire" }, async ({ page, site, member, gates }) => {
  gates.allow(/Failed to load resource/);
  await page.goto(site.url());
  await launcher(page).click();
  await page.route("**/auth/login", route => route.abort());
  await logIn(page, member);
  await expect(form(page).getByRole("alert")).toHaveText("The server cannot be reached. Check the network and try again.");
  await expect(form(page).getByLabel("Password")).toHaveValue(member.password);
  await page.unroute("**/auth/login");

  let goOn = () => {};
  const held = new Promise<void>(resolve => (goOn = resolve));
  await page.route("**/auth/login", async route => {
    await held;
    return route.continue();
  });
  const before = site.asked.length;
  await page.keyboard.press("Enter");
  await expect.poll(() => site.asked.length).toBe(before + 1);
  await expect(form(page).getByRole("alert")).toBeEmpty();
  await expect(button(page, "Log in")).toHaveAttribute("aria-busy", "true");
  await page.keyboard.press("Enter");
  goOn();
  await expect(input(page)).toBeFocused();
  expect(site.asked.slice(before).filter(path => path === "/auth/login")).toHaveLength(1);
});

members("where the pair cannot be renewed the visitor stays logged in, and the old one is tried once more", { tag: "@wire" }, async ({ page, site, member, hostPage, gates }) => {
  gates.allow(/status of (401|503)/);
  await entered(page, site.url(), member);
  await say(page, slowly(3, 0));
  await expect(replies(page)).toHaveText(words(3));
  await page.route("**/auth/refresh_tokens", route => route.fulfill({ status: 503, headers: { "Access-Control-Allow-Origin": hostPage.origin }, body: "Busy" }));
  const bearers = await endedOnce(page, hostPage.origin);
  await call(page, "setContext", { page: "pricing" });
  await say(page, slowly(4, 0));
  await expect(replies(page)).toHaveText([words(3), words(4)]);
  expect(site.asked.filter(path => path === "/auth/refresh_tokens")).toHaveLength(1);
  expect(bearers).toEqual([bearers[0], bearers[0]]);
  await expect(form(page)).toHaveCount(0);
});

members("an older pair of another tab is not taken, a newer one is, instead of a renewal; one that is gone answers nobody", { tag: "@wire" }, async ({ page, context, site, member, request, hostPage, gates }) => {
  test.slow();
  gates.allow(/status of 401/);
  // On a machine with much to do an answer may take longer than a tab waits for it.
  await page.addInitScript(() => {
    const later = window.setTimeout;
    window.setTimeout = ((act: TimerHandler, ms?: number) => later(act, ms === 250 && (window as any).patient ? 10_000 : ms)) as typeof setTimeout;
  });
  await entered(page, site.url(), member);
  const second = await anotherTab(context, site.url());
  await expect(input(second)).toBeFocused();
  const key = new URL(page.url()).searchParams.get("api-key");
  // A page of the same website, which speaks as another tab's panel does.
  const other = await context.newPage();
  await other.goto(`${hostPage.origin}/page.css`);
  await other.evaluate(name => {
    const channel = ((window as any).channel = new BroadcastChannel(name));
    channel.postMessage({ pair: { auth: "an old one", refresh: "an old one", made: 1 } });
    // Behind the second tab, which has nothing newer and says nothing.
    channel.onmessage = ({ data }) => "ask" in data && setTimeout(() => channel.postMessage({ pair: (window as any).pair }), 100);
  }, `parlor-account:${site.server}:${key}`);
  const { authToken, refreshToken } = await (await request.post(`${site.server}/auth/login`, { data: { email: member.email, password: member.password } })).json();
  await other.evaluate(pair => ((window as any).pair = pair), { auth: authToken, refresh: refreshToken, made: Date.now() });
  await page.evaluate(() => ((window as any).patient = true));
  const bearers = await endedOnce(page, hostPage.origin);
  await call(page, "setContext", { page: "pricing" });
  await say(page, slowly(3, 0));
  await expect(replies(page)).toHaveText(words(3));
  expect(bearers.length).toBe(2);
  expect(bearers[0]).toMatch(/^Bearer ey/);
  expect(bearers[1]).toBe(`Bearer ${authToken}`);
  expect(site.asked.filter(path => path === "/auth/refresh_tokens")).toHaveLength(0);

  await other.close();
  await second.close();
  await call(page, "destroy");
  const third = await anotherTab(context, site.url());
  await expect(form(third).getByRole("heading", { name: "Log in" })).toBeVisible();
});

members("reset logs out in every tab also where the server does not hear of it", { tag: "@wire" }, async ({ page, context, site, member, gates }) => {
  gates.allow(/Failed to load resource/);
  await entered(page, site.url(), member);
  const second = await anotherTab(context, site.url());
  await expect(input(second)).toBeFocused();
  await page.route("**/auth/logout", route => route.abort());
  expect(await call(page, "reset")).toBe(true);
  for (const tab of [page, second]) await expect(form(tab).getByRole("heading", { name: "Log in" })).toBeVisible();
});

members("a page with tokens of its own shows no form, and its callback brings another after a refusal", { tag: "@wire" }, async ({ page, site, member, request, gates }) => {
  gates.allow(/status of 401/);
  const refreshes: string[] = [];
  await page.exposeFunction("freshToken", async () => {
    const answer = await request.post(`${site.server}/auth/login`, { data: { email: member.email, password: member.password } });
    refreshes.push("asked");
    return (await answer.json()).authToken;
  });
  await page.addInitScript(() => {
    (window as any).Parlor = { authToken: "one that has ended", refreshAuthToken: () => (window as any).freshToken() };
  });
  await page.goto(site.url());
  await launcher(page).click();
  await expect(input(page)).toBeFocused();
  await say(page, slowly(5, 0));
  await expect(replies(page)).toHaveText(words(5));
  expect(refreshes).toEqual(["asked"]);
  expect(gates.requests.some(url => url.includes("widget-account-"))).toBe(false);
});

members("in a frame too, where the page forbids wasm: by the form, or by the page's own callback", async ({ page, site, member, request, gates }) => {
  test.slow();
  gates.allow(/WebAssembly|wasm-unsafe-eval|status of 401/);
  await page.goto(site.url({}, "no-wasm"));
  await launcher(page).click();
  const frame = page.frameLocator("parlor-chat iframe");
  await frame.getByLabel("E-mail").fill(member.email);
  await frame.getByLabel("Password").fill(member.password);
  await frame.getByRole("button", { name: "Log in" }).click();
  await frame.getByRole("textbox", { name: "Message" }).fill(slowly(5, 0));
  await frame.getByRole("textbox", { name: "Message" }).press("Enter");
  await expect(frame.locator("article:not(.me) .bubble")).toHaveText(words(5));

  const asked: boolean[] = [];
  await page.exposeFunction("tokenOfThePage", async (renew: boolean) => {
    asked.push(renew);
    if (!renew) return "one that has ended";
    const answer = await request.post(`${site.server}/auth/login`, { data: { email: member.email, password: member.password } });
    return (await answer.json()).authToken;
  });
  await page.addInitScript(() => {
    (window as any).Parlor = { authToken: (renew: boolean) => (window as any).tokenOfThePage(Boolean(renew)) };
  });
  await page.reload();
  await launcher(page).click();
  await frame.getByRole("textbox", { name: "Message" }).fill(slowly(3, 0));
  await frame.getByRole("textbox", { name: "Message" }).press("Enter");
  await expect(frame.locator("article:not(.me) .bubble").last()).toHaveText(words(3));
  expect(asked.slice(0, 2)).toEqual([false, true]);
});

for (const scheme of ["light", "dark"] as const) {
  for (const locale of ["en", "ar"]) {
    members(`log-in and sign-up are accessible in ${scheme}, ${locale}`, async ({ page, site }) => {
      test.slow();
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      await page.goto(site.url({ locale, launcher: "off" }));
      await page.waitForFunction(() => "Parlor" in window);
      await call(page, "open");
      await expect(form(page).getByRole("heading")).toBeVisible();
      await accessible(page, "parlor-chat");
      await form(page).locator("button.link").click();
      await expect(form(page).locator("input")).toHaveCount(3);
      await form(page).locator("button.primary").click();
      await expect(form(page).getByRole("alert")).not.toBeEmpty();
      await accessible(page, "parlor-chat");
      await shot(page, `login-${locale}-${scheme}`);
    });
  }
}
