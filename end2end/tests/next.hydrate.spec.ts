// A Next.js application with the npm package: rendered where there is no window, then run in the browser. Only with
// PARLOR_TEST_NEXT (playwright.config.ts).
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, SITE_KEY, test } from "../fixtures";
import { HOSTS } from "../fixtures/hosts";
import { input, replies, say, slowly, words } from "../fixtures/widget";

test("a Next.js page is rendered without a window, is hydrated without a word, and chats", async ({ page, builtHost, baseURL }) => {
  const written = readFileSync(join(HOSTS, "dist/next/index.html"), "utf8");
  expect(written).toContain("A Next.js shop");
  expect(written).toContain('name="parlor-widget"');
  const host = await builtHost("next");
  const said: string[] = [];
  page.on("console", message => said.push(message.text()));
  await page.goto(host.url({ api: `${baseURL}/chat`, key: SITE_KEY }));
  await page.getByRole("button", { name: "Open chat" }).click();
  await expect(page.getByRole("dialog", { name: "Ask the shop" })).toBeVisible();
  // The page goes on around it, and renders anew; on a phone it lies behind the panel.
  const button = page.locator("main button");
  for (const clicks of [1, 2]) {
    await button.evaluate(button => (button as HTMLButtonElement).click());
    await expect(button).toHaveText(`Clicked ${clicks} times`);
  }
  await expect(page.locator("parlor-chat")).toHaveCount(2);
  await input(page).focus();
  await say(page, slowly(6, 10));
  await expect(replies(page)).toHaveText(words(6));
  expect(said.filter(text => /hydrat|warn|error/i.test(text))).toEqual([]);
});
