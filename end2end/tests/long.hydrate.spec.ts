// What has more than one page: the list of chats.
import { expect, talkTo, test } from "../fixtures";
import { composer } from "../fixtures/chat";

test("the list of chats goes on where it ends, to the very first", async ({ page, account, playwright, baseURL }) => {
  test.slow();
  const talk = await talkTo(playwright, baseURL!, account);
  for (let number = 1; number <= 95; number++) await talk.chat(`Chat number ${number}`);
  await page.goto("/chat/new");
  const opener = page.getByRole("button", { name: "Open the list of chats" });
  if (await opener.isVisible()) await opener.click();
  const rows = page.getByRole("navigation", { name: "Chats" }).locator("li a");
  // One page, and no more until somebody looks for it.
  await expect(rows).toHaveCount(40);
  await expect(rows.first()).toHaveText("Chat number 95");
  const more = page.getByRole("button", { name: "Show more" });
  await expect(more).toBeAttached();
  await rows.last().scrollIntoViewIfNeeded();
  await expect(rows).toHaveCount(80);
  await rows.last().scrollIntoViewIfNeeded();
  await expect(rows).toHaveCount(95);
  await expect(more).toHaveCount(0);
  await expect(rows.last()).toHaveText("Chat number 1");
  const titles = await rows.allTextContents();
  expect(new Set(titles).size).toBe(95);
  await rows.last().click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Chat number 1");
});

test("a list that cannot be loaded further says so, and goes on when asked again", async ({ page, account, playwright, baseURL, gates }) => {
  test.slow();
  gates.allow(/Failed to load resource/);
  const talk = await talkTo(playwright, baseURL!, account);
  for (let number = 1; number <= 45; number++) await talk.chat(`Chat number ${number}`);
  await page.goto("/chat/new");
  await expect(composer(page)).toBeVisible();
  const opener = page.getByRole("button", { name: "Open the list of chats" });
  if (await opener.isVisible()) await opener.click();
  const rows = page.getByRole("navigation", { name: "Chats" }).locator("li a");
  await expect(rows).toHaveCount(40);
  await page.route("**/rpc/**list_chats*", route => route.abort());
  await rows.last().scrollIntoViewIfNeeded();
  await expect(page.getByText("The server cannot be reached")).toBeVisible();
  await expect(rows).toHaveCount(40);
  await page.unroute("**/rpc/**list_chats*");
  await page.getByRole("button", { name: "Show more" }).click();
  await expect(rows).toHaveCount(45);
});
