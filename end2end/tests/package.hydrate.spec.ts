// The npm package in websites that are bundled with it, from the tarball as it would be published.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { expect, SITE_KEY, test } from "../fixtures";
import { HOSTS } from "../fixtures/hosts";
import { frameOf, input, replies, say, slowly, words } from "../fixtures/widget";

const asked = (baseURL: string | undefined) => ({ api: `${baseURL}/chat`, key: SITE_KEY });
const told = (page: Page) => page.evaluate(() => (window as any).told);

test("a React host that renders twice a second has one widget, one start and one connection", async ({ page, builtHost, gates, baseURL }) => {
  const host = await builtHost("vite");
  const sockets: string[] = [];
  page.on("websocket", socket => sockets.push(socket.url()));
  await page.goto(host.url(asked(baseURL)));
  await page.getByRole("button", { name: "Open chat" }).click();
  const panel = page.getByRole("dialog", { name: "Ask the shop" });
  await expect(panel).toBeVisible();
  const element = await page.locator("parlor-chat").elementHandle();

  const ours = () => gates.requests.filter(url => new URL(url).origin === baseURL).length;
  const rendered = async () => Number(await page.locator("output").textContent());
  const from = await rendered();
  await expect.poll(rendered).toBeGreaterThan(from + 2);
  const [requests, connections] = [ours(), sockets.length];
  await expect.poll(rendered, { timeout: 15_000 }).toBeGreaterThan(from + 10);

  expect(ours()).toBe(requests);
  expect(sockets).toHaveLength(connections);
  expect(connections).toBeLessThanOrEqual(1);
  expect(await told(page)).toMatchObject({ init: 1, mount: 1 });
  await expect(page.locator("parlor-chat")).toHaveCount(1);
  expect(await element!.evaluate(before => before.isConnected)).toBe(true);
  await expect(panel).toBeVisible();
  // The settings of the component arrive: the colour, and the functions by the ref.
  expect(await page.locator("parlor-chat .launch").evaluate(button => getComputedStyle(button).backgroundColor)).toBe("rgb(124, 58, 237)");
  await page.evaluate(() => (window as any).chat.close());
  await expect(panel).toBeHidden();
});

test("React's strict mode leaves one widget", async ({ page, builtHost, baseURL }) => {
  const host = await builtHost("vite");
  await page.goto(host.url({ ...asked(baseURL), strict: "1" }));
  await expect(page.getByRole("button", { name: "Open chat" })).toHaveCount(1);
  await page.getByRole("button", { name: "Open chat" }).click();
  await expect(page.getByRole("dialog", { name: "Ask the shop" })).toBeVisible();
  expect(await told(page)).toMatchObject({ init: 1, mount: 1 });
});

test("a page that webpack has bundled has the function and the element, each with a panel of its own", async ({ page, builtHost, baseURL }) => {
  const host = await builtHost("webpack");
  await page.goto(host.url(asked(baseURL)));
  const inline = page.getByRole("dialog", { name: "By function" }).or(page.getByRole("region", { name: "By function" }));
  await expect(inline).toBeVisible();
  const place = (await page.locator("#place").boundingBox())!;
  const shown = (await inline.boundingBox())!;
  expect(shown.width).toBeLessThanOrEqual(place.width + 1);
  expect(shown.x).toBeGreaterThanOrEqual(place.x - 1);

  await page.getByRole("button", { name: "Open chat" }).click();
  await expect(page.getByRole("dialog", { name: "By element" })).toBeVisible();
  await page.evaluate(() => (document.body.lastElementChild as any).close());
  await expect(page.getByRole("dialog", { name: "By element" })).toBeHidden();
  expect(await page.evaluate(() => (window as any).heard)).toEqual(["open", "close"]);
  // What attributes cannot say is in its `options`.
  await expect.poll(() => page.evaluate(() => (window as any).hooks)).toEqual(["init", "open"]);
  await expect(inline).toBeVisible();

  // Taken off the page, an element takes its widget along.
  await page.evaluate(() => document.body.lastElementChild!.remove());
  await expect(page.getByRole("button", { name: "Open chat" })).toHaveCount(0);
  expect(await page.evaluate(() => (window as any).version)).toBe(JSON.parse(readFileSync(join(HOSTS, "node_modules/parlor-widget/package.json"), "utf8")).version);
  expect(await page.evaluate(() => "Parlor" in window)).toBe(false);
});

test("rotateIdentity makes the visitor somebody new, in every widget of the page, and also where there is none", async ({ page, builtHost, baseURL }) => {
  const host = await builtHost("webpack");
  await page.goto(host.url(asked(baseURL)));
  const kept = () => page.evaluate(() => [JSON.parse(localStorage.getItem("cs_client_identity_v1") ?? "null")?.id ?? null, document.cookie]);
  const rotate = () => page.evaluate(() => (window as any).rotateIdentity());
  const panel = page.getByRole("dialog", { name: "By element" });
  const inline = page.getByRole("dialog", { name: "By function" }).or(page.getByRole("region", { name: "By function" }));
  const sayIn = async (place: typeof panel, tokens: number) => {
    await place.getByRole("textbox", { name: "Message" }).fill(slowly(tokens, 0));
    await place.getByRole("textbox", { name: "Message" }).press("Enter");
    await expect(place.locator("article:not(.me) .bubble")).toHaveText(words(tokens));
  };
  await page.getByRole("button", { name: "Open chat" }).click();
  await sayIn(panel, 3);
  const [first, cookie] = await kept();
  expect(cookie).toBe(`cs_client_id=${first}`);

  expect(await rotate()).toBe(true);
  expect(await kept()).toEqual([null, ""]);
  for (const place of [panel, inline]) await expect(place.locator("article")).toHaveCount(0);
  await sayIn(panel, 4);
  const [second] = await kept();
  expect(second).not.toBe(first);

  await page.evaluate(() => {
    (window as any).chat.destroy();
    document.body.lastElementChild!.remove();
  });
  await expect(page.locator("parlor-chat")).toHaveCount(0);
  expect(await kept()).toEqual([second, `cs_client_id=${second}`]);
  expect(await rotate()).toBe(true);
  expect(await kept()).toEqual([null, ""]);
});

test("each prop of the React component arrives, and each event comes back, at the functions of the last rendering", async ({ page, builtHost, baseURL, gates }) => {
  gates.allow(/status of 401|status of 40\d/);
  const host = await builtHost("vite");
  const sessions: { body: any; headers: Record<string, string> }[] = [];
  const polls: number[] = [];
  page.on("request", request => {
    if (request.url().endsWith("/v1/widget/session") && request.method() === "POST") sessions.push({ body: request.postDataJSON(), headers: request.headers() });
    if (request.url().includes("/poll?")) polls.push(Date.now());
  });
  const props = {
    title: "Props arrive", primaryColor: "#0f766e", welcomeMessage: "Good morning", inputPlaceholder: "Ask away", position: "left", theme: "dark", locale: "de",
    userIdentifier: { email: "grace@example.org" }, context: { page: "pricing" }, defaultOpen: true, transport: "polling", pollIntervalMs: 400,
    uploadUrl: `${baseURL}/api/upload`,
  };
  await page.goto(host.url({ ...asked(baseURL), props: JSON.stringify(props) }));
  const panel = page.getByRole("dialog", { name: "Props arrive" });
  await expect(panel).toBeVisible();
  expect(await panel.evaluate(dialog => [getComputedStyle(dialog).colorScheme, dialog.lang.slice(0, 2)])).toEqual(["dark", "de"]);
  await expect(panel.getByText("Good morning")).toBeVisible();
  const field = panel.locator("textarea");
  await expect(field).toHaveAttribute("placeholder", "Ask away");
  expect(await page.locator("parlor-chat .launch").evaluate(button => getComputedStyle(button).backgroundColor)).toBe("rgb(15, 118, 110)");
  expect((await panel.boundingBox())!.x).toBeLessThan(30);
  await field.fill(slowly(3, 0));
  await field.press("Enter");
  await expect(replies(page)).toHaveText(words(3));
  expect(sessions[0].body).toMatchObject({ user: { email: "grace@example.org" }, context: { page: "pricing" } });
  await expect.poll(() => polls.length).toBeGreaterThan(1);
  const upload = page.waitForRequest(request => request.url() === `${baseURL}/api/upload` && request.method() === "POST");
  await panel.locator("input[type=file]").setInputFiles({ name: "note.txt", mimeType: "text/plain", buffer: Buffer.from("a note") });
  await upload;

  // A token that comes later is told to the widget that is there; so is another visitor.
  await page.evaluate(() => (window as any).rerender({ userToken: "a token of the page's" }));
  await expect.poll(() => sessions.at(-1)!.body.user_token).toBe("a token of the page's");
  await page.evaluate(() => (window as any).rerender({ userToken: undefined, userIdentifier: { email: "ada@example.org" } }));
  await expect.poll(() => sessions.at(-1)!.body.user).toEqual({ email: "ada@example.org" });
  await expect(panel).toBeVisible();
  expect(await told(page)).toMatchObject({ init: 1, mount: 1 });
  const events = (await told(page)).events as [string, unknown, number][];
  for (const name of ["Ready", "Open", "Message", "Sent", "Connection", "Unread", "Identity", "Telemetry"]) expect(events.map(([event]) => event)).toContain(name);
  // The function of the last rendering: of the first, the count would be what it was then.
  const count = Number(await page.locator("output").textContent());
  await page.evaluate(() => (window as any).chat.close());
  await expect.poll(async () => (await told(page)).events.find(([name]: [string]) => name === "Close")?.[2]).toBeGreaterThanOrEqual(count);
});

test("the packaged widget runs in a frame, with its plugins, where the page's policy forbids wasm", async ({ page, builtHost, baseURL, gates }) => {
  gates.allow(/WebAssembly|wasm-unsafe-eval/);
  const host = await builtHost("vite", `default-src 'none'; script-src 'self'; connect-src 'self' ${baseURL}; style-src 'self'; img-src data:; frame-src ${baseURL}; base-uri 'none'`);
  await page.goto(host.url(asked(baseURL)));
  await page.getByRole("button", { name: "Open chat" }).click();
  const frame = frameOf(page);
  await expect(frame.getByRole("dialog", { name: "Ask the shop" })).toBeVisible();
  await say(frame, slowly(3, 0));
  await expect(replies(frame)).toHaveText(words(3));
  expect(await told(page)).toMatchObject({ init: 1, mount: 1 });
  const names = (await told(page)).events.map(([name]: [string]) => name);
  for (const name of ["Ready", "Open", "Message", "Sent", "Identity", "Telemetry"]) expect(names).toContain(name);
  await page.evaluate(() => (window as any).chat.close());
  await expect(page.locator("parlor-chat iframe")).toBeHidden();
  await expect(input(frame)).toBeHidden();
});

test("where there is no window it can be imported, required and rendered", () => {
  const said = JSON.parse(execFileSync(process.execPath, ["server.mjs"], { cwd: HOSTS, encoding: "utf8" }));
  expect(said).toMatchObject({ mount: "function", window: "undefined" });
  // Nothing where it floats, its place where it is part of the page; the same for `import` and `require`.
  expect(said.rendered).toEqual([["<main></main>", "<main><div></div></main>"], ["<main></main>", "<main><div></div></main>"]]);
});

test("a typed host compiles by the strictest settings, and what is wrong in it does not", () => {
  const typescript = join(HOSTS, "node_modules/typescript/bin/tsc");
  const run = () => execFileSync(process.execPath, [typescript, "--project", "typed"], { cwd: HOSTS, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  try {
    said = run();
  } catch (error) {
    said = String((error as { stdout?: string }).stdout ?? error);
  }
  expect(said).toBe("");
});

test("the tarball holds what it says, and no source, test or secret", () => {
  const root = join(HOSTS, "node_modules/parlor-widget");
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const paths = [manifest.main, manifest.module, manifest.types];
  const collect = (value: unknown): void => {
    if (typeof value === "string") paths.push(value);
    else if (value && typeof value === "object") Object.values(value).forEach(collect);
  };
  collect(manifest.exports);
  for (const path of paths) expect(readFileSync(join(root, path)).length, path).toBeGreaterThan(0);
  for (const path of paths.filter(path => path.endsWith(".cjs"))) {
    expect(readFileSync(join(root, path), "utf8"), path).not.toMatch(/import\.meta|\brequire\("crypto"\)/);
  }
});
