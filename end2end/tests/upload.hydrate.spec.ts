// Files by button, paste and drop: limits told before, progress while they go, and what is refused said at once.
import type { Page } from "@playwright/test";
import { accessible, expect, test } from "../fixtures";
import { input, launcher, opened, own, PIXEL, replies, shot } from "../fixtures/widget";

type Given = { name: string; type: string; base64: string };
const pixel = (name: string): Given => ({ name, type: "image/png", base64: PIXEL.toString("base64") });

/** What a browser does with files in the clipboard or under the pointer. */
const give = (page: Page, event: "paste" | "drop", files: Given[]) =>
  page.locator("parlor-chat textarea").evaluate(
    (field, [event, files]) => {
      const transfer = new DataTransfer();
      for (const { name, type, base64 } of files as Given[]) {
        transfer.items.add(new File([Uint8Array.from(atob(base64), letter => letter.charCodeAt(0))], name, { type }));
      }
      const about = { bubbles: true, cancelable: true, composed: true };
      if (event === "paste") return field.dispatchEvent(new ClipboardEvent("paste", { ...about, clipboardData: transfer }));
      const over = !field.dispatchEvent(new DragEvent("dragover", { ...about, dataTransfer: transfer }));
      return over && !field.dispatchEvent(new DragEvent("drop", { ...about, dataTransfer: transfer }));
    },
    [event, files] as const,
  );

const chip = (page: Page, name: string) => page.locator("parlor-chat .chip").filter({ hasText: name });
const send = (page: Page) => page.getByRole("button", { name: "Send" });

test("what may be sent is told before anything is chosen", async ({ page, hostPage }) => {
  await opened(page, hostPage.url());
  const attach = page.getByRole("button", { name: "Attach a file" });
  await expect(attach).toHaveAttribute("title", "Attach a file · At most 10 MB per file");
  await expect(attach).toHaveAccessibleDescription("At most 10 MB per file");
  await expect(page.locator("parlor-chat input[type=file]")).toHaveAttribute("accept", /image\//);
  const chooser = page.waitForEvent("filechooser");
  await attach.click();
  await (await chooser).setFiles([{ name: "a.png", mimeType: "image/png", buffer: PIXEL }, { name: "b.png", mimeType: "image/png", buffer: PIXEL }]);
  await expect(page.locator("parlor-chat .chip")).toHaveCount(2);
  await expect(input(page)).toBeFocused();
});

test("files that are pasted and dropped go with the next message, and without a word too", async ({ page, hostPage }) => {
  await opened(page, hostPage.url());
  await give(page, "paste", [pixel("pasted.png")]);
  await expect(chip(page, "pasted.png")).toBeVisible();
  expect(await give(page, "drop", [pixel("dropped one.png"), pixel("dropped two.png")])).toBe(true);
  await expect(page.locator("parlor-chat .chip")).toHaveCount(3);
  await page.getByRole("button", { name: "Remove dropped one.png" }).click();
  await expect(page.locator("parlor-chat .chip")).toHaveCount(2);
  await expect(send(page)).toHaveAttribute("aria-disabled", "false");
  await input(page).press("Enter");
  await expect(page.locator("parlor-chat .chip")).toHaveCount(0);
  for (const name of ["pasted.png", "dropped two.png"]) {
    const picture = page.getByRole("img", { name });
    await expect.poll(() => picture.evaluate(image => (image as HTMLImageElement).naturalWidth)).toBe(1);
  }
  await expect(replies(page)).toHaveCount(1);
  await page.reload();
  await launcher(page).click();
  await expect(page.getByRole("img", { name: "dropped two.png" })).toBeVisible();
  await expect(own(page)).toHaveCount(1);
});

test("what is too large, empty or of another kind is refused before it goes", async ({ page, hostPage, gates, baseURL }) => {
  await opened(page, hostPage.url());
  await give(page, "drop", [{ name: "empty.png", type: "image/png", base64: "" }, { name: "run.exe", type: "application/x-msdownload", base64: "AAAA" }, pixel("good.png")]);
  await expect(chip(page, "empty.png")).toContainText("This file is empty.");
  await expect(chip(page, "run.exe")).toContainText("not accepted here");
  await expect(chip(page, "good.png").locator(".fault")).toHaveCount(0);
  await accessible(page, "parlor-chat");
  await shot(page, "files");
  expect(gates.requests.filter(url => url === `${baseURL}/v1/widget/files`)).toHaveLength(1);
  await give(page, "drop", Array.from({ length: 13 }, (_, index) => pixel(`${index}.png`)));
  await expect(page.getByText("At most 12 files per message.")).toBeVisible();
  await expect(page.locator("parlor-chat .chip")).toHaveCount(12);
});

test("a file that is no picture inside is refused by the server, and the visitor is told", async ({ page, hostPage, gates }) => {
  gates.allow(/status of 4\d\d/);
  await opened(page, hostPage.url());
  await give(page, "drop", [{ name: "forged.png", type: "image/png", base64: btoa("<script>parent.spoiled = 1</script>") }]);
  await expect(chip(page, "forged.png").locator(".fault")).not.toBeEmpty();
  await expect(send(page)).toHaveAttribute("aria-disabled", "true");
});

test("a file shows how far it is while it goes, can be taken back, and is not sent half", async ({ page, hostPage, context }) => {
  await page.addInitScript(() => {
    (window as any).aborted = 0;
    const abort = XMLHttpRequest.prototype.abort;
    XMLHttpRequest.prototype.abort = function () {
      (window as any).aborted++;
      abort.call(this);
    };
  });
  await opened(page, hostPage.url());
  const network = await context.newCDPSession(page);
  await network.send("Network.enable");
  await network.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 300_000 });
  const large = (name: string) => ({ name, mimeType: "image/png", buffer: Buffer.concat([PIXEL, Buffer.alloc(1_500_000)]) });
  const picker = page.locator("parlor-chat input[type=file]");
  await picker.setInputFiles(large("large.png"));
  const progress = page.getByRole("progressbar", { name: "large.png" });
  const percent = () => progress.evaluate(bar => (bar as HTMLProgressElement).value);
  await expect.poll(percent).toBeGreaterThan(5);
  const before = await percent();
  expect(before).toBeLessThan(100);
  await expect.poll(percent).toBeGreaterThan(before);
  await shot(page, "progress");
  await input(page).fill("With a picture");
  await expect(send(page)).toHaveAttribute("aria-disabled", "true");
  await input(page).press("Enter");
  await expect(own(page)).toHaveCount(0);
  await page.getByRole("button", { name: "Remove large.png" }).click();
  expect(await page.evaluate(() => (window as any).aborted)).toBe(1);
  await expect(progress).toHaveCount(0);
  await expect(send(page)).toHaveAttribute("aria-disabled", "false");
  await expect(input(page)).toHaveValue("With a picture");
});

test("a site without uploads has no button, and what is dropped is the page's", async ({ page, hostPage }) => {
  await opened(page, hostPage.url({ upload: "off" }));
  await expect(page.getByRole("button", { name: "Attach a file" })).toBeHidden();
  expect(await give(page, "drop", [pixel("a.png")])).toBe(false);
  await expect(page.locator("parlor-chat .chip")).toHaveCount(0);
});
