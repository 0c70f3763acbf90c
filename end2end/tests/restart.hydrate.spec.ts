// The server dies in the middle of a reply and comes back: the page says so, and goes on.
import { expect, newUser, test } from "../fixtures";
import { ask, composer, replies, settled } from "../fixtures/chat";

test("a server that dies and comes back is reconnected to, and nothing that was seen is lost", async ({ page, playwright, ownServer, gates }) => {
  test.slow();
  gates.allow(/Failed to load resource|net::ERR|ERR_/);
  const server = await ownServer();
  const user = await newUser(playwright, server.url);
  await page.goto(`${server.url}/login`);
  await page.getByLabel("E-mail or username").fill(user.email);
  await page.getByLabel("Password", { exact: true }).fill(user.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(composer(page)).toBeVisible();
  await ask(page, "[[script:tokens=5000&delay=20]]");
  await expect(replies(page)).toContainText("t20 ");
  const seen = (await replies(page).locator(".reply").innerText()).match(/t\d+/g)!;

  await server.kill();
  const status = page.getByRole("status").filter({ hasText: "Reconnecting…" });
  await expect(status).toBeVisible();
  // What was written stays on the page, and what is typed meanwhile too.
  await expect(replies(page)).toContainText("t20 ");
  await composer(page).fill("typed in between");

  await server.start();
  await expect(status).toHaveCount(0, { timeout: 30_000 });
  await expect(replies(page).getByText(/What arrived is kept/)).toBeVisible();
  await expect(composer(page)).toHaveValue("typed in between");
  const kept = (await replies(page).locator(".reply").innerText()).match(/t\d+/g)!;
  expect(kept.slice(0, seen.length)).toEqual(seen);
  expect(kept).toEqual(kept.map((_, index) => `t${index}`));

  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByRole("button", { name: "Stop" })).toBeVisible();
  await page.getByRole("button", { name: "Stop" }).click();
  await settled(page);
  const whole = (await replies(page).locator(".reply").innerText()).match(/t\d+/g)!;
  expect(whole.slice(0, kept.length)).toEqual(kept);
});

test("a message that is sent while the server is away is kept, and goes out with Retry", async ({ page, playwright, ownServer, gates }) => {
  test.slow();
  gates.allow(/Failed to load resource|net::ERR|ERR_/);
  const server = await ownServer();
  const user = await newUser(playwright, server.url);
  await page.goto(`${server.url}/login`);
  await page.getByLabel("E-mail or username").fill(user.email);
  await page.getByLabel("Password", { exact: true }).fill(user.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await ask(page, "Before");
  await settled(page);
  await server.kill();
  await ask(page, "In between");
  await expect(page.getByText("Not sent.")).toBeVisible();
  await server.start();
  await page.getByRole("button", { name: "Retry" }).click();
  await expect(replies(page)).toHaveCount(2);
  await settled(page);
  await expect(replies(page).last()).toContainText("In between");
  await expect(page.locator(".message.me")).toHaveCount(2);
});
