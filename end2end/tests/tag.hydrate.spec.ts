// What the tag says, and where it is silent what the site's owner has set at the server.
import type { Page } from "@playwright/test";
import { expect, test } from "../fixtures";
import { makeSite, section } from "../fixtures/admin";
import { input, launcher, opened, replies, say, slowly, words } from "../fixtures/widget";

/** The bodies of the requests that open sessions. */
const sessions = (page: Page) => {
  const bodies: any[] = [];
  page.on("request", request => request.method() === "POST" && request.url().endsWith("/v1/widget/session") && bodies.push(request.postDataJSON()));
  return bodies;
};

test("the words of the tag are shown, and who the visitor is reaches the server", async ({ page, hostPage, gates }) => {
  gates.allow(/status of 401/);
  const bodies = sessions(page);
  await opened(page, hostPage.url({
    "input-placeholder": "What would you like to know?", "welcome-message": "Good **day**", "user-identifier": '{"email":"ada@example.com","plan":7}',
  }));
  await expect(input(page)).toHaveAttribute("placeholder", "What would you like to know?");
  await expect(page.locator("parlor-chat .welcome strong")).toHaveText("day");
  await say(page, slowly(2, 0));
  await expect(replies(page)).toHaveText(words(2));
  expect(bodies[0]).toMatchObject({ user: { email: "ada@example.com", plan: 7 } });
  expect(bodies[0].user_token).toBeUndefined();

  // A token that nobody signed is refused with a word about it, and what was typed stays.
  await opened(page, hostPage.url({ "user-token": "not.a.token" }));
  await say(page, "Do you know me?");
  await expect.poll(() => bodies.at(-1)).toMatchObject({ user_token: "not.a.token" });
  await expect(page.locator("parlor-chat").getByRole("alert").first()).toContainText(/token/i);
});

for (const [transport, sign] of [["websocket", /^UPGRADE .*\/socket$/], ["sse", /^GET .*\/events$/], ["polling", /^GET .*\/poll$/]] as const) {
  test(`data-transport=${transport} is what the events come by, and no other`, async ({ page, hostPage, between: proxy }) => {
    await opened(page, hostPage.url({ transport }, "strict", proxy.origin));
    await say(page, slowly(6, 20));
    await expect(replies(page)).toHaveText(words(6));
    await say(page, slowly(4, 20));
    await expect(replies(page)).toHaveText([words(6), words(4)]);
    const used = proxy.seen.filter(line => /^UPGRADE|^GET .*\/(events|poll)$/.test(line));
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter(line => !sign.test(line))).toEqual([]);
  });
}

test("an empty attribute says nothing, data-default-open alone says yes, and a place that is not there is told", async ({ page, hostPage }) => {
  const said: string[] = [];
  page.on("console", message => message.type() === "warning" && said.push(message.text()));
  await page.goto(hostPage.url({ theme: "", position: "", "default-open": "", target: "#nowhere" }));
  await expect(page.getByRole("dialog", { name: "Chat" })).toBeVisible();
  expect(said).toEqual(["Parlor finds no element for data-target=#nowhere"]);
});

test("what the site's owner has set applies where the tag is silent, and the tag has the last word", async ({ page, hostPage, admin }) => {
  test.slow();
  expect(admin.username).toBeTruthy();
  await makeSite(page, hostPage.origin);
  const key = (await section(page, "Keys").getByRole("listitem").first().locator("code").textContent())!;
  const look = section(page, "Look and words");
  for (const [label, text] of [
    ["Title", "The roaster"], ["Accent colour", "#7c3aed"], ["Custom style", "h2 { text-transform: uppercase }"],
    ["Suggested questions", "When do you roast?"], ["When a person answers", "On Thursdays."],
  ]) await look.getByLabel(label!).fill(text!);
  await look.getByLabel("Welcome message").fill("Fresh **every** day.");
  await look.getByLabel("Placeholder").fill("Ask about beans");
  await look.getByLabel("Language").fill("fr");
  await look.getByLabel("Position").selectOption("left");
  await look.getByLabel("Colours").selectOption("dark");
  await look.getByRole("button", { name: "Save" }).click();
  await expect(look.getByRole("status")).toHaveText("Saved.");

  const shown = page.locator("parlor-chat");
  const style = (selector: string, name: string) => shown.locator(selector).first().evaluate((element, name) => getComputedStyle(element).getPropertyValue(name), name);
  await page.goto(hostPage.url({ "api-key": key }));
  // The side becomes known while the pointer is on the launcher: it moves when it was pressed, and not from under it.
  const launch = page.locator("parlor-chat .launch");
  const at = () => launch.evaluate(button => button.getBoundingClientRect().x);
  const before = await at();
  await launch.hover();
  await expect(launch).toHaveAttribute("aria-label", "Ouvrir le chat");
  expect(await at()).toBe(before);
  await launch.click();
  await expect(page.getByRole("dialog", { name: "The roaster" })).toBeVisible();
  await expect(shown.locator(".welcome .bubble")).toHaveText("Fresh every day.");
  await expect(shown.locator("textarea")).toHaveAttribute("placeholder", "Ask about beans");
  await expect(shown.locator(".replies button")).toHaveText("When do you roast?");
  expect(await style("h2", "text-transform")).toBe("uppercase");
  expect(await style(".panel", "color-scheme")).toBe("dark");
  await expect.poll(() => style(".launch", "background-color")).toBe("rgb(124, 58, 237)");
  await expect(shown.locator(".panel")).toHaveAttribute("lang", /^fr/);
  await expect(shown.locator(".send")).toHaveAttribute("aria-label", "Envoyer");
  // On a phone the panel covers the launcher.
  const side = async () => (await page.keyboard.press("Escape"), shown.locator(".launch").evaluate(button => button.getBoundingClientRect().x));
  expect(await side()).toBe(20);

  await page.goto(hostPage.url({
    "api-key": key, title: "The tag", "welcome-message": "From the tag", "input-placeholder": "Tag", locale: "en", position: "right", theme: "light", "accent-color": "#ffcc00",
  }));
  await launcher(page).click();
  await expect(page.getByRole("dialog", { name: "The tag" })).toBeVisible();
  await expect(shown.locator(".welcome .bubble")).toHaveText("From the tag");
  await expect(shown.locator("textarea")).toHaveAttribute("placeholder", "Tag");
  expect(await style(".panel", "color-scheme")).toBe("light");
  expect(await style(".launch", "background-color")).toBe("rgb(255, 204, 0)");
  expect(await side()).toBeGreaterThan(20);
});

test("the versioned tag of the site's page works by its hash, and a script that was changed does not run", async ({ page, hostPage, admin, baseURL, gates }) => {
  test.slow();
  expect(admin.username).toBeTruthy();
  gates.allow(/integrity|Failed to load resource/);
  await makeSite(page, hostPage.origin);
  const tag = (await page.locator("code, pre, textarea").allTextContents()).find(text => text.includes("integrity="))!;
  expect(tag).toMatch(/^<script src="[^"]+\/widget\/v\/[\d.]+\/chat-widget\.js" integrity="sha384-[\w+/=]{64}" crossorigin="anonymous" data-api-key="[^"]+" defer><\/script>$/);
  const pinned = Object.fromEntries([...tag.matchAll(/(src|integrity|data-api-key)="([^"]+)"/g)].map(([, name, value]) => [name, value]));
  expect(new URL(pinned.src!).origin).toBe(baseURL);
  await page.goto(hostPage.with(tag));
  await launcher(page).click();
  await expect(input(page)).toBeFocused();
  await say(page, slowly(2, 0));
  await expect(replies(page)).toHaveText(words(2));
  await page.route(pinned.src!, async route => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: `${await answer.text()}\n;` });
  });
  const refused = page.waitForEvent("console", message => /integrity/.test(message.text()));
  await page.goto(hostPage.with(tag));
  await refused;
  expect(await page.evaluate(() => ["Parlor" in window, document.querySelectorAll("parlor-chat").length])).toEqual([false, 0]);
});
