import { expect, logIn, someone, test } from "../fixtures";

const composer = "Message";

test("someone signs up and is in a chat", async ({ page }) => {
  const person = someone();
  await page.goto("/signup");
  await page.getByLabel("Username").fill(person.username);
  await page.getByLabel("First name").fill(person.firstName);
  await page.getByLabel("Last name").fill(person.lastName);
  await page.getByLabel("E-mail").fill(person.email);
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("textbox", { name: composer })).toBeVisible();
  await expect(page.getByText(`Hello ${person.firstName}`)).toBeVisible();
});

test("an account logs in with its e-mail, and with its username", async ({ page, user, context }) => {
  for (const name of [user.email, user.username]) {
    await context.clearCookies();
    await logIn(page, user, name);
    await expect(page.getByRole("textbox", { name: composer })).toBeVisible();
  }
});

test("a wrong password says so, keeps the name and tells nothing about the account", async ({ page, user, gates }) => {
  gates.allow(/401/); // the browser's own line about the answer
  const wrong = async (name: string) => {
    await page.goto("/login");
    await page.getByLabel("E-mail or username").fill(name);
    await page.getByLabel("Password", { exact: true }).fill("not the password");
    await page.getByRole("button", { name: "Log in" }).click();
    const alert = page.getByRole("alert").filter({ hasText: /\S/ });
    await expect(alert).toBeVisible();
    await expect(page.getByLabel("E-mail or username")).toHaveValue(name);
    return alert.textContent();
  };
  const known = await wrong(user.email);
  expect(await wrong(someone().email)).toBe(known);
});

test("a page that needs an account leads to the log-in and back", async ({ page, user }) => {
  await page.goto("/settings");
  await expect(page).toHaveURL(/\/login\?next=\/settings/);
  await page.getByLabel("E-mail or username").fill(user.email);
  await page.getByLabel("Password", { exact: true }).fill(user.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page).toHaveURL(/\/settings/);
});

test("a link to another site is not followed after the log-in", async ({ page, user, baseURL }) => {
  await page.goto("/login?next=//example.org/");
  await page.getByLabel("E-mail or username").fill(user.email);
  await page.getByLabel("Password", { exact: true }).fill(user.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByRole("textbox", { name: composer })).toBeVisible();
  expect(new URL(page.url()).origin).toBe(new URL(baseURL!).origin);
});

test("the session's cookies cannot be read by scripts and leave with no one else", async ({ page, context, user }) => {
  await logIn(page, user);
  const cookies = await context.cookies();
  const session = cookies.filter(cookie => !/theme/.test(cookie.name));
  expect(session.length).toBeGreaterThanOrEqual(2);
  for (const cookie of session) {
    expect(cookie.httpOnly, cookie.name).toBe(true);
    expect(cookie.sameSite, cookie.name).toMatch(/Lax|Strict/);
  }
});

test("log out ends the session", async ({ page, account }) => {
  expect(account.email).toBeTruthy();
  await page.goto("/settings");
  await page.getByRole("button", { name: "Log out" }).click();
  await expect(page).toHaveURL(/\/login/);
  await page.goto("/settings");
  await expect(page).toHaveURL(/\/login/);
});

test("a new password ends the other sessions and keeps this one", async ({ page, account, browser, baseURL }) => {
  const elsewhere = await browser.newContext({ baseURL });
  const other = await elsewhere.newPage();
  await logIn(other, account);

  await page.goto("/settings");
  await page.getByLabel("Current password", { exact: true }).fill(account.password);
  const password = `${account.password}, changed`;
  await page.getByLabel("New password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByRole("status").filter({ hasText: /password/i }).first()).toBeVisible();
  await page.goto("/settings");
  await expect(page).toHaveURL(/\/settings/);

  await other.goto("/settings");
  await expect(other).toHaveURL(/\/login/);
  await logIn(other, { ...account, password });
  await elsewhere.close();
});

test("a deleted account is gone", async ({ page, account, gates }) => {
  gates.allow(/401/); // the browser's own line about the log-in that is refused
  await page.goto("/settings/data");
  await page.getByLabel("Password", { exact: true }).fill(account.password);
  await page.getByLabel("Confirmation").fill("delete");
  await page.getByRole("button", { name: "Delete my account" }).click();
  await expect(page).toHaveURL(/\/(login|signup)/);
  await page.goto("/login");
  await page.getByLabel("E-mail or username").fill(account.email);
  await page.getByLabel("Password", { exact: true }).fill(account.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.getByRole("alert").filter({ hasText: /\S/ })).toBeVisible();
});
