// With and without JavaScript: what a person can do with the account besides chatting.
import { readFile } from "node:fs/promises";
import { expect, logIn, test } from "../fixtures";
import { ask } from "../fixtures/chat";

test("sessions are seen, and each can be ended by itself", async ({ page, account, browser, baseURL }) => {
  const elsewhere = await Promise.all([0, 1].map(() => browser.newContext({ baseURL })));
  const others = await Promise.all(elsewhere.map(context => context.newPage()));
  for (const other of others) await logIn(other, account);
  await page.goto("/settings/sessions");
  // With the program's that made the account.
  const rows = page.locator("ul.rows li");
  await expect(rows).toHaveCount(4);
  await expect(rows.filter({ hasText: "This one" })).toHaveCount(1);
  await expect(rows.filter({ hasText: "This one" }).getByRole("button")).toHaveCount(0);

  // The latest used stands first.
  await rows.filter({ hasNotText: "This one" }).first().getByRole("button", { name: /End the session/ }).click();
  await expect(page.getByText("The session is ended.").first()).toBeVisible();
  await expect(rows).toHaveCount(3);
  const out = async () => {
    const out: boolean[] = [];
    for (const other of others) {
      await other.goto("/settings/sessions");
      out.push(other.url().includes("/login"));
    }
    return out.filter(Boolean).length;
  };
  expect(await out()).toBe(1);

  await page.getByRole("button", { name: "End all other sessions" }).click();
  await expect(page.getByText("All other sessions are ended.").first()).toBeVisible();
  await expect(rows).toHaveCount(1);
  expect(await out()).toBe(2);
  await page.goto("/settings/sessions");
  await expect(page).toHaveURL(/\/settings\/sessions/);
  await Promise.all(elsewhere.map(context => context.close()));
});

test("everything can be taken along as one file", async ({ page, account, context }) => {
  await page.goto("/chat/new");
  await ask(page, "Something to take along");
  await expect(page).toHaveURL(/\/chat\/[0-9a-f-]{36}$/);
  // Also after the access token's short life.
  await context.clearCookies({ name: "at" });
  await page.goto("/settings/data");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download" }).click()]);
  expect(download.suggestedFilename()).toBe("parlor-export.json");
  const file = JSON.parse(await readFile(await download.path(), "utf8"));
  expect(file.profile.email).toBe(account.email);
  expect(file.conversations[0].messages[0].content).toBe("Something to take along");
});

test("a first chat offers questions, and one press asks", async ({ page, account, javaScriptEnabled }) => {
  expect(account.email).toBeTruthy();
  await page.goto("/");
  const offers = page.getByRole("main").locator("section ul li button");
  expect(await offers.count()).toBeGreaterThanOrEqual(2);
  const words = (await offers.first().textContent())!.trim();
  await offers.first().click();
  await expect(page).toHaveURL(/\/chat\/[0-9a-f-]{36}$/);
  await expect(page.locator(".bubble", { hasText: words })).toHaveCount(1);
  if (javaScriptEnabled === false) await page.reload();
  await expect(page.locator(".bubble", { hasText: words })).toHaveCount(1);
});
