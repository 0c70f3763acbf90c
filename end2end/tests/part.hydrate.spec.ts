// Parts of the app, whose code comes with the first page that needs it. A development build is not cut: then the document
// names no part, and none is asked for.
import type { Page } from "@playwright/test";
import { expect, test } from "../fixtures";

const asked = (requests: string[]) => requests.flatMap(url => /\/part-([a-z_]+)\.[^/]+\.wasm$/.exec(url)?.[1] ?? []);

/** What of `names` is a file of its own in this build. */
async function cut(page: Page, ...names: string[]) {
  const start = await page.locator("head script[type=module]").first().textContent();
  return names.filter(name => start?.includes(`${name}: '/pkg/part-${name}.`));
}

/** By the menu of the account, which is below the list of chats. */
async function follow(page: Page, link: string) {
  const opener = page.getByRole("button", { name: "Open the list of chats" });
  if (await opener.isVisible()) await opener.click();
  await page.locator("button.chats-me").click();
  await page.getByRole("menuitem", { name: link }).click();
}

test("the chat comes without the other pages' parts, and each of those comes once", async ({ page, account: _, gates }) => {
  gates.requests.length = 0;
  await page.goto("/chat/new", { waitUntil: "networkidle" });
  expect(asked(gates.requests)).toEqual([]);

  // The mark stays as long as no document is loaded anew.
  await page.evaluate(() => Object.assign(window, { marked: true }));
  await follow(page, "Settings");
  await expect(page.getByRole("heading", { level: 1, name: "Account" })).toBeVisible();
  await expect(page).toHaveTitle(/^Account/);
  expect(asked(gates.requests)).toEqual(await cut(page, "settings"));

  await page.getByRole("link", { name: "Back to chats" }).click();
  await expect(page.getByRole("textbox", { name: "Message" })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("heading", { level: 1, name: "Account" })).toBeVisible();
  await page.getByRole("link", { name: "Appearance" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Appearance" })).toBeVisible();
  expect(asked(gates.requests)).toEqual(await cut(page, "settings"));
  expect(await page.evaluate(() => "marked" in window)).toBe(true);
});

test("a page of a part loads it at once, and works", async ({ page, account, gates }) => {
  gates.requests.length = 0;
  await page.goto("/settings/appearance", { waitUntil: "networkidle" });
  expect(asked(gates.requests)).toEqual(await cut(page, "settings"));
  await page.getByRole("radio", { name: "Dark" }).check({ force: true });
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.getByRole("link", { name: "Account" }).click();
  await expect(page.getByText(account.email).first()).toBeVisible();
});

test("a part that cannot be fetched makes the page load anew", async ({ page, account, gates }) => {
  gates.allow(/Failed to load resource|net::ERR_/);
  await page.goto("/chat/new", { waitUntil: "networkidle" });
  const parts = await cut(page, "settings");
  await page.route(/\/part-settings\./, route => route.abort(), { times: 1 });
  await page.evaluate(() => Object.assign(window, { marked: true }));
  await follow(page, "Settings");
  await expect(page.getByRole("heading", { level: 1, name: "Account" })).toBeVisible();
  await expect.poll(() => page.evaluate(() => "marked" in window)).toBe(parts.length === 0);
  await expect(page.getByText(account.email).first()).toBeVisible();
});
