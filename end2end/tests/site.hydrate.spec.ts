// What a site's own server says in a visitor's conversation: shown as it comes, answered by the visitor, read by the server.
import type { APIRequestContext, Page } from "@playwright/test";
import { accessible, expect, test } from "../fixtures";
import { OwnServer } from "../fixtures/server";
import { input, launcher, menu, newSite, opened, own, replies, say, slowly, words } from "../fixtures/widget";

type Shop = { server: OwnServer; key: string; secret: string };

/** A site's own server: it knows the site's secret, and the visitor by what the page has told it. */
class Backend {
  constructor(private readonly request: APIRequestContext, private readonly shop: Shop, private readonly clientId: string) {}

  private get headers() {
    return { "X-Widget-Api-Key": this.shop.key, Authorization: `Bearer ${this.shop.secret}` };
  }

  /** Says something; the message's id. */
  async post(type: string, text: string, payload?: unknown): Promise<string> {
    const answer = await this.try(type, text, payload);
    expect(answer.status(), await answer.text()).toBe(200);
    return (await answer.json()).id;
  }

  try(type: string, text: string, payload?: unknown) {
    const data = { clientId: this.clientId, type, text, payload };
    return this.request.post(`${this.shop.server.url}/v1/site/messages`, { headers: this.headers, data });
  }

  /** What the visitor has said last. */
  async heard(): Promise<{ text: string; metadata?: { answer?: unknown } }> {
    const url = `${this.shop.server.url}/v1/site/messages?clientId=${this.clientId}`;
    const all = await (await this.request.get(url, { headers: this.headers })).json();
    return all.filter((message: { sender: string }) => message.sender === "user").at(-1);
  }
}

const shops = test.extend<{ talk: () => Promise<Backend> }, { shop: Shop }>({
  shop: [
    async ({}, use) => {
      const server = await OwnServer.start();
      const key = await newSite(server);
      await use({ server, key, secret: (await server.command("site", "secret", "A shop")).split(/\s/)[0]! });
      await server.remove();
    },
    { scope: "worker", timeout: 60_000 },
  ],
  /** Opens the panel, says hello, and answers the server that may speak with this visitor. */
  talk: async ({ page, hostPage, shop, request, gates }, use) => {
    gates.allowOrigin(shop.server.url);
    gates.allowOrigin(shop.server.url.replace("http", "ws"));
    await use(async () => {
      await opened(page, hostPage.url({ "api-key": shop.key }, "strict", shop.server.url));
      await say(page, slowly(3, 0));
      await expect(replies(page)).toHaveText(words(3));
      const id = await page.evaluate(() => JSON.parse(localStorage.getItem("cs_client_identity_v1")!).id);
      return new Backend(request, shop, id);
    });
  },
});

const panel = (page: Page) => page.locator("parlor-chat");
const group = (page: Page, name: string) => panel(page).getByRole("group", { name, exact: true });

shops("each type comes into the open panel, is answered, and the answer reaches the server as label and value", async ({ page, talk }) => {
  test.slow();
  const backend = await talk();
  const question = await backend.post("quick_replies", "Which size?", { options: [{ label: "Medium", value: "m" }, { label: "Large", value: "l" }] });
  await expect(replies(page).last()).toHaveText("Which size?");
  await expect(panel(page).locator(".replies button")).toHaveText(["Medium", "Large"]);
  await panel(page).getByRole("button", { name: "Medium" }).click();
  // The bubble reads as what was pressed; the server has what it stands for.
  await expect(own(page).last()).toHaveText("Medium");
  await expect(panel(page).locator(".replies button")).toHaveCount(0);
  await expect.poll(() => backend.heard()).toMatchObject({
    text: "Medium", metadata: { answer: { messageId: question, type: "quick_replies", label: "Medium", value: "m" } },
  });
  // The model knows both.
  await expect(replies(page).last()).toContainText("chosen: m");

  // Two cards with the same button: what counts is the one that was pressed.
  const lamp = await backend.post("product", "", { title: "Lamp", price: "CHF 49.00", body: "**Warm** light.", actions: [{ label: "Buy", value: "buy lamp" }] });
  await backend.post("card", "And this:", { title: "Chair", body: "Made of oak.", actions: [{ label: "Buy", value: "buy chair" }, { label: "Terms", url: "https://shop.example/terms" }] });
  await expect(group(page, "Lamp")).toContainText("CHF 49.00");
  await expect(group(page, "Lamp").locator(".markdown strong")).toHaveText("Warm");
  await expect(group(page, "Chair")).toContainText("Made of oak.");
  await expect(group(page, "Chair").getByRole("link", { name: "Terms" })).toHaveAttribute("href", "https://shop.example/terms");
  await group(page, "Lamp").getByRole("button", { name: "Buy" }).click();
  await expect(own(page).last()).toHaveText("Buy");
  await expect.poll(() => backend.heard()).toMatchObject({ text: "Buy", metadata: { answer: { messageId: lamp, type: "product", label: "Buy", value: "buy lamp" } } });
  await group(page, "Chair").getByRole("button", { name: "Buy" }).click();
  await expect.poll(() => backend.heard()).toMatchObject({ text: "Buy", metadata: { answer: { type: "card", value: "buy chair" } } });

  const survey = await backend.post("survey", "", { title: "How was it?", options: [{ label: "Bad", value: "1" }, { label: "Good", value: "5" }] });
  await expect(group(page, "How was it?").getByRole("button")).toHaveText(["Bad", "Good"]);
  await accessible(page, "parlor-chat");
  await group(page, "How was it?").getByRole("button", { name: "Good" }).click();
  await expect(own(page).last()).toHaveText("Good");
  await expect.poll(() => backend.heard()).toMatchObject({ text: "Good", metadata: { answer: { messageId: survey, type: "survey", label: "Good", value: "5" } } });
  await expect(group(page, "How was it?").getByRole("button")).toHaveCount(0);

  // After a reload, and in what is saved, it reads the same.
  await page.reload();
  await launcher(page).click();
  await expect(own(page).last()).toHaveText("Good");
  await expect(group(page, "How was it?")).toBeVisible();
  const download = page.waitForEvent("download");
  await menu(page, "Save as text");
  let text = "";
  for await (const chunk of await (await download).createReadStream()) text += chunk;
  expect(text.match(/(?<=You:\n).*/g)).toEqual([slowly(3, 0), "Medium", "Buy", "Buy", "Good"]);
  expect(text).toMatch(/How was it\?\n\[choices: Bad \| Good\]\n\n\[[^\]]+\] You:\nGood\n/);
});

shops("an answer that another front end sent as its bare value reads as its button, in the bubble and in what is saved", async ({ page, talk, shop, request }) => {
  const backend = await talk();
  await backend.post("survey", "", { title: "How was it?", options: [{ label: "Bad", value: "1" }, { label: "Good", value: "5" }] });
  await expect(group(page, "How was it?")).toBeVisible();
  const id = await page.evaluate(() => JSON.parse(localStorage.getItem("cs_client_identity_v1")!).id as string);
  const key = { "X-Widget-Api-Key": shop.key };
  const session = await (await request.post(`${shop.server.url}/v1/widget/session`, { headers: key, data: { client_id: id } })).json();
  const headers = { ...key, Authorization: `Bearer ${session.token}` };
  const base = `${shop.server.url}/v1/widget/conversations/${session.conversation_id}`;
  expect((await request.post(`${base}/messages`, { headers, data: { client_id: "elsewhere", content: "5" } })).status()).toBe(202);
  await expect(own(page).last()).toHaveText("Good");
  expect(await (await request.get(`${base}/transcript`, { headers })).text()).toMatch(/You:\nGood\n/);
});

shops("what is chosen offline waits with its value, also over a reload", async ({ page, talk, context, gates }) => {
  test.slow();
  gates.allow(/WebSocket connection to|Failed to load resource|net::ERR_/);
  const backend = await talk();
  const question = await backend.post("quick_replies", "Which size?", { options: [{ label: "Medium", value: "m" }, { label: "Large", value: "l" }] });
  const large = panel(page).getByRole("button", { name: "Large" });
  await expect(large).toBeVisible();
  await context.setOffline(true);
  await large.click();
  await expect(own(page).last()).toHaveText("Large");
  await expect(panel(page).locator(".mark.waiting")).toBeVisible();
  await page.goto("about:blank");
  await context.setOffline(false);
  await page.goBack();
  await expect.poll(() => backend.heard(), { timeout: 20_000 }).toMatchObject({ text: "Large", metadata: { answer: { messageId: question, value: "l" } } });
});

shops("while the panel is closed each counts as unread, and is there when it opens", async ({ page, talk }) => {
  const backend = await talk();
  await page.keyboard.press("Escape");
  await expect(input(page)).toBeHidden();
  const options = [{ label: "Yes" }, { label: "No" }];
  for (const [type, payload] of Object.entries({
    quick_replies: { options }, card: { title: "Delivery" }, product: { title: "Lamp", price: "CHF 49.00" }, survey: { title: "How was it?", options },
  })) await backend.post(type, `A ${type}`, payload);
  await expect(page.getByRole("button", { name: "Open chat, unread messages: 4" })).toBeVisible();
  await expect(page.locator("parlor-chat .launch span")).toHaveText("4");
  await launcher(page).click();
  await expect(replies(page)).toHaveText([words(3), "A quick_replies", "A card", "A product", "A survey"]);
  await expect(page.locator("parlor-chat .launch span")).toBeHidden();
  // Only what nothing was said after can be answered.
  await expect(panel(page).locator(".log button").filter({ hasText: /^(Yes|No)$/ })).toHaveCount(2);
});

shops("an address that is code is refused by the server in each field, and said as text it does nothing", async ({ page, talk, gates }) => {
  test.slow();
  const backend = await talk();
  const evil = "javascript:window.spoiled=1";
  const button = [{ label: "a", url: evil }];
  for (const [type, payload] of [
    ["card", { title: "a", imageUrl: evil }], ["card", { title: "a", actions: button }],
    ["product", { title: "a", price: "1", imageUrl: evil }], ["product", { title: "a", price: "1", actions: button }],
    ["quick_replies", { options: button }], ["survey", { title: "a", options: [...button, { label: "b" }] }],
  ] as const) expect((await backend.try(type, "", payload)).status(), JSON.stringify(payload)).toBe(400);

  // Where a text may stand it stands as text, and a Markdown link of it is none.
  const link = `[here](${evil}) <img src=x onerror=window.spoiled=1>`;
  await backend.post("text", link);
  await backend.post("card", link, { title: evil, body: link, actions: [{ label: evil, value: evil }] });
  await backend.post("product", link, { title: evil, price: evil, body: link, actions: [{ label: evil, value: evil }] });
  await backend.post("survey", link, { title: evil, options: [{ label: evil, value: evil }, { label: "b" }] });
  await backend.post("quick_replies", link, { options: [{ label: evil, value: evil }] });
  await expect(panel(page).locator(".replies button")).toHaveText([evil]);
  await panel(page).locator(".replies button").click();
  await expect(own(page).last()).toHaveText(evil);
  await expect.poll(() => backend.heard()).toMatchObject({ text: evil, metadata: { answer: { value: evil } } });
  for (const choice of await panel(page).locator(".card .buttons button").all()) await choice.click();
  const found = await panel(page).evaluate(host =>
    [...host.shadowRoot!.querySelectorAll(".log *")].flatMap(element =>
      element.getAttributeNames().filter(name => /^(href|src|srcdoc|action|formaction|style|on.*)$/.test(name)).map(name => `${name}=${element.getAttribute(name)}`),
    ),
  );
  expect(found.filter(attribute => !/^href=https?:\/\//.test(attribute))).toEqual([]);
  expect(await page.evaluate(() => (window as any).spoiled)).toBeUndefined();
  expect(gates.requests.filter(url => /javascript|\/x$/.test(url))).toEqual([]);
});
