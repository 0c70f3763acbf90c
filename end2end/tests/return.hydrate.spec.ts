// Visitors who come back: what waited goes out, the launcher looks as they know it; and what the page may do with them.
import type { Page } from "@playwright/test";
import { accessible, expect, test } from "../fixtures";
import { call, elsewhere, hear, heard, input, launcher, menu, newSite, opened, own, PIXEL, replies, say, shot, slowly, words } from "../fixtures/widget";

const waiting = (page: Page) => page.evaluate(() => JSON.parse(Object.entries({ ...localStorage }).find(([key]) => key.startsWith("parlor_outbox_v1:"))?.[1] ?? "[]").length);
const posts = (seen: string[]) => seen.filter(line => /^POST .*\/messages$/.test(line));

/** A visitor who has chatted before, and whose last words could not go. */
async function leftWaiting(page: Page, url: string, proxy: { down(): void; up(): void }, words: string) {
  await opened(page, url);
  await say(page, "Hello");
  await expect(replies(page)).toContainText("Hello");
  proxy.down();
  await say(page, words);
  await expect(own(page).last()).toHaveText(words);
  await expect.poll(() => waiting(page)).toBe(1);
  await page.goto("about:blank");
  proxy.up();
}

test("what waits goes out when the page loads, once, and nothing else runs while the panel is closed", { tag: "@wire" }, async ({ page, hostPage, between: proxy, gates }) => {
  gates.allow(/WebSocket connection to|Failed to load resource|net::ERR_/);
  const url = hostPage.url({}, "strict", proxy.origin);
  await leftWaiting(page, url, proxy, "From the train");
  proxy.seen.length = 0;
  await page.goto(url);
  await expect.poll(() => waiting(page)).toBe(0);
  await expect(input(page)).toBeHidden();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  expect(posts(proxy.seen)).toHaveLength(1);
  expect(proxy.seen.filter(line => /UPGRADE|events|poll|GET .*conversations/.test(line))).toEqual([]);
  await launcher(page).click();
  await expect(own(page)).toHaveText(["Hello", "From the train"]);
  await expect(replies(page).last()).toContainText("From the train");

  // Where nothing waits nothing is asked for.
  proxy.seen.length = 0;
  await page.goto(url, { waitUntil: "networkidle" });
  await expect(launcher(page)).toBeVisible();
  expect(proxy.seen.filter(line => line !== "GET /widget/chat-widget.js")).toEqual([]);
});

test("two tabs that load at once send what waits once", { tag: "@wire" }, async ({ page, hostPage, context, between: proxy, gates }) => {
  gates.allow(/WebSocket connection to|Failed to load resource|net::ERR_/);
  const url = hostPage.url({}, "strict", proxy.origin);
  await leftWaiting(page, url, proxy, "From the train");
  proxy.seen.length = 0;
  const second = await context.newPage();
  await Promise.all([page.goto(url), second.goto(url)]);
  await expect.poll(() => waiting(second)).toBe(0);
  for (const tab of [page, second]) {
    await launcher(tab).click();
    await expect(own(tab)).toHaveText(["Hello", "From the train"]);
    await expect(replies(tab)).toHaveCount(2);
  }
  expect(posts(proxy.seen)).toHaveLength(1);
});

test("the launcher has the site's colour and side before the panel is there, from the second visit on", async ({ page, hostPage, ownServer, gates }) => {
  const server = await ownServer();
  const key = await newSite(server, "--accent-color", "#7c3aed", "--title", "The shop");
  const url = hostPage.url({ "api-key": key }, "strict", server.url);
  const colour = () => launcher(page).evaluate(button => getComputedStyle(button).backgroundColor);
  await page.goto(url);
  await launcher(page).click();
  await expect(page.getByRole("dialog", { name: "The shop" })).toBeVisible();
  await expect.poll(() => page.locator("parlor-chat .launch").evaluate(button => getComputedStyle(button).backgroundColor)).toBe("rgb(124, 58, 237)");
  // A visitor who has only looked leaves no trace.
  expect(await page.evaluate(() => localStorage.length)).toBe(0);
  await say(page, slowly(2, 0));
  await expect(replies(page)).toHaveText(words(2));
  gates.requests.length = 0;
  await page.goto(url, { waitUntil: "networkidle" });
  expect(await colour()).toBe("rgb(124, 58, 237)");
  expect(gates.requests.filter(asked => asked.startsWith(server.url)).map(asked => new URL(asked).pathname)).toEqual(["/widget/chat-widget.js"]);
  // The tag has the last word.
  await page.goto(hostPage.url({ "api-key": key, "accent-color": "#ffcc00" }, "strict", server.url));
  expect(await colour()).toBe("rgb(255, 204, 0)");
});

test("an empty panel greets in the visitor's language, unless the tag or the site has words of its own", async ({ page, hostPage }) => {
  const greeting = { en: "Hello. How can we help you?", de: "Guten Tag. Wie können wir Ihnen helfen?", fr: "Bonjour. Comment pouvons-nous vous aider ?", es: "Hola. ¿En qué podemos ayudarle?", ar: "مرحبًا. كيف يمكننا مساعدتك؟", zh: "您好，请问有什么可以帮您？" };
  for (const [locale, text] of Object.entries(greeting)) {
    await page.goto(hostPage.url({ locale }));
    await page.locator("parlor-chat .launch").click();
    await expect(page.locator("parlor-chat .welcome .bubble")).toHaveText(text);
    if (locale === "ar" || locale === "en") await shot(page, `empty-${locale}`);
  }
  await page.goto(hostPage.url({ "welcome-message": "We are **here**." }));
  await launcher(page).click();
  await expect(page.locator("parlor-chat .welcome .bubble")).toHaveText("We are here.");
});

test("reset forgets the visitor, and destroy everything", async ({ page, hostPage }) => {
  await hear(page, "identity", "unread");
  await opened(page, hostPage.url());
  await say(page, slowly(3, 0));
  await expect(replies(page)).toHaveText(words(3));
  const id = () => page.evaluate(() => JSON.parse(localStorage.getItem("cs_client_identity_v1") ?? "{}").id);
  const before = await id();
  expect((await heard(page)).find(([name]) => name === "identity")![1]).toEqual({ clientId: before });
  expect(await call(page, "reset")).toBe(true);
  await expect(page.locator("parlor-chat article")).toHaveCount(0);
  expect(await page.evaluate(() => [localStorage.getItem("cs_client_identity_v1"), document.cookie])).toEqual([null, ""]);
  await say(page, slowly(4, 0));
  await expect(replies(page)).toHaveText(words(4));
  expect(await id()).not.toBe(before);
  await page.reload();
  await launcher(page).click();
  await expect(own(page)).toHaveText([slowly(4, 0)]);

  const errors: string[] = [];
  page.on("pageerror", error => errors.push(String(error)));
  await say(page, slowly(60, 60));
  await expect(replies(page).last()).toContainText("t3");
  const sockets: boolean[] = [];
  await call(page, "destroy");
  expect(await page.evaluate(() => ["Parlor" in window, document.querySelectorAll("parlor-chat").length])).toEqual([false, 0]);
  page.on("websocket", () => sockets.push(true));
  await page.getByLabel("Search").fill("the page goes on");
  await page.keyboard.press("Escape");
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await page.waitForLoadState("networkidle");
  expect(errors).toEqual([]);
  expect(sockets).toEqual([]);
});

test("a page is told of what happens, and what it sends is the visitor's", async ({ page, hostPage, request, baseURL }) => {
  await hear(page, "open", "close", "message", "sent", "unread", "connection", "handoff");
  await page.goto(hostPage.url());
  await expect(launcher(page)).toBeVisible();
  expect(await call(page, "send", slowly(3, 0))).toBe(true);
  await expect(own(page)).toHaveText(slowly(3, 0));
  await expect(replies(page)).toHaveText(words(3));
  await call(page, "close");
  const { post } = await elsewhere(page, request, baseURL!);
  for (const n of [1, 2]) await post("messages", { client_id: `other-${n}`, content: slowly(2, 0) });
  await expect(page.getByRole("button", { name: "Open chat, unread messages: 2" })).toBeVisible();
  await expect(page.locator("parlor-chat .launch span")).toHaveText("2");
  await shot(page, "badge");
  await expect.poll(async () => (await heard(page)).filter(([name]) => name === "unread").at(-1)).toEqual(["unread", 2]);
  await page.getByRole("button", { name: /Open chat/ }).click();
  await expect(page.locator("parlor-chat .launch span")).toBeHidden();
  const all = await heard(page);
  const names = all.map(([name]) => name);
  for (const name of ["open", "close", "message", "sent", "connection"]) expect(names).toContain(name);
  expect(all.find(([name]) => name === "message")![1]).toMatchObject({ author: "bot", text: expect.stringContaining(words(3)) });
  expect(all.filter(([name]) => name === "unread").at(-1)![1]).toBe(0);
});

test("the sound is off until it is chosen, and then rings for what comes out of sight", async ({ page, hostPage, request, baseURL }) => {
  await page.addInitScript(() => {
    (window as any).rung = 0;
    const real = window.AudioContext;
    (window as any).AudioContext = class extends real {
      constructor() {
        super();
        (window as any).rung++;
      }
    };
  });
  const rung = () => page.evaluate(() => (window as any).rung);
  await opened(page, hostPage.url());
  await say(page, slowly(3, 0));
  await expect(replies(page)).toHaveText(words(3));
  const { post } = await elsewhere(page, request, baseURL!);
  const another = async (n: number) => {
    await page.keyboard.press("Escape");
    await post("messages", { client_id: `sound-${n}`, content: slowly(2, 0) });
    await page.getByRole("button", { name: "Open chat, unread messages: 1" }).click();
    await expect(replies(page)).toHaveCount(n + 1);
  };
  await another(1);
  expect(await rung()).toBe(0);
  await page.getByRole("button", { name: "More" }).click();
  await expect(page.getByRole("menuitemcheckbox", { name: "Sound" })).toHaveAttribute("aria-checked", "false");
  await shot(page, "menu");
  await page.getByRole("menuitemcheckbox", { name: "Sound" }).click();
  expect(await rung()).toBe(1); // what it will sound like
  await another(2);
  expect(await rung()).toBe(2);
  await page.reload();
  await launcher(page).click();
  await page.getByRole("button", { name: "More" }).click();
  await expect(page.getByRole("menuitemcheckbox", { name: "Sound" })).toHaveAttribute("aria-checked", "true");
  await page.getByRole("menuitemcheckbox", { name: "Sound" }).click();
  expect(await page.evaluate(() => Object.keys(localStorage).filter(key => key.includes("sound")))).toEqual([]);
});

for (const family of ["parlor", "cs"]) {
  test(`a page sets the widget's colours and letters by --${family}-* on its own elements`, async ({ page, hostPage }) => {
    const names = family === "parlor" ? ["accent", "on-accent", "user-background"] : ["primary", "on-primary", "user-bubble-bg"];
    await page.addInitScript(names => {
      addEventListener("DOMContentLoaded", () => {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(`:root{${names[0]}:rgb(10,20,90);${names[1]}:rgb(250,250,100);${names[2]}:rgb(60,10,10)}`);
        document.adoptedStyleSheets.push(sheet);
      });
    }, names.map(name => `--${family}-${name}`));
    await opened(page, hostPage.url({ theme: "light" }));
    await say(page, slowly(2, 0));
    await expect(replies(page)).toHaveText(words(2));
    const style = (selector: string, property: string) =>
      page.locator(`parlor-chat ${selector}`).first().evaluate((element, property) => getComputedStyle(element).getPropertyValue(property), property);
    expect(await style(".launch", "background-color")).toBe("rgb(10, 20, 90)");
    expect(await style(".launch", "color")).toBe("rgb(250, 250, 100)");
    expect(await style(".me > .bubble", "background-color")).toBe("rgb(60, 10, 10)");
    await input(page).fill("x");
    await expect.poll(() => style(".send", "background-color")).toBe("rgb(10, 20, 90)");
    // Nothing of ours is on the page's root.
    expect(await page.evaluate(() => [document.documentElement.getAttribute("style"), document.documentElement.className, getComputedStyle(document.documentElement).getPropertyValue("--accent")])).toEqual([null, "", ""]);
    await shot(page, `variables-${family}`);
  });
}

test("the transcript of a long talk has every word of both, in order, and files by name", async ({ page, hostPage }) => {
  await opened(page, hostPage.url());
  await page.locator("parlor-chat input[type=file]").setInputFiles({ name: "lamp.png", mimeType: "image/png", buffer: PIXEL });
  await expect(page.getByRole("button", { name: "Send" })).toHaveAttribute("aria-disabled", "false");
  await say(page, `First 漢字 ${slowly(3, 0)}`);
  await expect(replies(page)).toHaveText(words(3));
  await say(page, slowly(4, 0));
  await expect(replies(page)).toHaveCount(2);
  const download = page.waitForEvent("download");
  await menu(page, "Save as text");
  const file = await download;
  expect(file.suggestedFilename()).toMatch(/\.txt$/);
  let text = "";
  for await (const chunk of await file.createReadStream()) text += chunk;
  const at = ["First 漢字", words(3), slowly(4, 0), words(4)].map(part => text.indexOf(part));
  expect(at.every((place, index) => place >= 0 && (index === 0 || place > at[index - 1]!))).toBe(true);
  expect(text).toContain("lamp.png");
});

for (const scheme of ["light", "dark"] as const) {
  for (const locale of ["en", "ar"]) {
    test(`a visitor who asked for a person is told when, and leaves an address: ${scheme}, ${locale}`, async ({ page, hostPage }) => {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      await page.goto(hostPage.url({ locale }));
      await page.locator("parlor-chat .launch").click();
      await page.locator("parlor-chat textarea").fill(slowly(3, 0));
      await page.locator("parlor-chat textarea").press("Enter");
      await expect(replies(page)).toHaveText(words(3));
      await page.locator("parlor-chat .more").click();
      await accessible(page, "parlor-chat");
      await page.getByRole("menuitem").first().click();
      const address = page.locator("parlor-chat .email input");
      await address.fill("visitor@example.com");
      await accessible(page, "parlor-chat");
      await shot(page, `person-${locale}-${scheme}`);
      await address.press("Enter");
      await expect(address).toHaveCount(0);
    });
  }
}
