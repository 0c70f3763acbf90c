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

  await button(page, "Log in").click();
  await expect(form(page).getByRole("alert")).toHaveText("Please fill in every field.");
  await logIn(page, { email: "nobody@example.org", password: "wrong wrong wrong" });
  await expect(form(page).getByRole("alert")).toContainText(/wrong|not right|does not|incorrect/i);

  const { email, password } = someone();
  await button(page, "Create an account").click();
  await expect(form(page).getByLabel("Name")).toBeFocused();
  await expect(form(page).getByLabel("E-mail")).toHaveValue("nobody@example.org");
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
  const bearers: (string | undefined)[] = [];
  await page.route("**/v1/widget/session", async route => {
    if (route.request().method() === "OPTIONS") return route.continue();
    bearers.push((await route.request().allHeaders()).authorization);
    if (bearers.length > 1) return route.continue();
    const headers = { "Access-Control-Allow-Origin": hostPage.origin };
    return route.fulfill({ status: 401, headers, json: { error: { code: "unauthenticated", message: "This token has ended." } } });
  });
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
