// The chat without JavaScript: all that can be done with a chat, by links and forms alone. With it these are other
// controls, tested elsewhere.
import type { Page } from "@playwright/test";
import { expect, test } from "../fixtures";
import { ask, composer, replies } from "../fixtures/chat";

test.beforeEach(async ({ page, account }) => {
  expect(account.email).toBeTruthy();
  await page.goto("/chat/new");
});

/** Without a script the reader asks again. */
async function until(page: Page, shown: () => Promise<void>) {
  await expect(async () => {
    await page.reload();
    await shown();
  }).toPass({ timeout: 15_000 });
}

test("a chat is renamed", async ({ page }) => {
  await ask(page, "What shall it be called?");
  await page.getByText("Change", { exact: true }).click();
  await page.getByRole("textbox", { name: "New title" }).fill("A name of its own");
  await page.getByRole("button", { name: "Rename" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("A name of its own");
  await expect(page.getByRole("navigation", { name: "Chats" }).getByText("A name of its own")).toHaveCount(1);
});

test("a chat is deleted, and Undo brings it back", async ({ page }) => {
  await ask(page, "Short lived");
  await expect(page).toHaveURL(/\/chat\/[0-9a-f-]{36}$/);
  const chat = page.url();
  await page.getByText("Change", { exact: true }).click();
  await page.getByRole("button", { name: "Delete this chat" }).click();
  await expect(page).toHaveURL(/\/chat\/new$/);
  await expect(page.getByText("Chat deleted", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page).toHaveURL(chat);
  await expect(page.locator(".bubble", { hasText: "Short lived" })).toBeVisible();
});

test("a reply is stopped, keeps its text and is continued", async ({ page }) => {
  await ask(page, "[[script:tokens=3000&delay=20]]");
  await until(page, () => expect(replies(page)).toContainText("t5 ", { timeout: 500 }));
  await page.getByRole("button", { name: "Stop" }).click();
  await until(page, () => expect(page.getByText("You stopped this reply.")).toBeVisible({ timeout: 500 }));
  await expect(replies(page)).toContainText("t5 ");
  await expect(page.getByRole("button", { name: "Send" })).toBeVisible();
});

test("a reply that broke off is continued", async ({ page }) => {
  await ask(page, `[[script:fault=cut&times=1&tokens=20&at=5&delay=0&tag=${crypto.randomUUID()}]]`);
  await until(page, () => expect(page.getByRole("button", { name: "Continue" })).toBeVisible({ timeout: 500 }));
  await page.getByRole("button", { name: "Continue" }).click();
  // The upstream answers the request to go on; what was there stays above it.
  await until(page, () => expect(replies(page)).toContainText("Ask me anything else", { timeout: 500 }));
  await expect(replies(page)).toContainText(/t0 t1 t2 t3 t4.*You wrote/);
  await expect(page.getByRole("button", { name: "Continue" })).toHaveCount(0);
});

test("a reply that failed is asked for again", async ({ page }) => {
  await ask(page, `[[script:fault=401&times=1&text=better now&delay=0&tag=${crypto.randomUUID()}]]`);
  await until(page, () => expect(page.getByRole("button", { name: "Retry" })).toBeVisible({ timeout: 500 }));
  await page.getByRole("button", { name: "Retry" }).click();
  await until(page, () => expect(replies(page)).toContainText("better now", { timeout: 500 }));
  await expect(replies(page)).toHaveCount(1);
});

test("a message that is too long comes back with a sentence, and with all of its text", async ({ page }) => {
  const long = `Begin ${"é".repeat(70 * 1024)} end`;
  await ask(page, long);
  await expect(page.getByRole("alert")).toContainText("128 KiB");
  expect(await composer(page).inputValue()).toBe(long);
  await composer(page).fill("Shorter");
  await page.getByRole("button", { name: "Send" }).click();
  await expect(page.locator(".bubble", { hasText: "Shorter" })).toBeVisible();
  await expect(page.getByRole("alert")).toHaveCount(0);
});

test("a message that was thought about for longer than the access token lives still arrives", async ({ page, context }) => {
  await composer(page).fill("A long thought");
  expect((await context.cookies()).map(cookie => cookie.name)).toContain("at");
  await context.clearCookies({ name: "at" });
  await page.getByRole("button", { name: "Send" }).click();
  await expect(page).toHaveURL(/\/chat\/[0-9a-f-]{36}$/);
  await expect(page.locator(".bubble", { hasText: "A long thought" })).toBeVisible();
});
