// Servers where not everybody can sign up, and Guide with its manual.
import type { Page } from "@playwright/test";
import { accessible, expect, someone, test, type User } from "../fixtures";

async function fill(page: Page, person: User) {
  await page.getByLabel("Username").fill(person.username);
  await page.getByLabel("E-mail").fill(person.email);
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await page.getByRole("button", { name: "Create account" }).click();
}

test("where sign-up is closed the first account can be made, and no other", async ({ page, context, ownServer, javaScriptEnabled }) => {
  const server = await ownServer({ PARLOR_SIGNUP: "closed" });
  await page.goto(`${server.url}/signup`);
  await fill(page, someone());
  await expect(page.getByRole("textbox", { name: "Message" })).toBeVisible();
  await context.clearCookies();
  await page.goto(`${server.url}/signup`);
  await expect(page.getByText("Ask the person who runs this server for an account.")).toBeVisible();
  await expect(page.getByRole("textbox")).toHaveCount(0);
  await page.getByRole("link", { name: "Log in" }).click();
  await expect(page.getByRole("heading", { name: "Log in" })).toBeVisible();
  await expect(page.getByRole("link", { name: "Sign up" })).toHaveCount(0);
  if (javaScriptEnabled !== false) await accessible(page);
});

test("where sign-up is by invitation a code opens it, once", async ({ page, context, ownServer, gates, javaScriptEnabled }) => {
  gates.allow(/status of 403/);
  const server = await ownServer({ PARLOR_SIGNUP: "invite" });
  await page.goto(`${server.url}/signup`);
  await fill(page, someone());
  await expect(page.getByRole("textbox", { name: "Message" })).toBeVisible();
  const code = (await server.command("user", "invite")).split("\n")[0];

  await context.clearCookies();
  await page.goto(`${server.url}/signup`);
  await page.getByLabel("Invitation code").fill("not-a-code");
  const person = someone();
  await fill(page, person);
  await expect(page.getByText("Signing up needs an invitation that has not been used.")).toBeVisible();
  await expect(page.getByLabel("Invitation code")).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByLabel("E-mail")).toHaveValue(person.email);
  if (javaScriptEnabled !== false) await accessible(page);

  await page.goto(`${server.url}/signup?invite=${code}`);
  await expect(page.getByLabel("Invitation code")).toHaveValue(code);
  await fill(page, person);
  await expect(page.getByRole("textbox", { name: "Message" })).toBeVisible();
  await context.clearCookies();
  await page.goto(`${server.url}/signup?invite=${code}`);
  await fill(page, someone());
  await expect(page.getByText("Signing up needs an invitation that has not been used.")).toBeVisible();
});

test("a source that Guide names leads to its place in the manual", async ({ page, ownServer, javaScriptEnabled }) => {
  const server = await ownServer({ PARLOR_MODEL_URL: "", PARLOR_MODEL_NAME: "", PARLOR_MODEL_KEY: "" });
  await page.goto(`${server.url}/signup`);
  await fill(page, someone());
  await page.getByRole("textbox", { name: "Message" }).fill("How do I restore a backup?");
  await page.getByRole("button", { name: "Send" }).click();
  await expect(page).toHaveURL(/\/chat\/[0-9a-f-]{36}$/);
  const source = page.getByRole("link", { name: /^Source 1/ }).first();
  await expect(async () => {
    if (javaScriptEnabled === false) await page.reload();
    await expect(source).toBeVisible({ timeout: 1000 });
  }).toPass();
  await source.click();
  await expect(page).toHaveURL(/\/docs\/backup#restore-a-backup$/);
  await expect(page.getByRole("heading", { level: 2, name: "Restore a backup" })).toBeInViewport();
  await expect(page.getByRole("heading", { level: 1 })).not.toBeInViewport();
});
