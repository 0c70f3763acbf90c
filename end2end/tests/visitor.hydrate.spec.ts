// What a visitor sees besides the words: marks, times, that somebody writes, who answers; in their language, and still
// where they want it still.
import type { Page, Route } from "@playwright/test";
import { expect, test } from "../fixtures";
import { makeSite, section } from "../fixtures/admin";
import { hear, heard, input, launcher, menu, opened, own, replies, say, slowly, words } from "../fixtures/widget";

const panel = (page: Page) => page.locator("parlor-chat");
const scripted = (parts: Record<string, string>) => `[[script:${new URLSearchParams(parts)}]]`;

/** Changes what the server tells of the conversation when the panel opens it. */
const retold = (page: Page, change: (snapshot: any) => void) =>
  page.route(/\/v1\/widget\/conversations\/[^/]+\?/, async (route: Route) => {
    const answer = await route.fetch();
    const snapshot = await answer.json();
    change(snapshot);
    await route.fulfill({ response: answer, json: snapshot });
  });

test("a reply is Markdown: headings, lists, code, tables and links are elements, while it comes too", async ({ page, hostPage }) => {
  await opened(page, hostPage.url());
  const text = "# Title\n\nA **strong** word, `code` and [a link](https://shop.example/a).\n\n- one\n- two\n\n```js\nlet a = 1;\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nThe end";
  await say(page, scripted({ text, delay: "60" }));
  const reply = replies(page).last();
  // Before the end is there, the beginning is drawn.
  await expect(reply.locator("strong")).toHaveText("strong");
  expect(await reply.textContent()).not.toContain("The end");
  await expect(reply).toContainText("The end");
  await expect(reply.locator(".heading")).toHaveText("Title");
  await expect(reply.locator("li")).toHaveText(["one", "two"]);
  await expect(reply.locator("pre")).toHaveText("let a = 1;");
  await expect(reply.locator("td")).toHaveText(["1", "2"]);
  await expect(reply.locator("p > code")).toHaveText("code");
  const link = reply.getByRole("link", { name: "a link" });
  await expect(link).toHaveAttribute("href", "https://shop.example/a");
  await expect(link).toHaveAttribute("rel", "noopener noreferrer nofollow ugc");
  await expect(link).toHaveAttribute("target", "_blank");
});

test("until the first word comes the visitor sees that an answer is being written", async ({ page, hostPage }) => {
  await opened(page, hostPage.url());
  await expect(panel(page).locator(".typing")).toBeHidden();
  await say(page, scripted({ tokens: "3", first: "1500", delay: "0" }));
  await expect(page.getByRole("img", { name: "An answer is being written" })).toBeVisible();
  await expect(replies(page)).toHaveText(words(3));
  await expect(panel(page).locator(".typing")).toBeHidden();
});

test("each message has its time, and another day its date, as the visitor's language writes them", async ({ page, hostPage }) => {
  await opened(page, hostPage.url());
  await say(page, slowly(3, 0));
  await expect(replies(page)).toHaveText(words(3));
  await expect(panel(page).locator("article time")).toHaveText([/^\d\d:\d\d$/, /^\d\d:\d\d$/]);
  await expect(panel(page).locator("article time").first()).toHaveAttribute("title", new RegExp(String(new Date().getFullYear())));
  await expect(panel(page).locator("article").first()).toHaveAttribute("aria-label", /^You, \d\d:\d\d$/);
  await retold(page, snapshot => (snapshot.messages[0].created_at = "2026-01-05T14:07:00Z"));
  await page.goto(hostPage.url({ locale: "de" }));
  await page.locator("parlor-chat .launch").click();
  await expect(panel(page).locator("article time").first()).toHaveText("15:07");
  await expect(panel(page).locator("article time").first()).toHaveAttribute("title", "5.1.2026, 15:07:00");
  await expect(panel(page).locator(".day")).toHaveText(new Date().toLocaleDateString("de", { weekday: "short", day: "numeric", month: "long", timeZone: "Europe/Berlin" }));
});

test("a message says how far it is: waiting, sent, refused, read", async ({ page, hostPage, context, gates }) => {
  test.slow();
  gates.allow(/WebSocket connection to|Failed to load resource|net::ERR_|status of 4/);
  await opened(page, hostPage.url());
  await say(page, slowly(3, 0));
  const mark = panel(page).locator("article.me .mark").last();
  await expect(replies(page)).toHaveText(words(3));
  await expect(mark).toHaveText("Sent");
  await context.setOffline(true);
  await say(page, slowly(4, 0));
  await expect(mark).toHaveText("Waiting to be sent");
  await context.setOffline(false);
  await expect(replies(page)).toHaveText([words(3), words(4)], { timeout: 20_000 });
  await expect(mark).toHaveText("Sent");

  let held: Route | undefined;
  await page.route(/\/messages$/, route => (route.request().method() === "POST" && !held ? void (held = route) : route.fallback()));
  await say(page, slowly(5, 0));
  await expect(mark).toHaveText("Sending");
  await expect.poll(() => Boolean(held)).toBe(true);
  await held!.fulfill({ status: 422, headers: { "Access-Control-Allow-Origin": "*" }, json: { error: { code: "invalid", message: "Not in these words." } } });
  await expect(mark).toHaveText("Not sent");
  await panel(page).locator(".fault").getByRole("button", { name: "Try again" }).click();
  await expect(replies(page).last()).toHaveText(words(5));
  await expect(mark).toHaveText("Sent");

  // An agent has seen all but the last.
  await retold(page, snapshot => (snapshot.agent_read_id = snapshot.messages.filter((message: any) => message.author === "visitor").at(-2).id));
  await page.goto("about:blank");
  await page.goto(hostPage.url());
  await launcher(page).click();
  await expect(panel(page).locator("article.me .mark")).toHaveText(["Read", "Read", "Sent"]);
  await expect(panel(page).locator("article.me .mark.read")).toHaveCount(2);
});

test("who asks for a person is told what is known, in every tab and after a reload, and the page hears of it", async ({ page, hostPage, context, gates }) => {
  test.slow();
  gates.allow(/WebSocket connection to/);
  await hear(page, "handoff");
  await opened(page, hostPage.url());
  await say(page, slowly(3, 0));
  await expect(replies(page)).toHaveText(words(3));
  const second = await context.newPage();
  await second.goto(hostPage.url());
  await launcher(second).click();
  await expect(replies(second)).toHaveText(words(3));
  await menu(page, "Talk to a person");
  for (const tab of [page, second]) {
    await expect(tab.getByText("We do not know when somebody will read it.")).toBeVisible();
    await expect(panel(tab).locator(".status")).toHaveText("Waiting for a person");
    await expect(tab.getByRole("textbox", { name: /Your e-mail/ })).toBeVisible();
  }
  await expect.poll(() => heard(page)).toEqual([["handoff", { answering: "paused" }]]);
  // Asked again after a reload, since nothing was left yet.
  await page.reload();
  await launcher(page).click();
  const address = page.getByRole("textbox", { name: /Your e-mail/ });
  await address.fill("visitor@example.com");
  await address.press("Enter");
  await expect(page.getByText("We will answer by e-mail")).toBeVisible();
  await page.reload();
  await launcher(page).click();
  await expect(page.getByText("We will answer by e-mail")).toBeVisible();
  await expect(address).toHaveCount(0);
  await page.getByRole("button", { name: "Back to the assistant" }).click();
  await expect(second.getByText("You asked for a person.")).toBeHidden();
  await expect(panel(second).locator(".status")).toHaveText("");
});

test("the site's own words say when a person reads it, after a reload too", async ({ page, hostPage, admin }) => {
  test.slow();
  expect(admin.username).toBeTruthy();
  await makeSite(page, hostPage.origin);
  const key = (await section(page, "Keys").getByRole("listitem").first().locator("code").textContent())!;
  const look = section(page, "Look and words");
  await look.getByLabel("When a person answers").fill("On Thursdays, from 9 to 17.");
  await look.getByRole("button", { name: "Save" }).click();
  await expect(look.getByRole("status")).toHaveText("Saved.");
  await opened(page, hostPage.url({ "api-key": key }));
  await say(page, slowly(3, 0));
  await expect(replies(page)).toHaveText(words(3));
  await menu(page, "Talk to a person");
  await expect(page.getByText("On Thursdays, from 9 to 17.")).toBeVisible();
  await page.reload();
  await launcher(page).click();
  await expect(page.getByText("On Thursdays, from 9 to 17.")).toBeVisible();
});

test("from a panel that the page opened by itself the focus comes to the launcher too, and stays where the visitor is", async ({ page, hostPage }) => {
  await page.goto(hostPage.url({ "default-open": "true" }));
  await expect(input(page)).toBeVisible();
  await input(page).click();
  await page.keyboard.press("Escape");
  await expect(input(page)).toBeHidden();
  await expect(launcher(page)).toBeFocused();
  if (page.viewportSize()!.width <= 480) return; // there the page behind it cannot be reached
  // Closed by the page while the visitor is elsewhere, it takes nobody along.
  await launcher(page).click();
  await page.getByLabel("Search").focus();
  await page.evaluate(() => (window as any).Parlor.close());
  await expect(input(page)).toBeHidden();
  await expect(page.getByLabel("Search")).toBeFocused();
});

test("nothing moves where the visitor wants it still", async ({ page, hostPage }) => {
  const moving = () =>
    panel(page).evaluate(host =>
      [host.shadowRoot!, ...host.shadowRoot!.querySelectorAll("*")].flatMap(element =>
        "getAnimations" in element && element instanceof Element
          ? element.getAnimations({ subtree: false }).flatMap(animation => (animation.effect as KeyframeEffect).getKeyframes()).filter(frame => "transform" in frame || "translate" in frame).map(() => element.className)
          : [],
      ),
    );
  const watched = () =>
    page.addInitScript(() => {
      const all = ((window as any).moved = [] as string[]);
      document.addEventListener("DOMContentLoaded", () => {
        const look = () => {
          for (const animation of document.querySelector("parlor-chat")?.shadowRoot?.getAnimations() ?? []) {
            const frames = (animation.effect as KeyframeEffect).getKeyframes();
            if (frames.some(frame => "transform" in frame || "translate" in frame)) all.push("moved");
          }
          requestAnimationFrame(look);
        };
        look();
      });
    });
  await watched();
  const moved = () => page.evaluate(() => (window as any).moved.length);
  await opened(page, hostPage.url());
  await expect.poll(moved).toBeGreaterThan(0);
  await page.emulateMedia({ reducedMotion: "reduce" });
  await opened(page, hostPage.url());
  await say(page, scripted({ tokens: "3", first: "600", delay: "0" }));
  await expect(panel(page).locator(".typing")).toBeVisible();
  expect(await moving()).toEqual([]);
  await expect(replies(page)).toHaveText(words(3));
  await page.getByRole("button", { name: "More" }).click();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await expect(input(page)).toBeHidden();
  expect(await moved()).toBe(0);
});

const NAMES = {
  en: ["Open chat", "Send", "Talk to a person"], de: ["Chat öffnen", "Senden", "Mit einem Menschen sprechen"], fr: ["Ouvrir le chat", "Envoyer", "Parler à une personne"],
  es: ["Abrir el chat", "Enviar", "Hablar con una persona"], ar: ["فتح الدردشة", "إرسال", "التحدث إلى شخص"], zh: ["打开聊天", "发送", "联系人工客服"],
};
for (const [locale, [open, send, person]] of Object.entries(NAMES)) {
  test.describe(`a browser in ${locale}`, () => {
    test.use({ locale });
    test("has every word of the panel in its language, without a word in the tag", async ({ page, hostPage }) => {
      await page.goto(hostPage.url());
      await page.getByRole("button", { name: open, exact: true }).click();
      const dialog = page.getByRole("dialog");
      await expect(dialog).toHaveAttribute("dir", locale === "ar" ? "rtl" : "ltr");
      await expect(dialog).toHaveAttribute("lang", new RegExp(`^${locale}`));
      await expect(page.getByRole("button", { name: send, exact: true })).toBeVisible();
      await panel(page).locator(".more").click();
      await expect(page.getByRole("menuitem").first()).toHaveText(person!);
      if (locale === "ar") {
        const [field, button] = await Promise.all([dialog.locator("textarea").boundingBox(), dialog.locator(".send").boundingBox()]);
        expect(button!.x).toBeLessThan(field!.x);
      }
    });
  });
}
