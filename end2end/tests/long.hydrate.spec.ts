// What has more than one page: the list of chats, and a chat that goes back further than is loaded at once.
import { accessible, expect, talkTo, test } from "../fixtures";
import { ask, composer } from "../fixtures/chat";

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

test("older messages come while scrolling up, and what is read stays where it is", async ({ page, account, playwright, baseURL }) => {
  test.slow();
  const talk = await talkTo(playwright, baseURL!, account);
  const chat = await talk.chat("A long one");
  for (let turn = 1; turn <= 60; turn++) {
    await talk.turn(chat, `Question ${turn} [[script:text=Answer ${turn}. ${"It goes on for a while. ".repeat(turn % 7)}&delay=0]]`);
  }
  await page.goto(`/chat/${chat}`);
  await expect(composer(page)).toBeVisible();
  const log = page.getByRole("log");
  const articles = log.locator("article");
  await expect(articles).toHaveCount(50);
  const said = (turn: number) => articles.filter({ hasText: new RegExp(`(Question|Answer) ${turn}\\b`) }).first();
  await expect(said(60)).toBeInViewport();
  await expect(said(36)).toHaveCount(1);
  await expect(said(35)).toHaveCount(0);

  // As a person scrolls: up to the first message that is loaded, where older ones come above it.
  for (const [first, count] of [[36, 100], [11, 120]] as const) {
    const seen = said(first);
    await log.evaluate(element => (element.scrollTop = -element.scrollHeight));
    await expect(articles).toHaveCount(count);
    await expect(seen).toBeInViewport();
    // What is not in view is measured when it comes into view; until then nothing that is seen moves.
    const tops = await seen.evaluate(element => new Promise<number[]>(resolve => {
      const tops: number[] = [];
      const look = () => {
        tops.push(element.getBoundingClientRect().top);
        if (tops.length < 10) requestAnimationFrame(look); else resolve(tops);
      };
      look();
    }));
    expect(Math.max(...tops) - Math.min(...tops), `${first}: ${tops}`).toBeLessThanOrEqual(2);
  }
  await expect(page.getByText("earlier messages")).toHaveCount(0);
  const order = await articles.filter({ hasText: "Question" }).locator(".bubble").allTextContents();
  expect(order.map(text => Number(/Question (\d+)/.exec(text)![1]))).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
  await accessible(page);
});

test("what is read stays where it is while a reply grows below it", async ({ page, account, playwright, baseURL }) => {
  const talk = await talkTo(playwright, baseURL!, account);
  const chat = await talk.chat("Read while it writes");
  for (let turn = 1; turn <= 6; turn++) await talk.turn(chat, `Question ${turn} [[script:text=Answer ${turn}. ${"It goes on. ".repeat(80)}&delay=0]]`);
  await page.goto(`/chat/${chat}`);
  await ask(page, "[[script:tokens=3000&delay=10]]");
  await expect(page.getByRole("log")).toContainText("t30 ");
  const seen = page.getByRole("log").locator("article.bot").filter({ hasText: "Answer 4." });
  await seen.scrollIntoViewIfNeeded();
  // Where it stands in what is painted: between a change and the next frame it may stand elsewhere, unseen.
  const top = () => seen.evaluate(element => new Promise<number>(resolve => {
    const tops: number[] = [];
    const look = () => requestAnimationFrame(() => setTimeout(() => {
      tops.push(element.getBoundingClientRect().top);
      if (tops.length < 9) look(); else resolve(tops.sort((one, other) => one - other)[4]);
    }));
    look();
  }));
  const before = await top();
  await expect(page.getByRole("log")).toContainText("t400 ");
  expect(Math.abs((await top()) - before)).toBeLessThanOrEqual(2);
  await page.getByRole("button", { name: "Stop" }).click();
});
