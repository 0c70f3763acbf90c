// What the visitor has in the panel besides a reply that streams.
import type { APIRequestContext, Page } from "@playwright/test";
import { accessible, expect, test } from "../fixtures";

const launcher = (page: Page) => page.getByRole("button", { name: /^Open chat/ });
const input = (page: Page) => page.getByRole("textbox", { name: "Message" });
const replies = (page: Page) => page.locator("parlor-chat article:not(.me) .bubble");
const own = (page: Page) => page.locator("parlor-chat article.me .bubble");
const script = (parts: string) => `[[script:${parts}]]`;

async function say(page: Page, text: string) {
  await input(page).fill(text);
  await input(page).press("Enter");
}

async function opened(page: Page, url: string) {
  await page.goto(url);
  await launcher(page).click();
  await expect(input(page)).toBeFocused();
}

async function menu(page: Page, item: string) {
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole(/^Sound/.test(item) ? "menuitemcheckbox" : "menuitem", { name: item }).click();
}

test("Stop ends a reply and keeps what is there, and Continue goes on", async ({ page, hostPage }) => {
  await opened(page, hostPage.url());
  await say(page, script("tokens=400&delay=40"));
  await expect(replies(page)).toContainText("t5");
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(page.getByText("Stopped.")).toBeVisible();
  await expect(replies(page)).toContainText("t5");
  await expect(page.getByRole("button", { name: "Send" })).toBeVisible();
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByText("Stopped.")).toBeHidden();
  // It may be written at once, so what counts is that more is there.
  await expect(replies(page)).toContainText("message 2 of this chat");
});

test("a reply that failed says so and is asked for again", async ({ page, hostPage }) => {
  await opened(page, hostPage.url());
  // The upstream counts by script, so each run has one of its own.
  await say(page, script(`fault=400&times=1&run=${Date.now()}`));
  await expect(page.locator("parlor-chat .fault")).toBeVisible();
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(replies(page)).not.toBeEmpty();
  await expect(page.locator("parlor-chat .fault")).toHaveCount(0);
  await expect(page.locator("parlor-chat article")).toHaveCount(2);
});

test("a reply is rated, and the rating taken back and kept", async ({ page, hostPage }) => {
  await opened(page, hostPage.url());
  await say(page, "Hello");
  const up = page.getByRole("button", { name: "Helpful", exact: true });
  await up.click();
  await expect(up).toHaveAttribute("aria-pressed", "true");
  await page.reload();
  await launcher(page).click();
  await expect(up).toHaveAttribute("aria-pressed", "true");
  await up.click();
  await expect(up).toHaveAttribute("aria-pressed", "false");
});

test("a visitor asks for a person, leaves an address, and goes back to the assistant", async ({ page, hostPage }) => {
  await opened(page, hostPage.url());
  await say(page, "Hello");
  await expect(replies(page)).toContainText("Hello");
  await menu(page, "Talk to a person");
  await expect(page.getByText("You asked for a person.")).toBeVisible();
  const address = page.getByRole("textbox", { name: /Your e-mail/ });
  await address.fill("nobody");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("We will answer by e-mail")).toBeHidden();
  await address.fill("visitor@example.com");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("We will answer by e-mail")).toBeVisible();
  // The model is silent until the visitor wants it back.
  await say(page, "Is anybody there?");
  await expect(own(page)).toHaveCount(2);
  await expect(page.locator("parlor-chat article.me .mark.sent").last()).toBeVisible();
  await expect(replies(page)).toHaveCount(1);
  await page.getByRole("button", { name: "Back to the assistant" }).click();
  await expect(page.getByText("You asked for a person.")).toBeHidden();
  await say(page, "Hello again");
  await expect(replies(page)).toHaveCount(2);
  await accessible(page, "parlor-chat");
});

test("the conversation can be saved, and a new one begun", async ({ page, hostPage }) => {
  await opened(page, hostPage.url());
  await say(page, "Keep this");
  await expect(replies(page)).toContainText("Keep this");
  const download = page.waitForEvent("download");
  await menu(page, "Save as text");
  const file = await (await download).createReadStream();
  let text = "";
  for await (const chunk of file) text += chunk;
  expect(text).toContain("Keep this");

  await menu(page, "New conversation");
  await expect(page.locator("parlor-chat article")).toHaveCount(0);
  await expect(input(page)).toBeFocused();
  await say(page, "Another one");
  await expect(replies(page)).toContainText("message 1 of this chat");
});

test("a file is checked before it goes, shown on its way, and sent with the message", async ({ page, hostPage }) => {
  await opened(page, hostPage.url());
  const picker = page.locator("parlor-chat input[type=file]");
  await picker.setInputFiles({ name: "big.png", mimeType: "image/png", buffer: Buffer.alloc(11_000_000) });
  await expect(page.getByText(/Too large: at most/)).toBeVisible();
  await page.getByRole("button", { name: "Remove big.png" }).click();
  await expect(page.getByText(/Too large/)).toBeHidden();

  const pixel = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
  await picker.setInputFiles({ name: "pixel.png", mimeType: "image/png", buffer: pixel });
  await expect(page.getByRole("button", { name: "Remove pixel.png" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Send" })).toHaveAttribute("aria-disabled", "false");
  await input(page).press("Enter");
  const picture = page.getByRole("img", { name: "pixel.png" });
  await expect(picture).toBeVisible();
  await expect.poll(() => picture.evaluate(image => (image as HTMLImageElement).naturalWidth)).toBe(1);
});

/** Speaks for the visitor by the API, as another device of theirs would. */
async function elsewhere(page: Page, request: APIRequestContext, baseURL: string) {
  const id = await page.evaluate(() => JSON.parse(localStorage.getItem("cs_client_identity_v1")!).id as string);
  const key = { "X-Widget-Api-Key": process.env.WIDGET_API_KEY ?? "" };
  const session = await (await request.post(`${baseURL}/v1/widget/session`, { headers: key, data: { client_id: id } })).json();
  const headers = { ...key, Authorization: `Bearer ${session.token}` };
  return (path: string, data: unknown) => request.post(`${baseURL}/v1/widget/conversations/${session.conversation_id}/${path}`, { headers, data });
}

test("while the panel is closed the launcher counts what is unread", async ({ page, hostPage, request, baseURL }) => {
  await opened(page, hostPage.url());
  await say(page, "Hello");
  await expect(replies(page)).toContainText("Hello");
  await page.keyboard.press("Escape");
  await expect(input(page)).toBeHidden();
  // The answer counts, the visitor's own question does not.
  const post = await elsewhere(page, request, baseURL!);
  expect((await post("messages", { client_id: "another-device", content: "And now?" })).status()).toBe(202);
  await expect(page.getByRole("button", { name: "Open chat, unread messages: 1" })).toBeVisible();
  await launcher(page).click();
  await expect(replies(page)).toHaveCount(2);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Open chat", exact: true })).toBeVisible();
});

test("of a long conversation few messages are in the page, and what is read keeps its place", async ({ page, hostPage, request, baseURL }) => {
  test.slow();
  await opened(page, hostPage.url());
  await say(page, "Hello");
  await expect(replies(page)).toHaveCount(1);
  const post = await elsewhere(page, request, baseURL!);
  // A person is asked for, so that the model is silent.
  await post("person", {});
  for (let n = 0; n < 150; n++) {
    if ((await post("messages", { client_id: `many-${n}`, content: `Message ${n}` })).status() === 429) break;
  }
  await page.reload();
  await launcher(page).click();
  await expect(own(page).last()).toHaveText(/Message \d+/);
  const log = page.getByRole("log");
  for (let n = 0; n < 12; n++) {
    await log.evaluate(log => log.scrollBy(0, -900));
    await page.evaluate(() => new Promise(requestAnimationFrame));
    expect(await page.locator("parlor-chat article").count()).toBeLessThanOrEqual(60);
  }
  await log.evaluate(log => (log.scrollTop = 0));
  await expect(own(page).first()).toHaveText("Hello");
  await page.getByRole("button", { name: "Newest messages" }).click();
  await expect(own(page).last()).toHaveText(/Message \d+/);
});

for (const scheme of ["light", "dark"] as const) {
  test(`a conversation is accessible in ${scheme}`, async ({ page, hostPage }) => {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await opened(page, hostPage.url({ "welcome-message": "Hello. **How** can I help?" }));
    await say(page, script("tokens=5&delay=0"));
    await expect(replies(page)).toHaveText("t0 t1 t2 t3 t4");
    await accessible(page, "parlor-chat");
  });
}
