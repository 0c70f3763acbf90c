// The panel's second part, which is loaded after a visitor can type: what happens until it is there, or where it is not.
import type { Page } from "@playwright/test";
import { accessible, expect, test } from "../fixtures";

const LATER = /\/widget\/widget-later-[0-9a-f]+\.wasm$/;
const input = (page: Page) => page.getByRole("textbox", { name: "Message" });
const own = (page: Page) => page.locator("parlor-chat article.me .bubble");

async function opened(page: Page, url: string) {
  await page.goto(url);
  await page.getByRole("button", { name: "Open chat" }).click();
  await expect(input(page)).toBeFocused();
}

test("where the second part cannot be had the visitor is told and types on, and it is asked for again", async ({ page, hostPage, gates }) => {
  gates.allow(/Failed to load resource/);
  await page.route(LATER, route => route.abort());
  await opened(page, hostPage.url({ "welcome-message": "Good day" }));
  const told = page.getByRole("alert");
  await expect(told).toContainText("The server cannot be reached.");
  await input(page).pressSequentially("Hello [[script:tokens=3]]");
  await input(page).press("Enter");
  // It is not lost: it stands where it was written until it can go.
  await expect(input(page)).toHaveValue("Hello [[script:tokens=3]]");
  await accessible(page);

  await page.unroute(LATER);
  await told.getByRole("button", { name: "Try again" }).click();
  await expect(told).toHaveCount(0);
  await expect(page.getByRole("log")).toContainText("Good day");
  await expect(own(page)).toHaveText("Hello [[script:tokens=3]]");
  await expect(page.locator("parlor-chat article:not(.me) .bubble")).toHaveText("t0 t1 t2");
  await expect(input(page)).toHaveValue("");
});

test("it is asked for again by itself, and a menu that was wanted meanwhile opens", async ({ page, hostPage, gates }) => {
  gates.allow(/Failed to load resource/);
  let refusals = 0;
  await page.route(LATER, route => (refusals++ < 1 ? route.fulfill({ status: 503 }) : route.continue()));
  await opened(page, hostPage.url());
  await expect(page.getByRole("alert")).toBeVisible();
  await page.getByRole("button", { name: "More" }).click();
  await expect(page.getByRole("menuitem", { name: "Talk to a person" })).toBeVisible();
  await expect(page.getByRole("alert")).toHaveCount(0);
  expect(refusals).toBe(2);
});

test("a panel that is closed and destroyed before the second part comes leaves nothing behind", async ({ page, hostPage }) => {
  let release = () => {};
  const held = new Promise<void>(resolve => (release = resolve));
  await page.route(LATER, async route => {
    await held;
    await route.continue();
  });
  await opened(page, hostPage.url());
  const asked = page.waitForResponse(LATER);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  await page.evaluate(() => (window as any).Parlor.destroy());
  release();
  await asked;
  await expect(page.locator("parlor-chat")).toHaveCount(0);
});

test("where a site wants an account the panel asks for one, and goes on when it has it", async ({ page, hostPage }) => {
  await page.route("**/v1/widget/config*", async route => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), who: "account" } });
  });
  // The tests' site lets anyone chat, so its pages may not use accounts by themselves: they go as a program's requests.
  await page.route("**/auth/*", async route => {
    const answer = await page.request.post(route.request().url(), { data: route.request().postDataJSON() });
    await route.fulfill({ response: answer, headers: { ...answer.headers(), "access-control-allow-origin": "*" } });
  });
  await page.goto(hostPage.url());
  await page.getByRole("button", { name: "Open chat" }).click();
  const form = page.getByRole("form", { name: "Log in" });
  await expect(form.getByLabel("Password")).toBeVisible();
  await expect(input(page)).toBeHidden();
  await accessible(page);
  await form.getByRole("button", { name: "Create an account" }).click();
  const up = page.getByRole("form", { name: "Sign up" });
  await up.getByRole("button", { name: "Sign up" }).click();
  await expect(up.getByRole("alert")).toHaveText("Please fill in every field.");
  await up.getByLabel("Name").fill("Ada");
  await up.getByLabel("E-mail").fill(`ada-${crypto.randomUUID()}@example.com`);
  await up.getByLabel("Password").fill("nine green lanterns hum");
  await up.getByRole("button", { name: "Sign up" }).click();
  await expect(input(page)).toBeFocused();
  await input(page).fill("Hello [[script:tokens=3]]");
  await input(page).press("Enter");
  await expect(page.locator("parlor-chat article:not(.me) .bubble")).toHaveText("t0 t1 t2");
});
