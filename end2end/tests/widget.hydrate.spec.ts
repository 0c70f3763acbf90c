import type { Page } from "@playwright/test";
import { accessible, expect, test } from "../fixtures";

const launcher = (page: Page) => page.getByRole("button", { name: "Open chat" });
const panel = (page: Page, name = "Chat") => page.getByRole("dialog", { name });

test("a visitor opens the panel and closes it with Escape", async ({ page, hostPage }) => {
  await page.goto(hostPage.url({ title: "Ask the shop" }));
  await launcher(page).click();
  await expect(panel(page, "Ask the shop")).toBeVisible();
  await expect(page.getByRole("textbox", { name: "Message" })).toBeFocused();

  await page.keyboard.press("Escape");
  await expect(panel(page, "Ask the shop")).toBeHidden();
  await expect(launcher(page)).toBeFocused();
  await expect(launcher(page)).toHaveAttribute("aria-expanded", "false");
});

test("the keyboard alone is enough", async ({ page, hostPage }) => {
  await page.goto(hostPage.url());
  await launcher(page).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("textbox", { name: "Message" })).toBeFocused();
  // Back from the input: what scrolls, then the head's last button.
  await page.keyboard.press("Shift+Tab");
  await expect(page.getByRole("log")).toBeFocused();
  await page.keyboard.press("Shift+Tab");
  await expect(page.getByRole("button", { name: "Close", exact: true })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(panel(page)).toBeHidden();
  await expect(launcher(page)).toBeFocused();
  await page.keyboard.press("Space");
  await expect(panel(page)).toBeVisible();
});

test("nothing is asked for before the visitor acts, and nothing is stored", async ({ page, hostPage, gates, baseURL }) => {
  const ours = () => gates.requests.filter(url => url.startsWith(baseURL!)).map(url => new URL(url).pathname);
  await page.goto(hostPage.url(), { waitUntil: "networkidle" });
  await expect(launcher(page)).toBeVisible();
  expect(ours()).toEqual(["/widget/chat-widget.js"]);

  await launcher(page).focus();
  await expect.poll(() => ours().length).toBe(5);
  expect(ours().slice(1).map(path => path.replace(/-[0-9a-f]{16}/, "")).sort()).toEqual([
    "/v1/widget/config", "/widget/widget-later.wasm", "/widget/widget.js", "/widget/widget.wasm",
  ]);
  await expect(panel(page)).toBeHidden();
  expect(await page.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length])).toEqual(["", 0, 0]);
});

test("the page around the widget stays as it was", async ({ page, hostPage, gates }) => {
  // Everything but the widget's own element, as text, and what the window knows.
  const around = () =>
    page.evaluate(() => {
      const copy = document.documentElement.cloneNode(true) as Element;
      copy.querySelectorAll("parlor-chat").forEach(element => element.remove());
      return { markup: copy.outerHTML, names: Object.keys(window).filter(name => name !== "Parlor"), sheets: document.adoptedStyleSheets.length };
    });
  gates.allow(/Failed to load resource/);
  await page.route("**/widget/chat-widget.js", route => route.abort());
  await page.goto(hostPage.url());
  const before = await around();
  await page.unroute("**/widget/chat-widget.js");
  await page.goto(hostPage.url());
  await launcher(page).click();
  await expect(panel(page)).toBeVisible();
  expect(await around()).toEqual(before);
  await page.keyboard.press("Escape");
  await page.evaluate(() => (window as any).Parlor.destroy());
  expect(await around()).toEqual(before);
  await expect(page.locator("parlor-chat")).toHaveCount(0);
  expect(await page.evaluate(() => "Parlor" in window)).toBe(false);
});

test("a page opens, closes and toggles it by its one name", async ({ page, hostPage }) => {
  await page.goto(hostPage.url());
  await expect(launcher(page)).toBeVisible();
  const call = (name: string) => page.evaluate(name => (window as any).Parlor[name](), name);
  await call("open");
  await expect(panel(page)).toBeVisible();
  await call("close");
  await expect(panel(page)).toBeHidden();
  await call("toggle");
  await expect(panel(page)).toBeVisible();
  await call("toggle");
  await expect(panel(page)).toBeHidden();
});

test("colour, side and scheme come from the tag", async ({ page, hostPage }) => {
  const background = () => launcher(page).evaluate(button => getComputedStyle(button).backgroundColor);
  const ink = () => launcher(page).evaluate(button => getComputedStyle(button).color);
  await page.goto(hostPage.url({ "accent-color": "#ffcc00", position: "left", theme: "dark" }));
  await expect(launcher(page)).toBeVisible();
  expect(await background()).toBe("rgb(255, 204, 0)");
  expect(await ink()).toMatch(/^oklch\(0 0 /);
  expect((await launcher(page).boundingBox())!.x).toBe(20);
  await launcher(page).click();
  await expect(panel(page)).toBeVisible();
  expect(await panel(page).evaluate(dialog => getComputedStyle(dialog).backgroundColor)).toBe("rgb(23, 22, 20)");

  // What is no colour changes nothing, and is not markup.
  await page.goto(hostPage.url({ "accent-color": "red}*{display:none", title: "<img src=x onerror=alert(1)>" }));
  await expect(launcher(page)).toBeVisible();
  expect(await background()).toBe("rgb(29, 107, 89)");
  await launcher(page).click();
  await expect(panel(page, "<img src=x onerror=alert(1)>")).toBeVisible();
});

for (const scheme of ["light", "dark"] as const) {
  test(`the panel is accessible in ${scheme}`, async ({ page, hostPage, context }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto(hostPage.url({ title: "Ask the shop" }));
    await launcher(page).click();
    await expect(panel(page, "Ask the shop")).toBeVisible();
    await accessible(page, "parlor-chat");
  });
}

test("on a phone the panel covers the page and the page behind it cannot be reached", async ({ page, hostPage }) => {
  await page.setViewportSize({ width: 390, height: 700 });
  await page.goto(hostPage.url());
  await launcher(page).click();
  await expect(panel(page)).toBeVisible();
  // It slides in.
  await expect.poll(() => panel(page).boundingBox()).toEqual({ x: 0, y: 0, width: 390, height: 700 });
  await page.locator("a").evaluate(link => link.focus());
  expect(await page.evaluate(() => document.activeElement?.localName)).toBe("parlor-chat");
  await page.getByRole("button", { name: "Close", exact: true }).click();
  await expect(panel(page)).toBeHidden();
  await expect(launcher(page)).toBeFocused();
});

test("when our server is down the page does not notice", async ({ page, hostPage, gates }) => {
  gates.allow(/Failed to load resource/);
  await page.goto(hostPage.url());
  await expect(launcher(page)).toBeVisible();
  await page.route("**/widget/widget-*", route => route.abort());
  await launcher(page).click();
  await expect(page.getByRole("status")).toHaveText("The chat cannot be reached right now.");
  await expect(launcher(page)).toBeEnabled();

  // And the next try works when it is back.
  await page.unroute("**/widget/widget-*");
  await launcher(page).click(); // puts the note away
  await launcher(page).click();
  await expect(panel(page)).toBeVisible();
});

test("a panic ends the panel, not the page, and the next click starts afresh", async ({ page, hostPage, gates }) => {
  gates.allow(/unreachable|Failed to load resource/);
  await page.goto(hostPage.url());
  // A panel that panics at once: it tells the loader as the real hook does, and traps.
  await page.route(/\/widget\/widget-[0-9a-f]+\.js$/, route =>
    route.fulfill({
      contentType: "text/javascript",
      headers: { "Access-Control-Allow-Origin": "*" },
      body: "export const start = async shell => { shell.failed(); throw new WebAssembly.RuntimeError('unreachable') }",
    }),
  );
  await launcher(page).click();
  await expect(page.getByRole("status")).toContainText("cannot be reached");
  await expect(page.getByRole("heading", { name: "A shop somewhere" })).toBeVisible();
  await launcher(page).click();
  await launcher(page).click();
  await expect(panel(page)).toBeVisible();
});
