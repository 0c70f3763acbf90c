// What a message shows besides its text: typed data, drawn by the panel, whatever stands in it.
import type { APIRequestContext, Page } from "@playwright/test";
import { randomUUID } from "node:crypto";
import { accessible, expect, test } from "../fixtures";
import { elsewhere, input, launcher, opened, own, replies, say, shot } from "../fixtures/widget";

type Part = { content?: string; rich?: unknown; sources?: { number: number; title: string; href: string }[] };

/**
 * A conversation in which a program has said these things. The server would refuse some of them: what is held here is
 * that the panel does not lean on it. `parts` gets the address of a picture of our server.
 */
async function conversation(page: Page, request: APIRequestContext, url: string, parts: (picture: string) => Part[], then = url) {
  await opened(page, url);
  await say(page, "What do you have?");
  await expect(replies(page)).toContainText("welcome");
  const picture = await (await elsewhere(page, request, new URL(url).searchParams.get("_from")!)).picture();
  await page.route(/\/v1\/widget\/conversations\/[^/]+\?/, async route => {
    const answer = await route.fetch();
    const snapshot = await answer.json();
    const last = snapshot.messages.at(-1);
    for (const part of parts(picture)) {
      const parent_id = snapshot.messages.at(-1).id;
      snapshot.messages.push({ ...last, id: randomUUID(), parent_id, content: "", sources: [], ...part });
    }
    await route.fulfill({ response: answer, json: snapshot });
  });
  await page.goto("about:blank");
  await page.goto(then);
  await page.locator("parlor-chat button.launch").click();
  await expect(page.locator("parlor-chat textarea")).toBeFocused();
}

const panel = (page: Page) => page.locator("parlor-chat");

test("cards, products and surveys are drawn, and a choice is sent as the visitor's", async ({ page, hostPage, baseURL, gates, request }) => {
  await conversation(page, request, hostPage.url(), picture => [
    {
      content: "Here is one:",
      rich: {
        type: "card", title: "Delivery", body: "Within **two** days.", imageUrl: picture,
        actions: [{ label: "Terms", url: "https://shop.example/terms" }, { label: "Call us", url: "tel:+41-44-000" }, { label: "Tell me more", value: "more about delivery" }],
      },
    },
    {
      rich: {
        type: "product", title: "Lamp", price: "CHF 49.00", body: "Warm light.", imageUrl: "https://images.example/lamp.jpg",
        actions: [{ label: "Look", url: "/docs" }],
      },
    },
    { rich: { type: "survey", title: "How was it?", options: ["1", "2", "3", "4", "5"].map(label => ({ label, value: `rated ${label}` })) } },
  ]);
  const card = panel(page).getByRole("group", { name: "Delivery", exact: true });
  await expect(card.locator("strong").first()).toHaveText("Delivery");
  await expect(card.locator("img")).toHaveAttribute("src", new RegExp(`^${baseURL}/v1/widget/files/`));
  await expect.poll(() => card.locator("img").evaluate(image => (image as HTMLImageElement).naturalWidth)).toBe(1);
  await expect(card.getByRole("link", { name: "Terms" })).toHaveAttribute("href", "https://shop.example/terms");
  await expect(card.getByRole("link", { name: "Terms" })).toHaveAttribute("rel", "noopener noreferrer nofollow ugc");
  await expect(card.getByRole("link", { name: "Call us" })).toHaveAttribute("href", "tel:+41-44-000");
  const product = panel(page).getByRole("group", { name: "Lamp", exact: true });
  await expect(product).toContainText("CHF 49.00");
  // A picture from elsewhere is a link: nothing of it is asked for.
  await expect(product.locator("img")).toHaveCount(0);
  await expect(product.getByRole("link", { name: "Open the image" })).toHaveAttribute("href", "https://images.example/lamp.jpg");
  await expect(product.getByRole("link", { name: "Look" })).toHaveAttribute("href", `${baseURL}/docs`);
  expect(gates.requests.filter(url => url.includes("images.example"))).toEqual([]);
  await shot(page, "rich");

  await panel(page).getByRole("group", { name: "How was it?" }).getByRole("button", { name: "4" }).click();
  // The bubble reads as what was pressed.
  await expect(own(page).last()).toHaveText("4");
  // It was answered.
  await expect(panel(page).getByRole("group", { name: "How was it?" }).getByRole("button")).toHaveCount(0);
  await card.getByRole("button", { name: "Tell me more" }).click();
  await expect(own(page).last()).toHaveText("Tell me more");
});

test("quick replies stand after the last message only, by keyboard too", async ({ page, hostPage, request }) => {
  const options = [{ label: "Where is my parcel?" }, { label: "Send it back", value: "I want to send it back" }, { label: "Opening hours" }];
  await conversation(page, request, hostPage.url(), () => [
    { content: "First", rich: { type: "quick_replies", options: [{ label: "Too late" }] } },
    { content: "What is it about?", rich: { type: "quick_replies", options } },
  ]);
  await expect(panel(page).getByRole("button", { name: "Too late" })).toHaveCount(0);
  await expect(panel(page).locator(".replies button")).toHaveText(options.map(({ label }) => label));
  await shot(page, "quick-replies");
  const chosen = panel(page).getByRole("button", { name: "Send it back" });
  await chosen.focus();
  await page.keyboard.press("Enter");
  await expect(own(page).last()).toHaveText("Send it back");
  await expect(panel(page).locator(".replies button")).toHaveCount(0);
  await expect(input(page)).toBeFocused();
});

test("sources stand under an answer by their numbers, and its thumbs are kept", async ({ page, hostPage, ownServer }) => {
  // Without a model the server's own guide answers, from the manual, with sources.
  const server = await ownServer({ PARLOR_MODEL_URL: "", PARLOR_MODEL_NAME: "", PARLOR_MODEL_KEY: "" });
  await opened(page, hostPage.url({}, "strict", server.url));
  await say(page, "How do I make a backup?");
  const sources = panel(page).getByRole("list", { name: "Sources" });
  await expect(sources.getByRole("listitem").first()).toContainText("1");
  const links = sources.getByRole("link");
  for (const link of await links.all()) expect(await link.getAttribute("href")).toMatch(new RegExp(`^${server.url}/`));
  // Its numbers in the text lead to the same.
  await expect(replies(page).locator(".cite").first()).toHaveText("1");
  await expect(replies(page).locator(".cite").first()).toHaveAttribute("href", (await links.first().getAttribute("href"))!);
  await shot(page, "sources");
  const down = page.getByRole("button", { name: "Not helpful" });
  await down.click();
  await expect(down).toHaveAttribute("aria-pressed", "true");
  await page.reload();
  await launcher(page).click();
  await expect(down).toHaveAttribute("aria-pressed", "true");
  await expect(sources.getByRole("link").first()).toBeVisible();
  // Left before its server ends, which the panel would notice.
  await page.goto("about:blank");
});

test("an address that is code leads nowhere, in whichever field it stands", async ({ page, hostPage, gates, baseURL, request }) => {
  test.slow();
  const evil = [
    "javascript:window.spoiled=1", " JaVaScRiPt:window.spoiled=1", "java\nscript:window.spoiled=1", "data:text/html,<script>parent.spoiled=1</script>",
    "vbscript:spoiled", "//evil.example/x", "/\\evil.example", "blob:https://evil.example/1", "file:///etc/passwd", "tel:javascript:window.spoiled=1",
    "https://user:pass@evil.example/\u0000", "\u0001javascript:window.spoiled=1", "<img src=x onerror=window.spoiled=1>",
  ];
  const parts: Part[] = [];
  for (const url of evil) {
    const choice = { label: url, value: url, url };
    parts.push(
      { content: `[x](${url}) ![y](${url})`, sources: [{ number: 1, title: url, href: url }] },
      { rich: { type: "card", title: url, body: `[a](${url}) ${url}`, imageUrl: url, actions: [choice] } },
      { rich: { type: "product", title: url, price: url, body: url, imageUrl: url, actions: [choice] } },
      { rich: { type: "files", files: [{ id: randomUUID(), name: url, media_type: "image/png", size: 1, url }] } },
      { rich: { type: "survey", title: url, options: [choice] } },
      { rich: { type: url, title: url, options: url, actions: { length: 9 } } },
    );
  }
  parts.push({ content: "the end", rich: { type: "quick_replies", options: evil.map(url => ({ label: url, value: "harmless", url })) } });
  await conversation(page, request, hostPage.url({}, "hostile"), () => parts);
  await expect(replies(page).last()).toHaveText("the end");
  const log = page.getByRole("log");
  const found = new Set<string>();
  for (let step = 0; step < 80 && (await log.evaluate(log => log.scrollTop > 0)); step++) {
    const shown = await panel(page).evaluate(host =>
      [...host.shadowRoot!.querySelectorAll(".log *")].flatMap(element =>
        element.getAttributeNames().filter(name => /^(href|src|srcdoc|action|formaction|style|on.*)$/.test(name)).map(name => `${name}=${element.getAttribute(name)}`),
      ),
    );
    for (const attribute of shown) found.add(attribute);
    await log.evaluate(log => log.scrollBy(0, -400));
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  const harmless = (attribute: string) => /^href=(https?:\/\/|mailto:|tel:[-+.()\d]+$)/.test(attribute) || attribute.startsWith(`src=${baseURL}/`);
  expect([...found].filter(attribute => !harmless(attribute))).toEqual([]);
  // What is said, but leads nowhere, can be clicked and does nothing.
  await log.evaluate(log => (log.scrollTop = log.scrollHeight));
  await panel(page).locator(".choice.off").last().click();
  expect(await page.evaluate(() => (window as any).spoiled)).toBeUndefined();
  expect(await panel(page).evaluate(host => host.shadowRoot!.querySelectorAll("script, iframe, object, embed, [onerror]").length)).toBe(0);
  expect(gates.requests.filter(url => url.includes("evil.example"))).toEqual([]);
});

for (const scheme of ["light", "dark"] as const) {
  for (const locale of ["en", "ar"]) {
    test(`rich messages and sources are accessible in ${scheme}, ${locale}`, async ({ page, hostPage, request }) => {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      const arabic = locale === "ar";
      const link = { label: arabic ? "الشروط" : "Terms", url: "https://shop.example/terms" };
      const actions = [link, { label: arabic ? "اعرف المزيد" : "Tell me more" }, { label: "x", url: "javascript:1" }];
      const title = arabic ? "مصباح" : "A lamp";
      const parts = (imageUrl: string): Part[] => [
        { content: arabic ? "التوصيل خلال يومين.[1]" : "It takes two days.[1]", sources: [{ number: 1, title: arabic ? "التوصيل" : "Delivery", href: "/docs/delivery" }] },
        { rich: { type: "product", title, price: "49.00 CHF", body: arabic ? "ضوء دافئ" : "Warm light.", imageUrl, actions } },
        { rich: { type: "survey", title: arabic ? "كيف كانت؟" : "How was it?", options: ["1", "2", "3", "4", "5"].map(label => ({ label })) } },
      ];
      await conversation(page, request, hostPage.url(), parts, hostPage.url({ locale }));
      await expect(panel(page).getByRole("group", { name: title })).toBeVisible();
      await expect(panel(page).locator(".scale button")).toHaveCount(5);
      await accessible(page, "parlor-chat");
      await shot(page, `rich-${locale}-${scheme}`);
    });
  }
}
