// The small things of a chat that need JavaScript, and that nobody misses until they are gone.
import { expect, test } from "../fixtures";
import { ask, composer, replies, settled } from "../fixtures/chat";

test.beforeEach(async ({ page, account }) => {
  expect(account.email).toBeTruthy();
  await page.goto("/chat/new");
  await expect(page.getByRole("button", { name: "Send" })).toBeDisabled();
});

test("Enter sends where there is a keyboard, and begins a new line on a touch screen", async ({ page, isMobile }) => {
  await composer(page).fill("one");
  await composer(page).press("Enter");
  if (isMobile) {
    await composer(page).pressSequentially("two");
    await expect(composer(page)).toHaveValue("one\ntwo");
    return;
  }
  await expect(page.locator(".message.me .bubble")).toHaveText("one");
  await expect(composer(page)).toHaveValue("");
});

test("each chat keeps its own draft, and a sent one is forgotten", async ({ page }) => {
  await ask(page, "The first chat");
  await settled(page);
  const first = page.url();
  await composer(page).fill("more of the first");
  await page.goto("/chat/new");
  await expect(composer(page)).toHaveValue("");
  await composer(page).fill("a second chat");
  await page.goto(first);
  await expect(composer(page)).toHaveValue("more of the first");
  await page.goto("/chat/new");
  await expect(composer(page)).toHaveValue("a second chat");
  await page.getByRole("button", { name: "Send" }).click();
  await settled(page);
  await page.goto("/chat/new");
  await expect(page.getByRole("button", { name: "Send" })).toBeDisabled();
  await expect(composer(page)).toHaveValue("");
  expect(await page.evaluate(() => Object.keys(localStorage).filter(name => name.startsWith("parlor.draft")).length)).toBe(1);
});

test("what was typed is not shown to whoever logs in next", async ({ page }) => {
  await composer(page).fill("only for me");
  await page.goto("/settings");
  await page.getByRole("button", { name: "Log out" }).click();
  await expect(page).toHaveURL(/\/login/);
  expect(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).not.toContain("only for me");
});

test("code and replies are copied as they were written", async ({ page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  const text = "Say **this**:\n\n```rust\nfn main() {\n    let a = \"<b>\";\n}\n```\n\nDone.";
  await ask(page, `[[script:{"text":${JSON.stringify(text)},"delay":0}]]`);
  await settled(page);
  const code = replies(page).locator("figure.code");
  await expect(code).toContainText("rust");
  await code.getByRole("button", { name: "Copy" }).click();
  await expect(code.getByRole("status")).toHaveText("Copied");
  expect((await clipboard()).trimEnd()).toBe("fn main() {\n    let a = \"<b>\";\n}");
  await replies(page).locator(".message-acts").getByRole("button", { name: "Copy" }).click();
  await expect(replies(page).locator(".message-acts").getByRole("button", { name: "Copied" })).toBeVisible();
  expect(await clipboard()).toBe(text);
});

test("Answer again writes another reply in the place of the last", async ({ page }) => {
  await ask(page, `[[script:text=The first of them&times=1&delay=0&fault=no_done&tag=${crypto.randomUUID()}]]`);
  await settled(page);
  const before = await replies(page).getAttribute("id");
  await replies(page).getByRole("button", { name: "Answer again" }).click();
  await settled(page);
  await expect(replies(page)).toHaveCount(1);
  await expect(replies(page)).toContainText("The first of them");
  const shown = async () => (await page.request.get(`/v1/conversations/${new URL(page.url()).pathname.split("/").pop()}/messages`)).json();
  await expect(async () => expect((await shown()).items.filter((one: { author: string; state: string }) => one.author === "bot" && one.state === "complete")).toHaveLength(1)).toPass();
  expect(before === null || before !== (await replies(page).getAttribute("id"))).toBe(true);
});

test("a screen reader hears whole sentences, each once, and the log itself is silent", async ({ page }) => {
  await expect(page.getByRole("log")).toHaveAttribute("aria-live", "off");
  const first = "The first sentence is long enough to be read.";
  const second = "The second one follows after it, and has an end.";
  await page.evaluate(() => {
    const said: string[] = [];
    Object.assign(window, { said });
    new MutationObserver(changes => {
      for (const change of changes) {
        const place = (change.target as Element).closest?.("[aria-live=polite]");
        if (!place?.parentElement?.querySelector("[role=log]")) continue;
        for (const node of change.addedNodes) if (node.textContent?.trim()) said.push(node.textContent.trim());
      }
    }).observe(document.body, { childList: true, subtree: true });
  });
  await ask(page, `[[script:text=${first} ${second}&delay=40]]`);
  await expect(replies(page)).toContainText("has an end.");
  await settled(page);
  const said = () => page.evaluate(() => (window as unknown as { said: string[] }).said);
  await expect(async () => expect((await said()).join(" ")).toContain(second)).toPass();
  const heard = (await said()).join(" ");
  expect(heard.split(first).length - 1, heard).toBe(1);
  expect(heard.split(second).length - 1, heard).toBe(1);
  expect((await said()).length, "sentences, not words").toBeLessThanOrEqual(4);
});

test("the end is followed while it is in view, and a button leads back to it", async ({ page }) => {
  const log = page.getByRole("log");
  const isAtEnd = () => log.evaluate(element => Math.abs(element.scrollTop) < 8);
  await ask(page, `[[script:text=${"A line that makes it long.\n\n".repeat(60)}Ready.&delay=0]]`);
  await expect(replies(page)).toContainText("Ready.");
  await settled(page);
  await ask(page, "[[script:tokens=1500&delay=5]]");
  await expect(log).toContainText("t600 ");
  expect(await isAtEnd()).toBe(true);
  await page.getByRole("button", { name: "Stop" }).click();
  await settled(page);
  const jump = page.getByRole("button", { name: "Jump to latest" });
  await expect(jump).toHaveCount(0);
  await log.evaluate(element => element.scrollBy(0, -1500));
  await expect(jump).toBeVisible();
  await jump.click();
  await expect(async () => expect(await isAtEnd()).toBe(true)).toPass();
  await expect(jump).toHaveCount(0);
});

test("nothing is wider than the page, however long a title or a word is", async ({ page }) => {
  await ask(page, `What happens to a question that has more words than fit beside each other, and one of ${"many".repeat(60)} letters?`);
  await settled(page);
  const chat = page.url();
  for (const address of [chat, "/settings", "/settings/sessions"]) {
    await page.goto(address);
    const wide = await page.evaluate(() =>
      [...document.querySelectorAll("main, main > *, main > * > *, .bubble, .settings > nav li")]
        .filter(element => element.getBoundingClientRect().right > innerWidth + 1)
        .map(element => `${element.localName}.${element.className}`),
    );
    expect(wide, address).toEqual([]);
  }
});
