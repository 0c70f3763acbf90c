// What scripts add to the administration of sites, and what only a script can judge.
import { accessible, expect, test } from "../fixtures";
import { makeSite, section } from "../fixtures/admin";

test("the preview follows what is typed, and the tag is copied", async ({ page, admin, context }) => {
  expect(admin.username).toBeTruthy();
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await makeSite(page);
  const look = section(page, "Look and words");
  await look.getByLabel("Title").fill("Ask the roaster");
  await look.getByLabel("Suggested questions").fill("When do you roast?\n\nWhat is decaf?");
  await look.getByLabel("Custom style").fill("h2 { text-transform: uppercase }");
  await look.getByLabel("When a person answers").fill("On Thursdays.");
  const preview = page.frameLocator("#preview");
  await expect(preview.getByRole("dialog", { name: "Ask the roaster" })).toBeVisible();
  await expect(preview.getByRole("button", { name: "What is decaf?" })).toBeVisible();
  await expect(preview.getByRole("heading", { name: "Ask the roaster" })).toHaveCSS("text-transform", "uppercase");
  await expect(look.locator("#away")).toHaveText("On Thursdays.");
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
