// States that a visitor meets now and then: each says what is the matter, offers what leads on, and nothing besides.
import type { Page } from "@playwright/test";
import { accessible, expect, test } from "../fixtures";
import { tidy } from "../fixtures/look";
import { PLACES, inPlace, input, launcher, menu, opened, openedIn, own, replies, say, shot, slowly, words } from "../fixtures/widget";

const panel = (page: Page) => page.locator("parlor-chat");
const act = (page: Page, name: string) => panel(page).locator(`[data-act="${name}"]`);
const answer = (text: string) => `[[script:${JSON.stringify({ text, delay: 0 })}]]`;
const fine = async (page: Page, state: string) => {
  await accessible(page, "parlor-chat");
  await tidy(page, state);
  await shot(page, state);
};

test("the first words of a reply stand where the dots were, and a stopped one can be gone on with", async ({ page, hostPage }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await opened(page, hostPage.url());
  await say(page, `[[script:tokens=400&delay=20&first=1500]]`);
  const dots = panel(page).locator(".typing");
  await expect(dots).toBeVisible();
  await expect(panel(page).locator(".row:not(.me, .welcome)")).toHaveCount(1);
  const before = (await dots.boundingBox())!;
  await expect(replies(page)).toContainText("t3");
  expect((await replies(page).boundingBox())!.y).toBeCloseTo(before.y, 0);
  await act(page, "stop").click();
  await expect(panel(page).locator(".extra > .quiet")).toContainText("Stopped.");
  await fine(page, "stopped");
  await act(page, "continue").click();
  await expect(panel(page).locator(".extra > .quiet")).toHaveCount(0);
});

test("no word and no number of a table is broken", async ({ page, hostPage }) => {
  await opened(page, hostPage.url());
  await say(page, answer("| Plan | Price | Messages per day | Recommended for |\n|---|---:|---:|---|\n| Small | €9 | 1,000 | people who ask now and then |\n| Large | €4,900 | 5,000,000 | everybody |"));
  const cells = panel(page).locator(".markdown td");
  await expect(cells).toHaveCount(8);
  const lines = (at: number) => cells.nth(at).evaluate(cell => {
    const text = document.createRange();
    text.selectNodeContents(cell);
    return text.getClientRects().length;
  });
  for (const at of [1, 2, 5, 6]) expect(await lines(at), await cells.nth(at).textContent() ?? "").toBe(1);
  await fine(page, "table");
});

test("a new conversation has nothing to scroll to", async ({ page, hostPage }) => {
  await opened(page, hostPage.url());
  await say(page, answer("One more line.\n\n".repeat(60)));
  await expect(panel(page).locator(".thumb").first()).toBeVisible();
  await panel(page).locator(".log").evaluate(log => (log.scrollTop = 0));
  await expect(act(page, "bottom")).toBeVisible();
  await menu(page, "New conversation");
  await expect(own(page)).toHaveCount(0);
  await expect(act(page, "bottom")).toBeHidden();
});

test("a text that is too long stays, and there is nothing to try again", async ({ page, hostPage }) => {
  await opened(page, hostPage.url());
  await input(page).fill("word ".repeat(40_000));
  await input(page).press("Enter");
  await expect(panel(page).getByRole("alert")).toContainText("too long");
  await expect(act(page, "dismiss")).toBeVisible();
  await expect(act(page, "retry")).toHaveCount(0);
  await fine(page, "too-long");
  await input(page).fill(slowly(2, 0));
  await input(page).press("Enter");
  await expect(replies(page)).toHaveText(words(2));
  await expect(panel(page).getByRole("alert")).toHaveCount(0);
});

test("who writes too often is told, waits, and nothing is lost", async ({ page, hostPage, gates }) => {
  gates.allow(/status of 429/);
  let refuses = true;
  await page.route(/\/v1\/widget\/(conversations\/[^/]+\/)?messages(\?|$)/, route =>
    refuses ? route.fulfill({ status: 429, headers: { "Retry-After": "600", "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After" }, json: { error: { code: "too_many", message: "Too many messages. Wait ten minutes." } } }) : route.continue(),
  );
  await opened(page, hostPage.url());
  await say(page, slowly(2, 0));
  await expect(panel(page).getByRole("alert")).toContainText("Wait ten minutes.");
  await say(page, slowly(3, 0));
  await expect(panel(page).locator(".mark.waiting").last()).toHaveText("Waiting to be sent");
  await expect(panel(page).locator(".typing")).toBeHidden();
  await fine(page, "too-often");
  refuses = false;
  await act(page, "retry").click();
  await expect(replies(page)).toHaveText([words(2), words(3)]);
  await expect(panel(page).getByRole("alert")).toHaveCount(0);
});

test("who asks for a person first is not answered by the assistant", async ({ page, hostPage }) => {
  await opened(page, hostPage.url());
  await menu(page, "Talk to a person");
  await expect(own(page)).toHaveText("I would like to talk to a person.");
  await expect(panel(page).locator(".status")).toHaveText("Waiting for a person");
  await expect(panel(page).locator(".email")).toBeVisible();
  await expect(replies(page)).toHaveCount(0);
  // What is no address is told in the panel's own words, at the field.
  await panel(page).locator(".email input").fill("ada");
  await panel(page).locator(".email .primary").click();
  await expect(panel(page).getByRole("alert")).toContainText("name@example.com");
  await expect(panel(page).locator(".email input")).toBeFocused();
  await fine(page, "person-first");
  await panel(page).locator(".email input").fill("ada@example.com");
  await panel(page).locator(".email .primary").click();
  await expect(panel(page).locator(".email")).toHaveCount(0);
  await expect(replies(page)).toHaveCount(0);
});

for (const where of PLACES) {
  const inFrame = where === "frame" ? ", in the frame" : "";

  test(`on a phone what lies behind the panel is not there for keys and for who listens${inFrame}`, async ({ page, hostPage, gates }) => {
    const { place, variant } = inPlace(page, where, gates);
    await page.setViewportSize({ width: 390, height: 700 });
    await openedIn(page, place, hostPage.url({}, variant));
    const devtools = await page.context().newCDPSession(page);
    const heard = async () => {
      const { nodes } = await devtools.send("Accessibility.getFullAXTree");
      return nodes.filter(node => !node.ignored).map(node => String(node.name?.value ?? ""));
    };
    expect(await heard()).not.toContain("A link before the widget");
    for (let step = 0; step < 12; step++) {
      await page.keyboard.press(step % 3 === 2 ? "Shift+Tab" : "Tab");
      expect(await page.evaluate(() => document.activeElement?.localName)).toMatch(/^(parlor-chat|body)$/);
    }
    await page.locator("a").evaluate(link => link.focus());
    expect(await page.evaluate(() => document.activeElement?.localName)).not.toBe("a");
    // Turned round it does not cover the page any more, which is then to be used; and what was typed stays.
    await input(place).fill("A draft");
    await page.setViewportSize({ width: 800, height: 390 });
    await expect.poll(heard).toContain("A link before the widget");
    await expect(input(place)).toHaveValue("A draft");
    await page.setViewportSize({ width: 390, height: 700 });
    await expect.poll(heard).not.toContain("A link before the widget");
    await place.getByRole("button", { name: "Close", exact: true }).click();
    await expect(input(place)).toBeHidden();
    await expect(launcher(page)).toBeFocused();
    expect(await heard()).toContain("A link before the widget");
  });

  for (const what of ["authToken", "transport"] as const) {
    test(`the page's own ${what} that never answers is waited for a minute, and the message is kept${inFrame}`, async ({ page, hostPage, gates }) => {
      const { place, variant } = inPlace(page, where, gates);
      await page.clock.install();
      await page.addInitScript(what => {
        const never = () => {
          (window as any).isAsked = true;
          return (window as any).isHung ?? true ? new Promise(() => {}) : undefined;
        };
        (window as any).Parlor = what === "authToken" ? { authToken: never } : { transport: { start() {}, stop() {}, send: never } };
      }, what);
      await openedIn(page, place, hostPage.url({}, variant));
      await say(place, slowly(3, 0));
      await expect(place.locator("parlor-chat .mark.sending")).toBeVisible();
      // From here on the minute counts.
      await expect.poll(() => page.evaluate(() => (window as any).isAsked)).toBe(true);
      await page.clock.runFor(50_000);
      await expect(place.locator("parlor-chat .mark.sending")).toBeVisible();
      await page.clock.runFor(15_000);
      await expect(place.locator("parlor-chat").getByRole("alert")).toContainText("The server cannot be reached.");
      await expect(place.locator('parlor-chat [data-act="retry"]')).toBeVisible();
      await expect(own(place)).toHaveText(slowly(3, 0));
      if (what === "transport") return;
      await page.evaluate(() => ((window as any).isHung = false));
      await place.locator('parlor-chat [data-act="retry"]').click();
      // The next try may be hanging already.
      await page.clock.runFor(70_000);
      await expect(replies(place)).toHaveText(words(3));
      await expect(place.locator("parlor-chat").getByRole("alert")).toHaveCount(0);
    });
  }
}
