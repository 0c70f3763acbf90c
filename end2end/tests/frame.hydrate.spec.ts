// The panel in a frame of the server, on a page whose policy forbids wasm: every option and every function that a page
// has does there what it does without a frame. Plugins and transports: plugins.hydrate.spec.ts, which runs in both.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { randomUUID } from "node:crypto";
import type { Page } from "@playwright/test";
import { expect, SITE_KEY, test as base } from "../fixtures";
import { call, elsewhere, frameOf, hear, heard, input, launcher, newSite, openedIn, own, PIXEL, replies, say, slowly, words, type Place } from "../fixtures/widget";

const test = base.extend<{ panel: Place }>({
  panel: async ({ page, gates }, use) => {
    // The browser reports what the page forbids; that is how the widget learns of it.
    gates.allow(/WebAssembly|wasm-unsafe-eval/);
    await use(frameOf(page));
  },
});
const element = (page: Page) => page.locator("parlor-chat iframe");
/** What the page's own origin keeps. */
const kept = (page: Page) => page.evaluate(() => Object.fromEntries(Object.entries({ ...localStorage })));
/** The bodies of the session's requests. */
function sessions(page: Page) {
  const asked: any[] = [];
  page.on("request", request => request.url().endsWith("/v1/widget/session") && request.method() === "POST" && asked.push(request.postDataJSON()));
  return asked;
}

test("texts, colours, language, side and upload of the tag are the panel's", async ({ page, hostPage, panel }) => {
  const tag = {
    title: "Frag den Laden", "welcome-message": "**Guten** Tag.", "input-placeholder": "Schreib uns", "accent-color": "#7c3aed",
    theme: "dark", locale: "de", position: "left", upload: "off",
  };
  await page.goto(hostPage.url(tag, "no-wasm"));
  await page.getByRole("button", { name: "Chat öffnen" }).click();
  const dialog = panel.getByRole("dialog", { name: "Frag den Laden" });
  await expect(dialog).toBeVisible();
  await expect(element(page)).toHaveAttribute("title", "Frag den Laden");
  await expect(panel.getByText("Guten Tag.")).toBeVisible();
  const field = panel.locator("textarea");
  await expect(field).toHaveAttribute("placeholder", "Schreib uns");
  expect(await dialog.evaluate(dialog => [getComputedStyle(dialog).colorScheme, dialog.lang.slice(0, 2)])).toEqual(["dark", "de"]);
  await expect(panel.locator("[data-act=attach]")).toBeHidden();
  await expect(page.locator("parlor-chat .launch")).toHaveAttribute("aria-label", "Chat schließen");
  const left = (await element(page).boundingBox())!;
  expect(left.x).toBeLessThan(30);
  await field.fill(slowly(3, 0));
  const send = panel.locator("[data-act=send], .send, button[type=submit]").first();
  // White on it, as on the launcher: it reads better.
  await expect(send).toHaveCSS("background-color", "rgb(124, 58, 237)");
});

test("what the server has set for the site holds for panel, frame and launcher, also at the next visit", async ({ page, hostPage, panel, ownServer }) => {
  const server = await ownServer();
  const key = await newSite(server);
  const look = { title: "Ask Ada", position: "left", accent_color: "#7c3aed", theme: "dark", locale: "fr" };
  await page.route("**/v1/widget/config?*", async route => {
    const answer = await route.fetch();
    const settings = await answer.json();
    await route.fulfill({ response: answer, json: { ...settings, branding: { ...settings.branding, ...look } } });
  });
  await page.goto(hostPage.url({ "api-key": key }, "no-wasm", server.url));
  await launcher(page).click();
  await expect(panel.getByRole("dialog", { name: "Ask Ada" })).toBeVisible();
  await expect(element(page)).toHaveAttribute("title", "Ask Ada");
  const shown = () => page.locator("parlor-chat").evaluate(host => [host.dataset.position, host.dataset.theme, getComputedStyle(host.shadowRoot!.querySelector(".launch")!).backgroundColor]);
  expect(await shown()).toEqual(["left", "dark", "rgb(124, 58, 237)"]);
  await expect(page.locator("parlor-chat .launch")).toHaveAttribute("aria-label", "Fermer le chat");
  expect((await element(page).boundingBox())!.x).toBeLessThan(30);
  // Kept only of visitors who have acted.
  expect(await kept(page)).toEqual({});
  await panel.locator("textarea").fill(slowly(3, 0));
  await panel.locator("textarea").press("Enter");
  await expect(replies(panel)).toHaveText(words(3));
  expect(await kept(page)).toEqual({ [`parlor_look_v1:${key}`]: "left|dark|#7c3aed" });
  await page.reload();
  await expect.poll(shown).toEqual(["left", "dark", "rgb(124, 58, 237)"]);
});

test("the names that a page sets for the style reach into the frame, and so does a change", async ({ page, hostPage, panel }) => {
  await page.goto(hostPage.url({}, "no-wasm"));
  await page.evaluate(() => {
    document.documentElement.style.setProperty("--parlor-background", "rgb(1, 2, 3)");
    document.documentElement.style.setProperty("--cs-primary", "rgb(4, 5, 6)");
  });
  await launcher(page).click();
  await expect(input(panel)).toBeFocused();
  const colours = () => panel.getByRole("dialog").evaluate(dialog => {
    const style = getComputedStyle(dialog);
    return [style.backgroundColor, style.getPropertyValue("--accent").trim()];
  });
  await expect.poll(colours).toEqual(["rgb(1, 2, 3)", "rgb(4, 5, 6)"]);
  await call(page, "close");
  await page.evaluate(() => {
    document.documentElement.style.setProperty("--parlor-background", "rgb(7, 8, 9)");
    document.documentElement.style.removeProperty("--cs-primary");
  });
  await call(page, "open");
  await expect.poll(async () => (await colours())[0]).toBe("rgb(7, 8, 9)");
  expect((await colours())[1]).not.toBe("rgb(4, 5, 6)");
});

test("it may be part of the page, or without a launcher, or open from the start", async ({ page, hostPage, panel }) => {
  test.slow();
  await page.goto(hostPage.url({ mode: "inline", target: "#below" }, "no-wasm"));
  await page.locator("#below").scrollIntoViewIfNeeded();
  await expect(input(panel)).toBeVisible();
  const [place, frame] = [await page.locator("#below").boundingBox(), await page.locator("parlor-chat dialog").boundingBox()];
  expect(frame).toMatchObject({ x: place!.x, y: place!.y, width: place!.width, height: place!.height });
  expect(await page.evaluate(() => document.activeElement?.localName)).toBe("body");

  await page.goto(hostPage.url({ launcher: "off" }, "no-wasm"));
  await page.waitForFunction(() => "Parlor" in window && document.querySelector("parlor-chat"));
  await expect(launcher(page)).toBeHidden();
  await call(page, "toggle");
  await expect(input(panel)).toBeVisible();
  await call(page, "toggle");
  await expect(element(page)).toBeHidden();

  await page.goto(hostPage.url({ "default-open": "on" }, "no-wasm"));
  await expect(input(panel)).toBeVisible();
  expect(await page.evaluate(() => [document.activeElement?.localName, localStorage.length])).toEqual([page.viewportSize()!.width > 480 ? "body" : "parlor-chat", 0]);
});

test("every event is told, with the same details, and each function does what it says", async ({ page, hostPage, panel, gates, request, baseURL }) => {
  gates.allow(/status of 422/);
  const events = ["ready", "open", "close", "message", "sent", "error", "connection", "unread", "identity", "handoff", "telemetry", "destroy"];
  await hear(page, ...events);
  const url = hostPage.url({}, "no-wasm");
  await openedIn(page, panel, url);
  expect(await call(page, "send", slowly(3, 0))).toBe(true);
  await expect(own(panel)).toHaveText(slowly(3, 0));
  await expect(replies(panel)).toHaveText(words(3));
  const told = async (name: string) => (await heard(page)).filter(([event]) => event === name).map(([, detail]) => detail);
  await expect.poll(() => told("message")).toMatchObject([{ author: "bot", text: expect.stringContaining(words(3)), id: expect.stringMatching(/^[0-9a-f-]{36}$/) }]);
  expect(await told("sent")).toMatchObject([{ payload: { content: slowly(3, 0) }, response: { message: { id: expect.any(String) }, reply: { id: expect.any(String) } }, at: expect.any(Number) }]);
  const [{ clientId }] = await told("identity");
  expect(clientId).toMatch(/^[0-9a-f-]{36}$/);
  // The reply may have come before the socket: it is then in the answer to its message.
  await expect.poll(async () => (await told("connection")).map(({ state }) => state)).toEqual(["connecting", "live"]);
  expect((await told("telemetry")).map(({ name }) => name)).toEqual(["loaded", "opened", "first_paint", "sent", "first_token"]);
  expect(await told("ready")).toHaveLength(1);

  // The server refuses a message: an error, and nothing lost.
  await page.route("**/messages", route =>
    route.request().postDataJSON()?.content === "Refused" ? route.fulfill({ status: 422, json: { error: { code: "invalid", message: "Not this." } } }) : route.continue(),
  );
  await say(panel, "Refused");
  await expect(panel.locator("parlor-chat .fault")).toContainText("Not this.");
  expect(await told("error")).toEqual([{ message: "Not this.", status: 422 }]);

  // Closed, what comes is counted: on the launcher, and for the page. It comes from another device of the visitor's.
  await page.evaluate(() => (window as any).Parlor.close());
  await expect(element(page)).toBeHidden();
  await expect(launcher(page)).toBeFocused();
  const session = await (await request.post(`${baseURL}/v1/widget/session`, { headers: { "X-Widget-Api-Key": SITE_KEY }, data: { client_id: clientId } })).json();
  const headers = { "X-Widget-Api-Key": SITE_KEY, Authorization: `Bearer ${session.token}` };
  const conversation = `${baseURL}/v1/widget/conversations/${session.conversation_id}`;
  expect((await request.post(`${conversation}/messages`, { headers, data: { client_id: randomUUID(), content: slowly(2, 0) } })).ok()).toBe(true);
  await expect(page.locator("parlor-chat .launch span")).toHaveText("1");
  expect((await told("unread")).at(-1)).toBe(1);
  await expect(page.getByRole("button", { name: /^Open chat, .*1/ })).toBeVisible();
  await launcher(page).click();
  await expect(page.locator("parlor-chat .launch span")).toBeEmpty();
  await expect.poll(async () => (await told("unread")).at(-1)).toBe(0);
  await panel.getByRole("button", { name: "More" }).click();
  await panel.getByRole("menuitem", { name: "Talk to a person" }).click();
  await expect.poll(() => told("handoff")).toEqual([{ answering: "paused" }]);
  expect([await told("open"), await told("close")].map(list => list.length)).toEqual([2, 1]);

  // Reset: another visitor, who sees nothing of the first.
  expect(await call(page, "reset")).toBe(true);
  await expect(own(panel)).toHaveCount(0);
  await say(panel, slowly(4, 0));
  await expect(replies(panel)).toHaveText(words(4));
  expect((await told("identity")).at(-1).clientId).not.toBe(clientId);

  await call(page, "destroy");
  await expect(page.locator("parlor-chat, iframe")).toHaveCount(0);
  expect(await page.evaluate(() => "Parlor" in window)).toBe(false);
  expect(await told("destroy")).toHaveLength(1);
});

test("a page that closes the panel takes the focus from nobody", async ({ page, hostPage, panel }) => {
  // Where the panel covers the page, nobody is behind it.
  await page.setViewportSize({ width: 1000, height: 700 });
  await openedIn(page, panel, hostPage.url({}, "no-wasm"));
  await page.getByLabel("Search").focus();
  await call(page, "close");
  await expect(element(page)).toBeHidden();
  await expect(page.getByLabel("Search")).toBeFocused();
});

test("who the visitor is and what the page says arrive: of the tag, while the frame loads, and later, also by a function", { tag: "@wire" }, async ({ page, hostPage, panel, gates }) => {
  gates.allow(/status of 401/);
  const asked = sessions(page);
  await page.route(/widget-[0-9a-f]+\.wasm/, async route => {
    // The frame has its options, and is not ready: now the page says something new.
    await page.evaluate(() => (window as any).Parlor.setContext({ page: "while loading" }));
    await route.continue();
  });
  await page.addInitScript(() => {
    (window as any).Parlor = {
      // What cannot be copied is left out, and the rest arrives.
      userIdentifier: { email: "ada@example.org", act() {}, place: document.documentElement },
      context: { page: "first" },
    };
  });
  await openedIn(page, panel, hostPage.url({}, "no-wasm"));
  await say(panel, slowly(2, 0));
  await expect(replies(panel)).toHaveText(words(2));
  expect(asked.at(-1)).toMatchObject({ user: { email: "ada@example.org" }, context: { page: "while loading" } });

  await call(page, "setContext", { page: "pricing" });
  await expect.poll(() => asked.at(-1).context).toEqual({ page: "pricing" });
  await call(page, "setUser", { email: "grace@example.org" });
  await expect.poll(() => asked.at(-1).user).toEqual({ email: "grace@example.org" });
  // A function is asked each time a token is needed, not once.
  await page.evaluate(() => {
    let made = 0;
    (window as any).Parlor.setUser(async () => `token ${++made}`);
  });
  await expect.poll(() => asked.at(-1).user_token).toBeTruthy();
  const before = Number(asked.at(-1).user_token.split(" ")[1]);
  await call(page, "setContext", { page: "checkout" });
  await expect.poll(() => Number(asked.at(-1).user_token.split(" ")[1])).toBeGreaterThan(before);
});

test("a signed token of the page's, and the callback that renews it, prove who the visitor is", { tag: "@wire" }, async ({ page, hostPage, panel, ownServer, gates }) => {
  gates.allow(/status of 401/);
  const server = await ownServer();
  const key = await newSite(server, "--who", "verified");
  const secret = (await server.command("site", "secret", "A shop")).match(/\S{20,}/)![0];
  await page.exposeFunction("signed", (good: boolean) => signed(good ? secret : "another secret that is long enough", "customer-4711"));
  await page.addInitScript(() => {
    const asked = ((window as any).asked = [] as unknown[]);
    (window as any).Parlor = {
      userToken(renew: boolean) {
        asked.push(renew);
        return (window as any).signed(Boolean(renew));
      },
    };
  });
  await openedIn(page, panel, hostPage.url({ "api-key": key }, "no-wasm", server.url));
  await say(panel, slowly(3, 0));
  await expect(replies(panel)).toHaveText(words(3));
  expect(await page.evaluate(() => (window as any).asked)).toEqual([false, true]);
});

/** A JWT as a site's server signs it. */
async function signed(secret: string, sub: string): Promise<string> {
  const { createHmac } = await import("node:crypto");
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub, exp: Math.floor(Date.now() / 1000) + 600 })}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

test("files go to the page's own address, from the page, with progress; the frame's policy knows that address not", async ({ page, hostPage, panel, gates, baseURL }) => {
  const arrived: { headers: IncomingMessage["headers"]; body: string }[] = [];
  let status = 200;
  const server = createServer((asked: IncomingMessage, answer: ServerResponse) => {
    const allowed = { "Access-Control-Allow-Origin": hostPage.origin, "Access-Control-Allow-Headers": "authorization, x-client-id, x-widget-api-key" };
    if (asked.method === "OPTIONS") return void answer.writeHead(204, allowed).end();
    let body = "";
    asked.setEncoding("latin1").on("data", part => (body += part)).on("end", () => {
      arrived.push({ headers: asked.headers, body });
      answer.writeHead(status, { ...allowed, "Content-Type": "application/json" });
      if (status !== 200) return answer.end(JSON.stringify({ error: { message: "No such file here." } }));
      answer.end(JSON.stringify({ files: [{ id: randomUUID(), url: `${baseURL}/f/x`, name: "lamp.png", media_type: "image/png", size: PIXEL.length }] }));
    });
  });
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  gates.allowOrigin(address);
  gates.allow(/status of 415/);
  hostPage.leave.connect = address;
  try {
    await openedIn(page, panel, hostPage.url({ "upload-url": `${address}/files` }, "no-wasm"));
    const file = { name: "lamp.png", mimeType: "image/png", buffer: PIXEL };
    await panel.locator("input[type=file]").setInputFiles(file);
    const chips = panel.locator(".chip");
    await expect(chips).toHaveCount(1);
    await expect.poll(() => arrived.length).toBe(1);
    expect(arrived[0].headers).toMatchObject({ origin: hostPage.origin, "x-widget-api-key": SITE_KEY, authorization: expect.stringMatching(/^Bearer ./) });
    expect(arrived[0].body).toContain(PIXEL.toString("latin1"));
    expect(arrived[0].body).toContain('filename="lamp.png"');
    await expect(chips.locator("progress")).toHaveCount(0);
    await expect(chips.locator(".fault")).toHaveCount(0);
    status = 415;
    await panel.locator("input[type=file]").setInputFiles({ ...file, name: "other.png" });
    await expect(panel.getByText("No such file here.")).toBeVisible();
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("a socket's own address is asked from the page", { tag: "@wire" }, async ({ page, hostPage, panel, between: proxy }) => {
  const sockets: string[] = [];
  page.on("websocket", socket => sockets.push(socket.url()));
  // The server's socket by way of a proxy, which the frame's own policy does not allow.
  await page.addInitScript(address => {
    (window as any).Parlor = { transport: "websocket", transportOptions: { webSocketUrl: `${address.replace("http", "ws")}/v1/widget/socket`, backoffBaseMs: 100 } };
  }, proxy.origin);
  hostPage.leave.connect = proxy.origin.replace("http", "ws");
  await openedIn(page, panel, hostPage.url({}, "no-wasm"));
  await say(panel, slowly(10, 20));
  await expect(replies(panel)).toHaveText(words(10));
  expect(sockets).toEqual([`${proxy.origin.replace("http", "ws")}/v1/widget/socket`]);
  expect(proxy.seen).toContain("UPGRADE /v1/widget/socket");
  await call(page, "destroy");
});

test("what could not be sent waits in the frame and goes with the next visit, without a click", { tag: "@wire" }, async ({ page, hostPage, panel, between: proxy, gates }) => {
  gates.allow(/WebSocket connection to|Failed to load resource|net::ERR_|403/);
  const url = hostPage.url({}, "no-wasm", proxy.origin);
  await openedIn(page, panel, url);
  await say(panel, slowly(2, 0));
  await expect(replies(panel)).toHaveText(words(2));
  expect(Object.keys(await kept(page))).toEqual([]);
  proxy.down();
  await say(panel, "Later then");
  await expect.poll(() => kept(page)).toEqual({ [`parlor_outbox_v1:${SITE_KEY}`]: "[]" });
  proxy.up();
  const gone = page.waitForRequest(asked => asked.url().endsWith("/messages") && asked.method() === "POST" && asked.postData()!.includes("Later then"));
  await page.goto(url);
  await gone;
  await expect.poll(() => kept(page)).toEqual({});
  await expect(launcher(page)).toBeVisible();
});

test("where third-party cookies are blocked nothing is missing in the frame", { tag: "@wire" }, async ({ page, hostPage, context, panel }) => {
  const browser = await context.newCDPSession(page);
  await browser.send("Network.enable");
  await browser.send("Network.setCookieControls" as any, {
    enableThirdPartyCookieRestriction: true, disableThirdPartyCookieMetadata: true, disableThirdPartyCookieHeuristics: true,
  } as any);
  await openedIn(page, panel, hostPage.url({}, "no-wasm"));
  await say(panel, slowly(5, 0));
  await expect(replies(panel)).toHaveText(words(5));
  await page.reload();
  await launcher(page).click();
  await expect(replies(panel)).toHaveText(words(5));
});

test("nobody but the page around it gives the frame its options, and who loads it anew is told", { tag: "@wire" }, async ({ page, hostPage, panel, gates, baseURL }) => {
  await openedIn(page, panel, hostPage.url({ title: "The first" }, "no-wasm"));
  // Once it has its options, it takes no others: neither by a second message, nor from another window.
  const second = await page.locator("parlor-chat").evaluate(
    (host, origin) =>
      new Promise(resolve => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => resolve("answered");
        const frame = host.shadowRoot!.querySelector("iframe")!;
        frame.contentWindow!.postMessage({ parlor: [{ options: { title: "Another" } }, []] }, origin, [port2]);
        setTimeout(() => resolve("silent"), 500);
      }),
    new URL(baseURL!).origin,
  );
  expect(second).toBe("silent");
  await expect(panel.getByRole("dialog", { name: "The first" })).toBeVisible();
  await expect(panel.getByRole("dialog")).toHaveCount(1);
  // Loaded anew it has no panel any more: the launcher says so, and the next click brings another.
  await page.frames().find(frame => /frame\?key/.test(frame.url()))!.evaluate(() => location.reload());
  await expect(page.locator("parlor-chat .trouble")).toContainText("The chat cannot be reached right now.");
  await expect(page.locator("parlor-chat .launch")).toHaveAttribute("aria-expanded", "false");
  await launcher(page).click();
  await expect(page.locator("parlor-chat .trouble")).toBeEmpty();
  await launcher(page).click();
  await expect(panel.getByRole("dialog", { name: "The first" })).toBeVisible();
});

test("where there is no wasm at all, or no leave for frames, the visitor is told and the page is whole", async ({ page, hostPage, panel, gates }) => {
  test.slow();
  const said: string[] = [];
  page.on("console", message => message.type() === "warning" && said.push(message.text()));
  gates.allow(/frame-src|Framing/);
  hostPage.leave.frames = false;
  await page.goto(hostPage.url({}, "no-wasm"));
  await launcher(page).click();
  await expect(page.locator("parlor-chat .trouble")).toContainText("The chat cannot be reached right now.");
  expect(said.filter(text => text.startsWith("Parlor:")).length).toBe(1);
  hostPage.leave.frames = true;

  await page.addInitScript(() => delete (window as any).WebAssembly);
  await page.goto(hostPage.url({}, "no-wasm"));
  await launcher(page).click();
  await expect(page.locator("parlor-chat .trouble")).toContainText("The chat cannot be reached right now.");
  await expect(page.locator("parlor-chat iframe")).toHaveCount(0);
  // A frame is not tried in the frame, and whoever looks for the reason finds it.
  expect(said.at(-1)).toMatch(/^Parlor: .*WebAssembly/);
});

test("the frame's code is loaded only where the frame is used", { tag: "@wire" }, async ({ page, hostPage, panel, gates }) => {
  const loads = () => gates.requests.filter(url => /widget-frame-|chat-frame/.test(url)).length;
  await page.goto(hostPage.url());
  await launcher(page).click();
  await expect(input(page)).toBeFocused();
  expect(loads()).toBe(0);
  await openedIn(page, panel, hostPage.url({}, "no-wasm"));
  expect(loads()).toBe(2);
});
