// How the pages at /admin/sites look and read in the states that a site's owner meets.
import type { Page } from "@playwright/test";
import { accessible, expect, test } from "../fixtures";
import { makeSite, section } from "../fixtures/admin";
import { ADMIN } from "../fixtures/users";

/** Nothing is wider than the page, and a finger finds what is pressed. */
async function tidy(page: Page) {
  const faults = await page.evaluate(() => {
    const least = matchMedia("(pointer: coarse)").matches ? 44 : 24;
    const name = (element: Element) => `${element.localName}.${element.className} ${element.textContent!.slice(0, 30)}`;
    const shown = (element: Element) => element.checkVisibility() && element.getBoundingClientRect().width > 1;
    const wide = [...document.querySelectorAll("main *, nav *")].filter(element => {
      const { left, right } = element.getBoundingClientRect();
      return shown(element) && !element.closest("pre") && (left < -1 || right > innerWidth + 1);
    });
    const small = [...document.querySelectorAll("main button, main input:not([type=checkbox], [type=radio]), main select, main textarea, main label.tick, main summary, nav a")].filter(
      element => shown(element) && element.getBoundingClientRect().height < least - 0.5,
    );
    return [...wide.map(element => `too wide: ${name(element)}`), ...small.map(element => `too small: ${name(element)}`)];
  });
  expect(faults).toEqual([]);
}

const LONG = "A site whose name is longer than any list, Donaudampfschifffahrtsgesellschaft";
const origins = Array.from({ length: 14 }, (_, index) => `https://shop-number-${index}.a-rather-long-domain.example`);

for (const colorScheme of ["light", "dark"] as const) {
  test(`a site with a long name, many origins, a wrong value and two keys is tidy, ${colorScheme}`, async ({ page, admin, gates }) => {
    expect(admin.username).toBeTruthy();
    gates.allow(/400/); // the browser's own line about the answer
    test.slow();
    await page.emulateMedia({ colorScheme });
    await makeSite(page, origins.join("\n"));
    const general = section(page, "Where and who");
    await general.getByLabel("Name").fill(LONG);
    await general.getByRole("button", { name: "Save" }).click();
    await expect(general.getByRole("status")).toHaveText("Saved.");
    await section(page, "Keys").getByRole("button", { name: "Make a new key", exact: true }).click();
    await expect(section(page, "Keys").getByRole("status")).toContainText("Put that tag on your pages");
    await expect(section(page, "Keys").getByText("In the tag")).toHaveCount(1);
    await tidy(page);
    await accessible(page);
    await general.getByLabel("Origins").fill(`https://Shop.example/${"path".repeat(40)}`);
    await general.getByRole("button", { name: "Save" }).click();
    await expect(general.getByRole("alert")).toContainText("Nothing was saved.");
    await expect(general.getByLabel("Origins")).toBeFocused();
    await tidy(page);
    await accessible(page);
    // The list tells the first of many origins, and how many more there are.
    await page.goto("/admin/sites");
    const row = page.getByRole("main").getByRole("listitem").filter({ hasText: LONG }).last();
    await expect(row).toContainText(`on ${origins[0]}, ${origins[1]} and 12 more.`);
    await tidy(page);
    // A line of it is a link as a whole.
    await row.click({ position: { x: 5, y: 5 } });
    await expect(page.getByRole("heading", { name: LONG, level: 1 })).toBeVisible();
  });

  test(`without a site the list says what to do, ${colorScheme}`, async ({ page, ownServer }) => {
    await page.emulateMedia({ colorScheme });
    const server = await ownServer();
    const { username, firstName: first_name, lastName: last_name, email, password } = ADMIN;
    await page.request.post(`${server.url}/auth/signup`, { data: { username, first_name, last_name, email, password } });
    await page.goto(`${server.url}/login`);
    await page.getByLabel("E-mail or username").fill(email);
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByRole("button", { name: "Log in" }).click();
    await expect(page).not.toHaveURL(/\/login/);
    await page.goto(`${server.url}/admin/sites`);
    await page.getByRole("main").getByRole("link").first().click();
    await section(page, "Delete").getByRole("checkbox").check();
    await section(page, "Delete").getByRole("button", { name: "Delete the site" }).click();
    await expect(page.getByText("There is no site yet.")).toBeVisible();
    await tidy(page);
    await accessible(page);
  });
}

test("a tag that no website may use says so, with the way to change it", async ({ page, admin }) => {
  expect(admin.username).toBeTruthy();
  await makeSite(page, "");
  const tag = section(page, "The tag");
  await expect(tag).toContainText("No website may use this tag yet.");
  await tag.getByRole("link", { name: "Where and who" }).click();
  await expect(page).toHaveURL(/#general$/);
  const general = section(page, "Where and who");
  await general.getByLabel("Origins").fill("https://shop.example");
  await general.getByRole("button", { name: "Save" }).click();
  await expect(general.getByRole("status")).toHaveText("Saved.");
  await expect(tag).not.toContainText("No website may use this tag yet.");
  // One that is only tried out is not mistaken for one that works on the website.
  await general.getByLabel("Origins").fill("");
  await general.getByLabel("Pages of the visitor's own machine").check();
  await general.getByRole("button", { name: "Save" }).click();
  await expect(tag).toContainText("Only pages of this machine may use this tag yet.");
});

test("a colour is chosen or typed, and the two agree", async ({ page, admin }) => {
  expect(admin.username).toBeTruthy();
  await makeSite(page);
  const look = section(page, "Look and words");
  const text = look.getByLabel("Accent colour", { exact: true });
  const picker = look.getByLabel("Choose a colour");
  await picker.fill("#aa3366");
  await expect(text).toHaveValue("#aa3366");
  await text.fill("#0f766e");
  await expect(picker).toHaveValue("#0f766e");
  const launcher = page.frameLocator("#preview").locator("parlor-chat .send");
  await expect(launcher).toBeAttached();
});

test("what ends every key at once is a step away, and the keyboard comes to it", async ({ page, admin }) => {
  expect(admin.username).toBeTruthy();
  await makeSite(page);
  const keys = section(page, "Keys");
  const drastic = keys.getByRole("button", { name: "Make a new key and end the others now" });
  await expect(drastic).toBeHidden();
  await keys.getByText("If the key is misused").focus();
  await page.keyboard.press("Enter");
  await expect(drastic).toBeVisible();
  await page.keyboard.press("Tab");
  await expect(drastic).toBeFocused();
  const before = await keys.getByRole("listitem").locator("code").textContent();
  await page.keyboard.press("Enter");
  await expect(keys.getByRole("status")).toContainText("Only the key below holds now.");
  await expect(keys.getByRole("listitem")).toHaveCount(1);
  await expect(keys.getByRole("listitem").locator("code")).not.toHaveText(before!);
});

test("the sections of a site are in the list at the side", async ({ page, admin, isMobile }) => {
  expect(admin.username).toBeTruthy();
  await makeSite(page);
  if (isMobile) {
    // There the list of sites is a page of its own.
    await expect(page.getByRole("navigation").getByRole("link", { name: "Verified identity" })).toBeHidden();
    return;
  }
  // Of however many sites, this one and its sections are in sight.
  const link = page.getByRole("navigation").getByRole("link", { name: "Verified identity" });
  await expect(link).toBeInViewport({ ratio: 1 });
  await link.click();
  await expect(section(page, "Verified identity").getByRole("heading")).toBeInViewport();
});
