// A visitor talks, over whatever the network lets through: no message is lost, doubled or out of order.
import type { Page } from "@playwright/test";
import { expect, test } from "../fixtures";

const launcher = (page: Page) => page.getByRole("button", { name: /^Open chat/ });
const input = (page: Page) => page.getByRole("textbox", { name: "Message" });
const replies = (page: Page) => page.locator("parlor-chat article:not(.me) .bubble");
const own = (page: Page) => page.locator("parlor-chat article.me .bubble");

/** What the test's model answers: t0 t1 t2 …, one word every so many milliseconds. */
const slowly = (tokens: number, delay: number) => `[[script:tokens=${tokens}&delay=${delay}]]`;
const words = (tokens: number) => Array.from({ length: tokens }, (_, index) => `t${index}`).join(" ");

async function say(page: Page, text: string) {
  await input(page).fill(text);
  await input(page).press("Enter");
}

async function opened(page: Page, url: string) {
  await page.goto(url);
  await launcher(page).click();
  await expect(input(page)).toBeFocused();
}

/** The reply is whole: every word once, in order, and nothing is being written any more. */
async function whole(page: Page, tokens: number) {
  await expect(replies(page).last()).toHaveText(words(tokens), { timeout: 20_000 });
  await expect(replies(page)).toHaveCount(1);
  await expect(own(page)).toHaveCount(1);
}

test("a reply streams, and is there after a reload with what was said", async ({ page, hostPage }) => {
  await opened(page, hostPage.url());
  expect(await page.evaluate(() => [document.cookie, localStorage.length])).toEqual(["", 0]);
  await say(page, `Hello ${slowly(30, 30)}`);
  await expect(own(page)).toHaveText(`Hello ${slowly(30, 30)}`);
  await expect(replies(page)).toContainText("t3");
  await whole(page, 30);

  await page.reload();
  await launcher(page).click();
  await whole(page, 30);
  // Only now, after the visitor acted, something is kept: on the host's own site.
  expect(await page.evaluate(() => [document.cookie.includes("cs_client_id="), localStorage.getItem("cs_client_identity_v1") !== null])).toEqual([true, true]);
});

test("where upgrades are refused the events come another way", async ({ page, hostPage, between: proxy, gates }) => {
  gates.allow(/WebSocket connection to/);
  proxy.refusesUpgrades = true;
  await opened(page, hostPage.url({}, "strict", proxy.origin));
  await say(page, slowly(40, 40));
  await whole(page, 40);
  expect(proxy.seen.some(line => line.startsWith("UPGRADE"))).toBe(true);
});

test("where answers are buffered the reply comes by asking", async ({ page, hostPage, between: proxy, gates }) => {
  gates.allow(/WebSocket connection to/);
  proxy.refusesUpgrades = true;
  proxy.buffers = true;
  await opened(page, hostPage.url({}, "strict", proxy.origin));
  await say(page, slowly(20, 20));
  await whole(page, 20);
});

for (const transport of ["websocket", "sse", "polling"]) {
  test(`a connection that is cut in the middle of a reply loses and doubles nothing: ${transport}`, async ({ page, hostPage, between: proxy, gates }) => {
    gates.allow(/WebSocket connection to|Failed to load resource|net::ERR_/);
    await opened(page, hostPage.url({ transport }, "strict", proxy.origin));
    await say(page, slowly(60, 60));
    await expect(replies(page)).toContainText("t5");
    proxy.cut();
    await expect(replies(page)).toContainText("t20");
    proxy.cut();
    await whole(page, 60);
  });
}

test("a server that dies in the middle of a reply is waited for, and the visitor is told quietly", async ({ page, hostPage, between: proxy, gates }) => {
  gates.allow(/WebSocket connection to|Failed to load resource|net::ERR_/);
  await opened(page, hostPage.url({}, "strict", proxy.origin));
  await say(page, slowly(50, 60));
  await expect(replies(page)).toContainText("t5");
  proxy.down();
  await expect(page.locator("parlor-chat").getByText("Reconnecting")).toBeVisible();
  proxy.up();
  await whole(page, 50);
  await expect(page.locator("parlor-chat").getByText("Reconnecting")).toBeHidden();
});

test("what is sent offline waits, and goes exactly once when the network is back", async ({ page, hostPage, context, gates }) => {
  gates.allow(/WebSocket connection to|Failed to load resource|net::ERR_/);
  await opened(page, hostPage.url());
  await say(page, slowly(3, 0));
  await whole(page, 3);
  await context.setOffline(true);
  await say(page, "first while away");
  await say(page, "second while away");
  await expect(own(page)).toHaveCount(3);
  await context.setOffline(false);
  await expect(replies(page)).toHaveCount(3, { timeout: 20_000 });
  await expect(own(page)).toHaveText([slowly(3, 0), "first while away", "second while away"]);
  await page.reload();
  await launcher(page).click();
  await expect(own(page)).toHaveText([slowly(3, 0), "first while away", "second while away"]);
});

test("what waits survives a reload", async ({ page, hostPage, between: proxy, gates }) => {
  gates.allow(/WebSocket connection to|Failed to load resource|net::ERR_/);
  const url = hostPage.url({ "api-url": proxy.origin });
  await opened(page, url);
  proxy.down();
  await say(page, slowly(5, 0));
  await expect(own(page)).toHaveCount(1);
  await expect.poll(() => page.evaluate(() => JSON.stringify({ ...localStorage }).includes("tokens=5"))).toBe(true);
  await page.reload();
  proxy.up();
  await launcher(page).click();
  await whole(page, 5);
});

test("two tabs show the same conversation, to the letter", async ({ page, hostPage, context }) => {
  await opened(page, hostPage.url());
  await say(page, slowly(60, 50));
  await expect(replies(page)).toContainText("t3");
  const second = await context.newPage();
  await second.goto(hostPage.url());
  await launcher(second).click();
  await whole(second, 60);
  await whole(page, 60);
  await say(second, slowly(4, 0));
  await expect(replies(page)).toHaveCount(2);
  await expect(replies(page).last()).toHaveText(words(4));
  expect(await own(page).allTextContents()).toEqual(await own(second).allTextContents());
});

test("a reload in the middle of a reply loses nothing and doubles nothing", async ({ page, hostPage }) => {
  await opened(page, hostPage.url());
  await say(page, slowly(60, 50));
  await expect(replies(page)).toContainText("t8");
  await page.reload();
  await launcher(page).click();
  await whole(page, 60);
});

test("where third-party cookies are blocked nothing is missing, since there are none", async ({ page, hostPage, context }) => {
  const browser = await context.newCDPSession(page);
  await browser.send("Network.enable");
  await browser.send("Network.setCookieControls" as any, {
    enableThirdPartyCookieRestriction: true, disableThirdPartyCookieMetadata: true, disableThirdPartyCookieHeuristics: true,
  } as any);
  const cookies: string[] = [];
  page.on("response", async response => {
    const [asked, answered] = [await response.request().allHeaders(), await response.allHeaders()];
    if (new URL(response.url()).origin !== hostPage.origin && (asked.cookie || answered["set-cookie"])) cookies.push(response.url());
  });
  await opened(page, hostPage.url());
  await say(page, slowly(10, 10));
  await whole(page, 10);
  await page.reload();
  await launcher(page).click();
  await whole(page, 10);
  expect(cookies).toEqual([]);
});

test("a reply is text: no address of it is code, no image of it is fetched, no markup of it is an element", async ({ page, hostPage, gates, baseURL }) => {
  await opened(page, hostPage.url());
  const evil = [
    "[a](javascript:window.spoiled=1)", "[b](JaVaScRiPt:window.spoiled=1)", "[c](data:text/html,<script>1</script>)",
    "![d](https://evil.example/pixel.png)", "<img src=x onerror=window.spoiled=1>", "<javascript:window.spoiled=1>",
    "[e](vbscript:x)", "[f](//evil.example)", "[g]( javascript:window.spoiled=1)",
  ].join(" ");
  await say(page, `[[script:${new URLSearchParams({ text: `${evil} the end` })}]]`);
  await expect(replies(page)).toContainText("the end");
  const found = await page.locator("parlor-chat").evaluate(host =>
    [...host.shadowRoot!.querySelectorAll("article a, article img, article script, article iframe")]
      .map(element => element.getAttribute("href") ?? element.outerHTML)
      .filter(address => !/^(https?:|mailto:|tel:|blob:)/i.test(address)),
  );
  expect(found).toEqual([]);
  for (const link of await page.locator("parlor-chat article a").all()) await expect(link).toHaveAttribute("rel", /noopener/);
  expect(await page.evaluate(() => (window as any).spoiled)).toBeUndefined();
  expect(gates.requests.filter(url => ![baseURL, hostPage.origin].includes(new URL(url).origin.replace("ws:", "http:")))).toEqual([]);
});

test("the token of a page's own goes into Authorization, and a refused one is taken anew", async ({ page, hostPage, gates }) => {
  gates.allow(/Failed to load resource/);
  await page.addInitScript(() => {
    let made = 0;
    (window as any).Parlor = {
      plugins: [({ createAuthTokenRefresherPlugin }: any) => createAuthTokenRefresherPlugin({ getToken: async () => `token-${++made}` })],
    };
  });
  const said: (string | undefined)[] = [];
  await page.route("**/v1/widget/session", async route => {
    if (route.request().method() === "OPTIONS") return route.continue();
    const { authorization, ...headers } = await route.request().allHeaders();
    said.push(authorization);
    if (authorization === "Bearer token-1") {
      const headers = { "Access-Control-Allow-Origin": hostPage.origin };
      return route.fulfill({ status: 401, headers, json: { error: { code: "unauthenticated", message: "This token has ended." } } });
    }
    // The site of the tests has no accounts: what counts here is what the browser sent.
    return route.continue({ headers });
  });
  await opened(page, hostPage.url());
  await say(page, slowly(5, 0));
  await whole(page, 5);
  expect(said.slice(0, 2)).toEqual(["Bearer token-1", "Bearer token-2"]);
});
