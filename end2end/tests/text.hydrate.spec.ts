// Texts that are not the usual: long ones, and ones that run the other way.
import { expect, test } from "../fixtures";
import { ask, composer, replies, settled } from "../fixtures/chat";

const KIB = 1024;

test.beforeEach(async ({ page, account }) => {
  expect(account.email).toBeTruthy();
  await page.goto("/chat/new");
  await expect(page.getByRole("button", { name: "Send" })).toBeDisabled();
});

test("how much is left is told near 128 KiB, and beyond it nothing is sent or lost", async ({ page }) => {
  const note = page.locator("#composer-note");
  const send = page.getByRole("button", { name: "Send" });
  await composer(page).fill("x".repeat(100 * KIB));
  await expect(note).toHaveText("");
  await composer(page).fill("x".repeat(126 * KIB));
  await expect(note).toHaveText("2 KiB left of 128");
  await expect(send).toBeEnabled();
  // It counts bytes, as the server does: é has two.
  await composer(page).fill("é".repeat(70 * KIB));
  await expect(note).toHaveText(/^Too long by 12 KiB/);
  await expect(send).toBeDisabled();
  await composer(page).press("Control+Enter");
  await expect(page).toHaveURL(/\/chat\/new$/);
  expect((await composer(page).inputValue()).length).toBe(70 * KIB);

  await composer(page).fill(`${"x".repeat(128 * KIB - 40)} [[script:text=All of it.&delay=0]]`);
  await expect(note).toHaveText("0 KiB left of 128");
  await send.click();
  await settled(page);
  await expect(replies(page)).toContainText("All of it.");
  await expect(note).toHaveText("");
});

test("text runs in its own direction, each message and each part for itself", async ({ page }) => {
  const hebrew = "שלום, מה שלומך היום?";
  await composer(page).fill(hebrew);
  const direction = (element: Element) => getComputedStyle(element).direction;
  expect(await composer(page).evaluate(direction)).toBe("rtl");
  await ask(page, `${hebrew} [[script:text=מצוין, תודה.\n\nAn English line.\n\n- פריט ראשון\n- second item\n\n\`code()\` בסוף&delay=0]]`);
  await settled(page);
  const bubble = page.locator(".message.me .bubble");
  expect(await bubble.evaluate(direction)).toBe("rtl");
  const reply = replies(page);
  expect(await reply.getByText("מצוין, תודה.").evaluate(direction)).toBe("rtl");
  expect(await reply.getByText("An English line.").evaluate(direction)).toBe("ltr");
  expect(await reply.getByText("פריט ראשון").evaluate(direction)).toBe("rtl");
  // A list is of one direction, that of its first words, and its marks stand on that side.
  const [item, mark] = await reply.locator("ul").evaluate(list => [list.querySelector("li")!.getBoundingClientRect(), list.getBoundingClientRect()]);
  expect(await reply.locator("ul").evaluate(direction)).toBe("rtl");
  expect(mark.right - item.right).toBeGreaterThan(item.left - mark.left + 10);
  expect(await reply.locator("code").evaluate(direction)).toBe("ltr");
  // One's own message stays on its side of the page, whatever its direction.
  const [box, column] = [await bubble.boundingBox(), await page.locator(".chat-col").boundingBox()];
  expect(box!.x + box!.width / 2).toBeGreaterThan(column!.x + column!.width / 2);
  // The title, which is made of the question, runs that way too.
  await expect(page.getByRole("heading", { level: 1 })).toContainText("שלום");
  expect(await page.getByRole("heading", { level: 1 }).evaluate(direction)).toBe("rtl");
});

test("the line under a reply tells the tokens that the model reported", async ({ page }) => {
  await ask(page, "[[script:tokens=12&delay=0]]");
  await settled(page);
  await expect(replies(page).locator(".message-acts")).toContainText(/· 12 tokens · \d+\.\d s$/);
  await page.reload();
  await expect(replies(page).locator(".message-acts")).toContainText(/· 12 tokens · \d+\.\d s$/);
});
