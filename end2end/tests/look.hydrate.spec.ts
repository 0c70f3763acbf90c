// Every state of the panel in both schemes, and in a script that runs the other way: accessible as far as a machine can
// tell, nothing cut off, nothing too small for a finger, all of it by the keyboard.
import type { Page } from "@playwright/test";
import { accessible, expect, test } from "../fixtures";
import { contrast, reachable, tidy } from "../fixtures/look";
import { PIXEL, call, input, opened, own, replies, say, shot } from "../fixtures/widget";

/** The site's settings as the server might answer them. */
const settings = (page: Page, change: (settings: any) => unknown) =>
  page.route(/\/v1\/widget\/config/, async route => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: change(await answer.json()) });
  });
const branded = (page: Page, branding: object) => settings(page, all => ({ ...all, branding: { ...all.branding, ...branding } }));
const panel = (page: Page) => page.locator("parlor-chat");
const act = (page: Page, name: string) => panel(page).locator(`[data-act="${name}"]`);
const answer = (text: string) => `[[script:${JSON.stringify({ text, delay: 0 })}]]`;

const LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenhersteller";
const TEXT = `## A heading\n\nSome **words** and \`code\`, [a link](https://example.com/), ${LONG}.\n\n\`\`\`html\n<script src="https://chat.example/widget/chat-widget.js" data-api-key="pk_123456789" defer></script>\n\`\`\`\n\n1. One\n   - nested\n2. Two\n\n| Plan | Price | Messages per day | For whom |\n|---|---:|:---:|---|\n| Small | 9 € | 1,000 | people who ask now and then |\n\n> Said before.`;

for (const scheme of ["light", "dark"] as const) {
  // German has the longest words, Arabic runs the other way.
  for (const locale of scheme === "light" ? ["en", "de"] : ["en", "ar"]) {
    test.describe(`${scheme}, ${locale}`, () => {
      test.beforeEach(async ({ page }) => {
        test.slow();
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      });
      const fine = async (page: Page, state: string) => {
        await accessible(page, "parlor-chat");
        await tidy(page, state);
        await shot(page, `${state}-${locale}-${scheme}`);
      };
      const open = async (page: Page, url: string) => {
        await page.goto(url);
        await page.locator("parlor-chat button.launch").click();
        await expect(panel(page).locator("dialog")).toBeVisible();
      };
      const field = (page: Page) => panel(page).locator(".line textarea");
      const ask = async (page: Page, text: string) => {
        await field(page).fill(text);
        await field(page).press("Enter");
      };
      const answered = (page: Page) => expect(panel(page).locator(".row:not(.me) .thumb").first()).toBeVisible();

      test("at first, with questions to begin with, and a reply of every kind", async ({ page, hostPage }) => {
        await branded(page, { title: `${LONG} and more`, welcome_message: `Hello from **${LONG}**`, suggestions: ["When do you roast?", `What is ${LONG}, and does it come with more words than fit?`] });
        await open(page, hostPage.url({ locale }));
        await expect(panel(page).locator(".replies button")).toHaveCount(2);
        await fine(page, "suggestions");
        await reachable(page, "suggestions");
        await ask(page, answer(TEXT));
        await answered(page);
        await fine(page, "reply");
        await panel(page).locator(".log").evaluate(log => (log.scrollTop = 0));
        await expect(panel(page).locator(".down")).toBeVisible();
        await fine(page, "reply-scrolled");
        await act(page, "menu").click();
        await fine(page, "menu");
      });

      test("a failed reply, a refused message and no network", async ({ page, hostPage, context, gates }) => {
        gates.allow(/Failed to load resource|status of 4\d\d/);
        await open(page, hostPage.url({ locale }));
        await ask(page, `[[script:fault=400&run=${Date.now()}]]`);
        await expect(act(page, "regenerate")).toBeVisible();
        if (locale !== "en") await expect(panel(page).locator(".extra > .fault span")).not.toContainText("Please");
        await fine(page, "failed");
        await reachable(page, "failed");
        await page.route(/\/messages$/, route => route.fulfill({ status: 422, json: { error: { code: "invalid", message: `Too long: ${LONG}.` } } }));
        await ask(page, "Something");
        await expect(act(page, "again")).toBeVisible();
        await fine(page, "refused");
        await page.unroute(/\/messages$/);
        const head = () => panel(page).locator("header").evaluate(head => head.getBoundingClientRect().height);
        const before = await head();
        await context.setOffline(true);
        await expect(panel(page).locator('.status[data-state="offline"]')).not.toBeEmpty();
        expect(await head(), "the head stays as high as it was").toBe(before);
        await ask(page, "Are you there?");
        await expect(panel(page).locator(".mark.waiting")).toBeVisible();
        await fine(page, "offline");
        await context.setOffline(false);
      });

      test("files that are refused and files that go", async ({ page, hostPage }) => {
        await open(page, hostPage.url({ locale }));
        const picker = panel(page).locator("input[type=file]");
        const file = (name: string, buffer: Buffer) => picker.setInputFiles({ name, mimeType: "image/png", buffer });
        await file(`${LONG}.png`, PIXEL);
        await file("empty.png", Buffer.alloc(0));
        await file("large.png", Buffer.alloc(11_000_000));
        await file("one.png", PIXEL);
        await file("last.png", PIXEL);
        await expect(panel(page).locator(".chip")).toHaveCount(5);
        await fine(page, "files");
        // The newest is in sight, however many there are.
        await expect(panel(page).locator(".chip").last()).toBeInViewport();
        await reachable(page, "files");
      });

      test("a person is asked for", async ({ page, hostPage }) => {
        await branded(page, { away_message: "On weekdays from 9 to 17, Central European Time, but for holidays." });
        await open(page, hostPage.url({ locale }));
        await ask(page, "Hello");
        await answered(page);
        await act(page, "menu").click();
        await act(page, "person").click();
        await expect(panel(page).locator(".email input")).toBeVisible();
        await fine(page, "person");
        await reachable(page, "person");
        await panel(page).locator(".email input").fill("ada@example.com");
        await panel(page).locator(".email .primary").click();
        await expect(panel(page).locator(".email")).toHaveCount(0);
        await fine(page, "person-known");
      });

      test("an account is needed", async ({ page, hostPage }) => {
        await settings(page, all => ({ ...all, who: "account" }));
        await open(page, hostPage.url({ locale }));
        await panel(page).locator(".login .primary").click();
        await expect(panel(page).locator(".login .fault")).not.toBeEmpty();
        await fine(page, "log-in");
        await panel(page).locator(".login .link").click();
        await expect(panel(page).locator(".login input")).toHaveCount(3);
        await fine(page, "sign-up");
        await reachable(page, "sign-up");
      });
    });
  }

  for (const accent of ["#ffe066", "#111827", "#ff2d55", "#00e5ff"]) {
    test(`an accent of ${accent} can be read in ${scheme}`, async ({ page, hostPage }) => {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      await branded(page, { suggestions: ["When do you roast?"] });
      await opened(page, hostPage.url({ "accent-color": accent }));
      expect(await contrast(page, ".replies button")).toBeGreaterThan(4.5);
      expect(await contrast(page, ".replies button", "borderTopColor")).toBeGreaterThan(3);
      await say(page, answer("See [the terms](https://example.com/)."));
      await expect(replies(page)).toContainText("See the terms");
      expect(await contrast(page, ".markdown a")).toBeGreaterThan(4.5);
      expect(await contrast(page, ".me > .bubble")).toBeGreaterThan(4.5);
      await input(page).fill("x");
      expect(await contrast(page, ".send")).toBeGreaterThan(3);
      await accessible(page, "parlor-chat");
    });
  }
}

test("inline and on the left it is as tidy", async ({ page, hostPage }) => {
  await page.goto(hostPage.url({ mode: "inline", target: "form" }));
  await expect(input(page)).toBeVisible();
  await accessible(page, "parlor-chat");
  await tidy(page, "inline");
  await opened(page, hostPage.url({ position: "left" }));
  await tidy(page, "left");
  const box = (await panel(page).locator("dialog").boundingBox())!;
  if (page.viewportSize()!.width > 480) expect(box.x).toBe(20);
});

test("what is said in one breath tells its time once", async ({ page, hostPage }) => {
  await opened(page, hostPage.url());
  await say(page, "Hello");
  await expect(replies(page)).toHaveCount(1);
  await act(page, "menu").click();
  await act(page, "person").click();
  for (const words of ["First", "second", "third"]) {
    await say(page, words);
    await expect(own(page).last()).toHaveText(words);
  }
  await expect(panel(page).locator("article.me .mark.sent").last()).toBeVisible();
  // "Hello" and its answer, and the three together.
  await expect(panel(page).locator("article .meta")).toHaveCount(3);
  await expect(panel(page).locator("article.me").last().locator("time")).toBeVisible();
});

test("in a panel from right to left, titles stand on the right, and so do the numbers of an Arabic list", async ({ page, hostPage }) => {
  await page.goto(hostPage.url({ locale: "ar", title: "Harbour Coffee" }));
  await page.locator("parlor-chat button.launch").click();
  const field = panel(page).locator(".line textarea");
  await field.fill(answer("1. واحد\n2. اثنان\n\n> قيل من قبل"));
  await field.press("Enter");
  await expect(panel(page).locator(".markdown ol")).toBeVisible();
  await expect(panel(page).locator(".markdown ol")).toHaveCSS("direction", "rtl");
  await expect(panel(page).locator(".markdown blockquote")).toHaveCSS("direction", "rtl");
  const gap = await panel(page).locator("h2").evaluate(title => {
    const words = document.createRange();
    words.selectNodeContents(title);
    return title.getBoundingClientRect().right - words.getBoundingClientRect().right;
  });
  expect(Math.abs(gap)).toBeLessThan(2);
});

test("a number that leads to a source stays with the word before it", async ({ page, hostPage, ownServer }) => {
  const server = await ownServer({ PARLOR_MODEL_URL: "", PARLOR_MODEL_NAME: "", PARLOR_MODEL_KEY: "" });
  await opened(page, hostPage.url({}, "strict", server.url));
  await say(page, "How do I make a backup?");
  await expect(replies(page).locator(".cite").first()).toBeVisible();
  await expect(replies(page).locator(".cite").first()).toHaveCSS("display", "inline");
});

test("the launcher with what is unread, and what it says when the server is gone, are accessible", async ({ page, hostPage, gates }) => {
  gates.allow(/Failed to load resource/);
  await page.route("**/widget/widget-*", route => route.abort());
  await page.goto(hostPage.url());
  expect(await call(page, "open")).toBe(false);
  await expect(page.getByRole("status")).not.toBeEmpty();
  await accessible(page, "parlor-chat");
});
