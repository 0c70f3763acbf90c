// What scripts add to the administration of sites, and what only a script can judge.
import { accessible, expect, test } from "../fixtures";
import { makeSite, section } from "../fixtures/admin";

test("the preview follows what is typed, and the tag is copied", async ({ page, admin, context }) => {
  expect(admin.username).toBeTruthy();
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await makeSite(page);
  await section(page, "Look and words").getByLabel("Title").fill("Ask the roaster");
  const preview = page.frameLocator("#preview");
  await expect(preview.locator("script[data-title='Ask the roaster']")).toBeAttached();
  await expect(preview.getByRole("heading", { name: "Coffee of the week" })).toBeVisible();
  const tag = section(page, "The tag");
  await tag.getByRole("button", { name: "Copy" }).first().click();
  await expect(tag.getByRole("button", { name: "Copied" })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^<script src="http.*data-api-key="pk_/);
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`the list and the page of a site are accessible, ${colorScheme}`, async ({ page, admin }) => {
    expect(admin.username).toBeTruthy();
    await page.emulateMedia({ colorScheme });
    await page.goto("/admin/sites");
    await accessible(page);
    await makeSite(page);
    await accessible(page, "main");
  });

  test(`the reference of the API is accessible, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    await page.goto("/v1");
    await accessible(page);
  });

  test(`the made-up shop is accessible, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    await page.goto("/widget/demo");
    await accessible(page, "main");
  });
}
