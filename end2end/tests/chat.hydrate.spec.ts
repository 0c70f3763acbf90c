// What needs JavaScript: replies that stream, and everything that happens while they do.
import { expect, test } from "../fixtures";
import { ask, composer, replies, settled } from "../fixtures/chat";

// The upstream writes so many words, so many milliseconds apart.
const slowly = (tokens: number, delay: number) => `[[script:tokens=${tokens}&delay=${delay}]]`;

test.beforeEach(async ({ page, account }) => {
  expect(account.email).toBeTruthy();
  await page.goto("/chat/new");
});

test("Enter sends, Shift+Enter begins a new line, and the field is empty again", async ({ page }) => {
  await composer(page).fill("one");
  await composer(page).press("Shift+Enter");
  await composer(page).pressSequentially("two");
  await expect(composer(page)).toHaveValue("one\ntwo");
  await composer(page).press("Control+Enter");
  await expect(composer(page)).toHaveValue("");
  await settled(page);
  await expect(replies(page)).toContainText("two");
});

test("a reply streams: its words come one after another", async ({ page }) => {
  await ask(page, slowly(60, 50));
  await expect(replies(page)).toContainText("t1 ");
  await expect(replies(page)).not.toContainText("t59");
  await expect(page.getByRole("button", { name: "Stop" })).toBeVisible();
  await expect(replies(page)).toContainText("t59");
  await settled(page);
});

test("Stop keeps what was written, also after a reload", async ({ page }) => {
  await ask(page, slowly(2000, 20));
  await expect(replies(page)).toContainText("t5 ");
  await page.getByRole("button", { name: "Stop" }).click();
  await settled(page);
  await expect(page.getByText("You stopped this reply.")).toBeVisible();
  await page.reload();
  await expect(replies(page)).toContainText("t5 ");
  await expect(page.getByText("You stopped this reply.")).toBeVisible();
});

test("a reply goes on while its tab is closed, and is whole when the person comes back", { tag: "@wire" }, async ({ page, context }) => {
  await ask(page, slowly(80, 20));
  await expect(replies(page)).toContainText("t1 ");
  const chat = page.url();
  await page.close();
  const again = await context.newPage();
  await again.goto(chat);
  await expect(replies(again)).toContainText("t79");
  await settled(again);
  const text = await replies(again).locator(".reply").innerText();
  expect(text.match(/t\d+/g)).toEqual(Array.from({ length: 80 }, (_, index) => `t${index}`));
});

test("a second tab that joins in the middle sees the same, to the letter", { tag: "@wire" }, async ({ page, context }) => {
  await ask(page, slowly(100, 30));
  await expect(replies(page)).toContainText("t9 ");
  const second = await context.newPage();
  await second.goto(page.url());
  await expect(replies(second)).toContainText("t99");
  await expect(replies(page)).toContainText("t99");
  await settled(page);
  await settled(second);
  expect(await replies(second).locator(".reply").innerText()).toBe(await replies(page).locator(".reply").innerText());
});

test("Stop from another tab stops it here", { tag: "@wire" }, async ({ page, context }) => {
  await ask(page, slowly(2000, 20));
  await expect(replies(page)).toContainText("t5 ");
  const second = await context.newPage();
  await second.goto(page.url());
  await second.getByRole("button", { name: "Stop" }).click();
  await settled(page);
  await expect(page.getByText("You stopped this reply.")).toBeVisible();
});

test("a reload in the middle of a reply loses nothing and doubles nothing", { tag: "@wire" }, async ({ page }) => {
  await ask(page, slowly(100, 30));
  await expect(replies(page)).toContainText("t9 ");
  await page.reload();
  await expect(replies(page)).toContainText("t99");
  await settled(page);
  const text = await replies(page).locator(".reply").innerText();
  expect(text.match(/t\d+/g)).toEqual(Array.from({ length: 100 }, (_, index) => `t${index}`));
});

test("a draft waits for the person who typed it", async ({ page }) => {
  await composer(page).fill("half a thought");
  // Typed before the page was alive, it is kept as soon as it is.
  await page.waitForFunction(() => Object.keys(localStorage).some(name => name.startsWith("parlor.draft")));
  await page.reload();
  await expect(composer(page)).toHaveValue("half a thought");
});

for (const [fault, how] of [
  ["an upstream that answers 500", "fault=500"],
  ["an upstream that answers with a page of HTML", "fault=html_error"],
  ["an upstream that refuses the key", "fault=401"],
  ["a quota that is used up", "fault=quota"],
  ["an error inside the stream", "fault=error_in_stream&tokens=20&delay=5"],
] as const) {
  test(`${fault}: a sentence and a way out, without internals`, { tag: "@wire" }, async ({ page }) => {
    await ask(page, `[[script:${how}]]`);
    const article = replies(page);
    await expect(article.getByRole("button", { name: /Retry|Continue/ })).toBeVisible();
    await expect(article).not.toContainText("upstream-body-do-not-show");
    await expect(article).not.toContainText(/https?:|Bearer|127\.0\.0\.1/);
  });
}

test("Retry after an error writes a new reply in its place", async ({ page }) => {
  await ask(page, `[[script:fault=500&times=3&text=better now&tag=${crypto.randomUUID()}]]`);
  await replies(page).getByRole("button", { name: "Retry" }).click();
  await expect(async () => {
    const retry = replies(page).getByRole("button", { name: "Retry" });
    if (await retry.isVisible()) await retry.click();
    await expect(replies(page)).toContainText("better now", { timeout: 2000 });
  }).toPass();
  await expect(replies(page)).toHaveCount(1);
});

test("a chat gets its title after the first answer, and a person's own title stays", async ({ page }) => {
  await ask(page, "The depth of wells in the desert");
  await settled(page);
  const title = page.getByRole("heading", { level: 1 });
  await expect(title).toContainText(/wells/i);

  await page.getByRole("button", { name: "This chat" }).click();
  await page.getByRole("menuitem", { name: "Rename" }).click();
  const field = page.getByRole("textbox", { name: "Title of the chat" });
  await expect(field).toBeFocused();
  await field.fill("Wells");
  await field.press("Enter");
  await expect(title).toHaveText("Wells");
  await page.reload();
  await expect(title).toHaveText("Wells");
});

test("a deleted chat is gone, and Undo brings it back", async ({ page }) => {
  await ask(page, "Short lived");
  await settled(page);
  const chat = page.url();
  await page.getByRole("button", { name: "This chat" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await expect(page).toHaveURL(/\/chat\/new$/);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page).toHaveURL(chat);
  await expect(replies(page)).toContainText("Short lived");
});

test("the list shows the latest chat first and leads to each", async ({ page }) => {
  await ask(page, "Alpha speaks of apples");
  await settled(page);
  const first = new URL(page.url()).pathname;
  await page.goto("/chat/new");
  await ask(page, "Beta speaks of bees");
  await settled(page);
  const opener = page.getByRole("button", { name: "Open the list of chats" });
  if (await opener.isVisible()) await opener.click();
  const list = page.getByRole("navigation", { name: "Chats" });
  const rows = list.locator("li a");
  await expect(rows).toHaveCount(2);
  await expect(rows.first()).toContainText(/bees/i);
  await rows.last().click();
  await expect(page).toHaveURL(new RegExp(`${first}$`));
  await expect(replies(page)).toContainText("Alpha speaks of apples");
});
