import { accessible, expect, test } from "../fixtures";

for (const scheme of ["light", "dark"] as const) {
  for (const path of ["/login", "/signup"]) {
    test(`${path} is accessible in ${scheme}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.goto(path);
      await expect(page.getByRole("button", { name: /Log in|Create account/ })).toBeVisible();
      await accessible(page);
    });
  }

  test(`a chat is accessible in ${scheme}`, async ({ page, account }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto("/chat/new");
    await expect(page.getByText(`Hello ${account.firstName}`)).toBeVisible();
    await accessible(page);
    await page.getByRole("textbox", { name: "Message" }).fill("A table, a list and `code`, please");
    await page.getByRole("button", { name: "Send" }).click();
    await expect(page.getByText("The first message was:", { exact: true })).toBeVisible();
    await expect(page.getByRole("button", { name: "Send" })).toBeVisible();
    await accessible(page);
  });
}
