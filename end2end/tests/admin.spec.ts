// The administration of sites. All of it works without JavaScript; what only scripts add is tested where they run.
import { expect, test } from "../fixtures";
import { makeSite, section } from "../fixtures/admin";

test("the account's menu leads administrators there, and nobody else", async ({ page, admin, javaScriptEnabled }) => {
  expect(admin.username).toBeTruthy();
  await page.goto("/");
  if (javaScriptEnabled !== false) {
    // On a phone the list of chats is a sheet.
    const sheet = page.getByRole("button", { name: "Open the list of chats" });
    if (await sheet.isVisible()) await sheet.click();
    await page.getByRole("button", { name: /Grace/ }).click();
    await page.getByRole("menuitem", { name: "Sites" }).click();
  } else {
    await page.getByRole("link", { name: "Sites" }).click();
  }
  await expect(page.getByRole("heading", { name: "Sites", level: 1 })).toBeVisible();
});

test("somebody else finds nothing there", async ({ page, account, gates }) => {
  expect(account.username).toBeTruthy();
  gates.allow(/404/);
  const answer = await page.goto("/admin/sites");
  expect(answer?.status()).toBe(404);
});

test("nobody is asked to log in, and comes back", async ({ page }) => {
  await page.goto("/admin/sites");
  await expect(page).toHaveURL(/\/login\?next=\/admin\/sites/);
});

test("a site is made, and each section saves its own", async ({ page, admin }) => {
  expect(admin.username).toBeTruthy();
  await makeSite(page);
  const look = section(page, "Look and words");
  await look.getByLabel("Title").fill("Ask us");
  await look.getByLabel("Accent colour").fill("#0F766E");
  await look.getByRole("button", { name: "Save" }).click();
  await expect(look.getByRole("status")).toHaveText("Saved.");
  await expect(look.getByLabel("Title")).toHaveValue("Ask us");
  await expect(look.getByLabel("Accent colour")).toHaveValue("#0f766e");

  const general = section(page, "Where and who");
  await general.getByLabel("Visitors with a token that the site's own server signed").check();
  await general.getByRole("button", { name: "Save" }).click();
  await expect(general.getByRole("status")).toHaveText("Saved.");
  await expect(general.getByLabel("Visitors with a token that the site's own server signed")).toBeChecked();
  await expect(general.getByLabel("Origins")).toHaveValue("https://shop.example");
  await expect(look.getByLabel("Title")).toHaveValue("Ask us");
});

test("a wrong value is told at its field, and nothing that was typed is lost", async ({ page, admin, gates }) => {
  expect(admin.username).toBeTruthy();
  gates.allow(/400/); // the browser's own line about the answer
  await makeSite(page);
  const general = section(page, "Where and who");
  await general.getByLabel("Origins").fill("https://shop.example\nhttps://Shop.example/path");
  await general.getByLabel("Name").fill("Another name");
  await general.getByRole("button", { name: "Save" }).click();
  await expect(general.getByRole("alert")).toContainText("Nothing was saved.");
  await expect(general.getByLabel("Name")).toHaveValue("Another name");
  const origins = general.getByLabel("Origins");
  await expect(origins).toHaveValue("https://shop.example\nhttps://Shop.example/path");
  await expect(origins).toHaveAttribute("aria-invalid", "true");
  await expect(origins).toHaveAccessibleDescription(/Write https:\/\/shop\.example/);
});

test("a new key lets the old one hold for a day, or ends it", async ({ page, admin, request }) => {
  expect(admin.username).toBeTruthy();
  await makeSite(page);
  const keys = section(page, "Keys");
  const key = (await keys.getByRole("listitem").first().locator("code").textContent())!;
  const answers = async (key: string) =>
    (await request.get("/v1/widget/config", { headers: { "X-Widget-Api-Key": key } })).status();
  await keys.getByRole("button", { name: "Make a new key", exact: true }).click();
  await expect(keys.getByRole("listitem")).toHaveCount(2);
  await expect(keys.getByText("Holds until")).toBeVisible();
  expect(await answers(key)).toBe(200);
  await keys.getByRole("button", { name: "End now" }).click();
  await expect(keys.getByRole("listitem")).toHaveCount(1);
  expect(await answers(key)).toBe(401);
});

test("the secret is shown when it is asked for, and a site goes when it is meant", async ({ page, admin }) => {
  expect(admin.username).toBeTruthy();
  const name = await makeSite(page);
  const identity = section(page, "Verified identity");
  await expect(identity.locator("code")).toHaveCount(0);
  await identity.getByRole("button", { name: "Show the secret" }).click();
  await expect(identity.locator("code")).toHaveText(/^[\w-]{44}$/);
  const remove = section(page, "Delete");
  await remove.getByRole("checkbox").check();
  await remove.getByRole("button", { name: "Delete the site" }).click();
  await expect(page.getByRole("status")).toHaveText("The site was deleted.");
  await expect(page.getByRole("link", { name })).toHaveCount(0);
});

test("a form that is sent after the log-in ran out is kept", async ({ page, admin, context, gates, javaScriptEnabled }) => {
  expect(admin.username).toBeTruthy();
  gates.allow(/401/);
  await makeSite(page);
  const access = (await context.cookies()).filter(cookie => /(^|-)at$/.test(cookie.name));
  expect(access).toHaveLength(1);
  await context.clearCookies({ name: access[0]!.name });
  const look = section(page, "Look and words");
  await look.getByLabel("Title").fill("Typed for long");
  await look.getByRole("button", { name: "Save" }).click();
  // A script renews the log-in before it sends the form; without one, there is a step in between.
  if (javaScriptEnabled === false) await page.getByRole("button", { name: "Send it again" }).click();
  await expect(look.getByRole("status")).toHaveText("Saved.");
  await expect(look.getByLabel("Title")).toHaveValue("Typed for long");
});

test("the reference of the API can be read", async ({ page }) => {
  await page.goto("/v1");
  await expect(page.getByRole("heading", { name: "API reference" })).toBeVisible();
  await expect(page.getByText("/v1/widget/config").first()).toBeVisible();
});
