// With and without JavaScript: what a person must always be able to do. The answers come from a real upstream process
// (end2end/upstream), which says back what it was told.
import { expect, test } from "../fixtures";
import { ask, replies } from "../fixtures/chat";

test("a message gets a reply, and both are there after a reload", async ({ page, account, javaScriptEnabled }) => {
  expect(account.email).toBeTruthy();
  await page.goto("/chat/new");
  await ask(page, "How deep is the well?");
  await expect(page).toHaveURL(/\/chat\/[0-9a-f-]{36}$/);
  if (javaScriptEnabled === false) {
    // Without a script the reader asks again.
    await expect(async () => {
      await page.reload();
      await expect(replies(page)).toContainText("漢字", { timeout: 500 });
    }).toPass({ timeout: 15_000 });
  }
  await expect(replies(page)).toContainText("You wrote: “How deep is the well?”");
  await expect(replies(page)).toContainText("漢字");

  await page.reload();
  await expect(page.getByRole("log").getByText("How deep is the well?", { exact: true }).first()).toBeVisible();
  await expect(replies(page)).toContainText("The first message was:");
});

test("the first page goes on with the latest chat", async ({ page, account }) => {
  expect(account.email).toBeTruthy();
  await page.goto("/chat/new");
  await ask(page, "Remember this chat");
  await expect(page).toHaveURL(/\/chat\/[0-9a-f-]{36}$/);
  const chat = page.url();
  await page.goto("/");
  await expect(page).toHaveURL(chat);
});

test("a chat of somebody else, and one that does not exist, look the same", async ({ page, account, browser, playwright, baseURL, gates }) => {
  expect(account.email).toBeTruthy();
  gates.allow(/status of 404/);
  await page.goto("/chat/new");
  await ask(page, "A secret of mine");
  await expect(page).toHaveURL(/\/chat\/[0-9a-f-]{36}$/);
  const mine = new URL(page.url()).pathname;

  const { newUser, logIn } = await import("../fixtures");
  const context = await browser.newContext({ baseURL });
  const other = await context.newPage();
  await logIn(other, await newUser(playwright, baseURL!));
  const seen: string[] = [];
  for (const path of [mine, "/chat/00000000-0000-7000-8000-000000000000"]) {
    const answer = await other.goto(path);
    expect(answer!.status()).toBe(404);
    await expect(other.getByText("There is no such chat").first()).toBeVisible();
    await expect(other.getByText("A secret of mine")).toHaveCount(0);
    seen.push((await other.getByRole("main").textContent())!);
  }
  expect(seen[0]).toBe(seen[1]);
  await context.close();
});

test("text of people and models stays text", async ({ page, account, gates }) => {
  expect(account.email).toBeTruthy();
  await page.goto("/chat/new");
  await ask(page, "<img src=https://example.org/x.png onerror=alert(1)> ![x](https://example.org/y.png) [a](javascript:alert(1))");
  await expect(page).toHaveURL(/\/chat\/[0-9a-f-]{36}$/);
  await expect(async () => {
    await page.reload();
    await expect(replies(page)).toContainText("The first message was:", { timeout: 500 });
  }).toPass({ timeout: 15_000 });
  expect(await page.locator("main img").count()).toBe(0);
  expect(await page.locator("main a[href^='javascript']").count()).toBe(0);
  gates.check();
});
