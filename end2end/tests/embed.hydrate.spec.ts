// The widget on the pages of other people: strict, isolated, hostile, or simply with much to say in the tag.
import type { Page } from "@playwright/test";
import { accessible, expect, test } from "../fixtures";

const launcher = (page: Page) => page.getByRole("button", { name: "Open chat" });
const panel = (page: Page, name = "Chat") => page.getByRole("dialog", { name });
const stored = (page: Page) => page.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length]);
const warnings = (page: Page) => {
  const said: string[] = [];
  page.on("console", message => message.type() === "warning" && said.push(message.text()));
  return said;
};

test("a wrong value is ignored with one warning that says what is allowed", async ({ page, hostPage }) => {
  const said = warnings(page);
  await page.goto(
    hostPage.url({
      theme: "pink", position: "top", "accent-color": "red}*{display:none", "default-open": "perhaps", locale: "not a tag!",
      "user-identifier": "{broken", transport: "pigeon", upload: "maybe", mode: "modal", launcher: "gone", "api-url": "javascript:alert(1)",
    }),
  );
  await expect(launcher(page)).toBeVisible();
  expect(said).toHaveLength(11);
  for (const text of said) expect(text).toMatch(/^Parlor ignores data-[a-z-]+="[^]*"\. Allowed: .+\.$/);
  expect(said.find(text => text.includes("data-theme"))).toBe('Parlor ignores data-theme="pink". Allowed: auto, light, dark.');
  await launcher(page).click();
  await expect(panel(page)).toBeVisible();
});

test("an address of the server's API in the tag is reduced to the server", async ({ page, hostPage, gates, baseURL }) => {
  for (const path of ["/chat", "/api/chat", "/v1/chat/stream", "/"]) {
    gates.requests.length = 0;
    await page.goto(hostPage.url({ "api-url": baseURL + path }));
    await launcher(page).click();
    await expect(panel(page)).toBeVisible();
    const asked = gates.requests.map(url => new URL(url)).filter(url => url.pathname.startsWith("/v1/"));
    expect(asked[0].origin + asked[0].pathname, path).toBe(`${baseURL}/v1/widget/config`);
  }
});

test("what the page says before the tag is adopted, and calls before the panel is there are kept", async ({ page, hostPage, gates }) => {
  gates.allow(/the page's own fault/);
  await page.addInitScript(() => {
    const told = ((window as any).told = [] as unknown[]);
    (window as any).Parlor = {
      title: "From code",
      theme: "dark",
      plugins: [{ onInit: () => void told.push("init"), onWidgetOpen: () => void told.push("plugin open") }],
      ready(parlor: any) {
        told.push("ready");
        parlor.on("open", () => told.push("open"));
        parlor.on("open", () => {
          throw new Error("the page's own fault");
        });
        const off = parlor.on("open", () => told.push("never"));
        off();
        parlor.on("close", () => told.push("closed"));
        parlor.setContext({ page: "pricing" });
      },
    };
  });
  const faults: string[] = [];
  page.on("pageerror", error => faults.push(error.message));
  await page.goto(hostPage.url({ title: "From the tag", theme: "light" }));
  await expect(launcher(page)).toBeVisible();
  expect(await page.evaluate(() => (window as any).told)).toEqual(["ready"]);
  expect(await page.evaluate(() => (window as any).Parlor.open())).toBe(true);
  await expect(panel(page, "From code")).toBeVisible();
  expect(await panel(page, "From code").evaluate(dialog => getComputedStyle(dialog).colorScheme)).toBe("dark");
  await page.evaluate(() => (window as any).Parlor.close());
  await expect(panel(page, "From code")).toBeHidden();
  await expect.poll(() => page.evaluate(() => (window as any).told)).toEqual(["ready", "init", "open", "plugin open", "closed"]);
  expect(faults).toEqual(["the page's own fault"]);
  // A page without a second name, and a tag that stands there twice, is one widget.
  expect(await page.evaluate(() => Object.keys(window).filter(name => /parlor/i.test(name)))).toEqual(["Parlor"]);
});

test("without a launcher the page opens it, and a default-open panel takes no focus and stores nothing", async ({ page, hostPage }) => {
  await page.goto(hostPage.url({ launcher: "off" }));
  await page.waitForFunction(() => "Parlor" in window && document.querySelector("parlor-chat"));
  await expect(launcher(page)).toBeHidden();
  await page.evaluate(() => (window as any).Parlor.toggle());
  await expect(panel(page)).toBeVisible();

  await page.goto(hostPage.url({ "default-open": "true" }));
  await expect(panel(page)).toBeVisible();
  // On a phone it covers the page, which is then inert: there the focus is with what can be seen.
  expect(await page.evaluate(() => document.activeElement?.localName)).toBe(page.viewportSize()!.width > 480 ? "body" : "parlor-chat");
  expect(await stored(page)).toEqual(["", 0, 0]);
});

test("inline it is part of the page and is fetched when it comes into sight", async ({ page, hostPage, gates }) => {
  const fetched = () => gates.requests.some(url => url.endsWith(".wasm"));
  await page.goto(hostPage.url({ mode: "inline", target: "#below" }));
  await expect(page.locator("parlor-chat")).toBeAttached();
  expect(fetched()).toBe(false);
  await page.locator("#below").scrollIntoViewIfNeeded();
  const place = (await page.locator("#below").boundingBox())!;
  const shown = page.locator("parlor-chat").getByRole("textbox");
  await expect(shown).toBeVisible();
  expect(fetched()).toBe(true);
  const box = (await shown.boundingBox())!;
  expect(box.x).toBeGreaterThanOrEqual(place.x);
  expect(box.x + box.width).toBeLessThanOrEqual(place.x + place.width);
  await expect(launcher(page)).toBeHidden();
  expect(await stored(page)).toEqual(["", 0, 0]);
});

for (const variant of ["strict", "nonce", "isolated", "hostile"] as const) {
  test(`it works on a page that is ${variant}`, async ({ page, hostPage }) => {
    await page.goto(hostPage.url({ title: "Ask the shop", theme: "light" }, variant));
    const button = launcher(page);
    await expect(button).toBeVisible();
    expect(await button.boundingBox()).toMatchObject({ width: 56, height: 56 });
    expect(await button.evaluate(element => getComputedStyle(element).backgroundColor)).toBe("rgb(29, 107, 89)");
    await button.click();
    const opened = panel(page, "Ask the shop");
    await expect(opened).toBeVisible();
    const look = () =>
      opened.evaluate(dialog => {
        const style = getComputedStyle(dialog);
        return [style.backgroundColor, style.color, style.opacity, style.textTransform, style.letterSpacing, style.boxSizing];
      });
    // It fades in.
    await expect.poll(look).toEqual(["rgb(251, 250, 247)", "rgb(32, 30, 26)", "1", "none", "normal", "border-box"]);
    expect((await opened.boundingBox())!.width).toBeGreaterThan(300);
    expect(await page.evaluate(() => (window as any).spoiled)).toBeUndefined();
    await page.getByRole("textbox", { name: "Message" }).fill("Is it open? [[script:tokens=5]]");
    await page.keyboard.press("Enter");
    await expect(page.locator("parlor-chat article:not(.me) .bubble")).toHaveText("t0 t1 t2 t3 t4");
    await page.keyboard.press("Escape");
    await expect(opened).toBeHidden();
    await expect(button).toBeFocused();
  });
}

test("where the page forbids wasm the panel runs in a frame of the server", async ({ page, hostPage, gates }) => {
  // The browser reports what the page forbids; that is how the widget learns of it.
  gates.allow(/WebAssembly|wasm-unsafe-eval/);
  await page.goto(hostPage.url({ title: "In a frame", theme: "dark" }, "no-wasm"));
  await launcher(page).click();
  const frame = page.frameLocator("parlor-chat iframe");
  await expect(frame.getByRole("dialog", { name: "In a frame" })).toBeVisible();
  await expect(page.locator("parlor-chat iframe")).toHaveAttribute("title", "In a frame");
  expect(await frame.getByRole("dialog").evaluate(dialog => getComputedStyle(dialog).colorScheme)).toBe("dark");
  await frame.getByRole("textbox", { name: "Message" }).fill("Is it open? [[script:tokens=5]]");
  await frame.getByRole("textbox", { name: "Message" }).press("Enter");
  await expect(frame.locator("article:not(.me) .bubble")).toHaveText("t0 t1 t2 t3 t4");
  await expect(page.locator("parlor-chat .launch")).toHaveAttribute("aria-label", "Close chat");
  await frame.getByRole("dialog").press("Escape");
  await expect(page.locator("parlor-chat iframe")).toBeHidden();
  await expect(launcher(page)).toHaveAttribute("aria-expanded", "false");
  expect(await page.evaluate(() => (window as any).Parlor.open())).toBe(true);
  await expect(frame.getByRole("dialog")).toBeVisible();
  await page.evaluate(() => (window as any).Parlor.destroy());
  await expect(page.locator("parlor-chat")).toHaveCount(0);
});

test("when the server is down at load the page is whole and quiet", async ({ page, hostPage, gates }) => {
  gates.allow(/Failed to load resource|foreign request: http:\/\/127.0.0.1:9\//);
  const faults: string[] = [];
  page.on("pageerror", error => faults.push(String(error)));
  await page.goto(hostPage.url({}, "strict", "http://127.0.0.1:9"));
  await expect(page.getByRole("heading", { name: "A shop somewhere" })).toBeVisible();
  await page.getByLabel("Search").fill("still works");
  expect(await page.evaluate(() => ["Parlor" in window, document.querySelectorAll("parlor-chat").length])).toEqual([false, 0]);
  expect(faults).toEqual([]);
});

test("texts and addresses in the tag are never markup and never code", async ({ page, hostPage }) => {
  const evil = "javascript:window.spoiled=1";
  const markup = '"><img src=x onerror=window.spoiled=1>';
  await page.goto(
    hostPage.url({
      title: markup, "welcome-message": `[here](${evil}) ${markup}`, "input-placeholder": markup, "upload-url": evil,
      "user-identifier": JSON.stringify({ email: markup, site: evil }), "user-token": "",
    }),
  );
  await launcher(page).click();
  await expect(panel(page, markup)).toBeVisible();
  expect(await page.locator("parlor-chat").evaluate(host => host.shadowRoot!.querySelectorAll("img, script, [onerror], a[href^='javascript' i]").length)).toBe(0);
  expect(await page.evaluate(() => (window as any).spoiled)).toBeUndefined();
});

test("right-to-left in Arabic, and the launcher speaks the visitor's language", async ({ page, hostPage }) => {
  await page.goto(hostPage.url({ locale: "ar", title: "دردشة" }));
  await page.getByRole("button", { name: "فتح الدردشة" }).click();
  await expect(panel(page, "دردشة")).toBeVisible();
  expect(await panel(page, "دردشة").evaluate(dialog => getComputedStyle(dialog).direction)).toBe("rtl");
  await accessible(page, "parlor-chat");
  await page.goto(hostPage.url({ locale: "de-CH" }));
  await expect(page.getByRole("button", { name: "Chat öffnen" })).toBeVisible();
});
