// What the server refuses, and what comes broken: the visitor is told in a sentence, and nothing of theirs is lost.
import type { Page } from "@playwright/test";
import { expect, test } from "../fixtures";
import { makeSite, section } from "../fixtures/admin";
import { elsewhere, input, launcher, opened, own, replies, say, slowly, words } from "../fixtures/widget";

const alert = (page: Page) => page.locator("parlor-chat").getByRole("alert").first();

const ENDED = "This site key is unknown or no longer holds. The site's page in the administration shows the key.";

/** Types and sends where nothing can go: the visitor reads why, and what was typed stays to be seen and sent again. */
async function refused(page: Page, url: string, why: string) {
  await opened(page, url);
  await say(page, "Is anybody there?");
  await expect(alert(page)).toContainText(why);
  await expect(own(page)).toHaveText("Is anybody there?");
  await expect(replies(page)).toHaveCount(0);
}

test("a key that is wrong, missing, ended or of another website is told in a sentence", async ({ page, hostPage, admin, gates }) => {
  test.slow();
  expect(admin.username).toBeTruthy();
  gates.allow(/status of 40[13]/);
  await makeSite(page, hostPage.origin);
  const site = page.url();
  const keys = section(page, "Keys");
  const first = (await keys.getByRole("listitem").first().locator("code").textContent())!;
  await keys.getByRole("button", { name: "Make a new key", exact: true }).click();
  await expect(keys.getByRole("listitem")).toHaveCount(2);
  const all = await keys.getByRole("listitem").locator("code").allTextContents();
  const second = all.find(key => key !== first)!;
  // While a key is being changed, both hold, for the same visitor.
  await opened(page, hostPage.url({ "api-key": first }));
  await say(page, slowly(3, 0));
  await expect(replies(page)).toHaveText(words(3));
  await opened(page, hostPage.url({ "api-key": second }));
  await expect(own(page)).toHaveText(slowly(3, 0));
  await say(page, slowly(4, 0));
  await expect(replies(page)).toHaveText([words(3), words(4)]);

  await page.goto(site);
  // The newer key is the tag's; the other one can be ended.
  await keys.getByRole("button", { name: "End now" }).click();
  await expect(keys.getByRole("listitem")).toHaveCount(1);
  // Another server may know it for five seconds more; this one does not.
  await refused(page, hostPage.url({ "api-key": first }), ENDED);
  await refused(page, hostPage.url({ "api-key": "pk_nobody_has_this" }), ENDED);
  await refused(page, hostPage.url({ "api-key": "" }), "The site's key is missing.");
  await opened(page, hostPage.url({ "api-key": second }));
  await expect(own(page)).toHaveText([slowly(3, 0), slowly(4, 0)]);

  // The key of a website that this page is none of.
  await makeSite(page, "https://another.example");
  const foreign = (await keys.getByRole("listitem").first().locator("code").textContent())!;
  expect([first, second]).not.toContain(foreign);
  await refused(
    page,
    hostPage.url({ "api-key": foreign }),
    `This site's key does not allow pages of ${hostPage.origin}. An administrator can add the origin to the site's settings.`,
  );
});

test("a socket that is sent nonsense, or ten megabytes, says so, and the visitor's talk goes on", async ({ page, hostPage, request, baseURL }) => {
  await opened(page, hostPage.url({ transport: "websocket" }));
  await say(page, slowly(3, 0));
  await expect(replies(page)).toHaveText(words(3));
  const told = (frames: string[]) =>
    page.evaluate(
      ([address, frames]) =>
        new Promise<{ errors: any[]; code: number }>(resolve => {
          const errors: any[] = [];
          const socket = new WebSocket(address as string);
          socket.onmessage = ({ data }) => errors.push(JSON.parse(data));
          socket.onclose = ({ code }) => resolve({ errors, code });
          socket.onopen = () => (frames as string[]).forEach(frame => socket.send(frame.startsWith("x*") ? "x".repeat(Number(frame.slice(2))) : frame));
        }),
      [`${baseURL!.replace("http", "ws")}/v1/widget/socket`, frames] as const,
    );
  const unreadable = ["invalid", /^This frame cannot be read: .+ at line 1 column \d+\.$/] as const;
  for (const [nonsense, [code, message]] of [
    ["{", unreadable], ["[]", unreadable], ["null", unreadable], ['{"type":"auth"}', unreadable], ["\u0000", unreadable],
    ['{"type":"eat"}', ["invalid", /^A frame is of type auth, send, read or ping\.$/]],
    ['{"type":"auth","token":"forged"}', ["unauthenticated", /^This visitor's token does not hold, or has ended\./]],
  ] as const) {
    // One frame that says why, and the end.
    expect(await told([nonsense]), nonsense).toEqual({ code: 1008, errors: [{ type: "error", error: { code, message: expect.stringMatching(message) } }] });
  }
  const large = await told(["x*10000000"]);
  expect(large.errors.at(-1)).toMatchObject({ type: "error", error: { code: "too_large", message: expect.stringContaining("64 KiB") } });
  expect(large.code).toBe(1009);
  await say(page, slowly(4, 0));
  await expect(replies(page)).toHaveText([words(3), words(4)]);
  const { post } = await elsewhere(page, request, baseURL!);
  for (const body of ["{", "[]", "null", '{"client_id":7}', '"x"']) {
    const answer = await post("messages", Buffer.from(body));
    expect(answer.status(), body).toBe(400);
    expect((await answer.json()).error, body).toMatchObject({ code: "invalid", message: expect.stringMatching(/^The body (is not valid JSON|does not fit: .+)\.$/) });
  }
});

test("frames that come broken are passed over, and no word of the reply is lost", async ({ page, hostPage }) => {
  let sent = 0;
  await page.routeWebSocket(/\/v1\/widget\/socket$/, socket => {
    const server = socket.connectToServer();
    socket.onMessage(message => server.send(message));
    server.onMessage(message => {
      for (const broken of ["{", "[]", "null", "7", '{"type":"event"}', '{"type":"event","event":{"seq":"1"}}', '{"type":"eaten","x":[]}', '{"type":"event","event":null}']) socket.send(broken);
      socket.send(message);
      sent++;
    });
  });
  await opened(page, hostPage.url({ transport: "websocket" }));
  await say(page, slowly(30, 20));
  await expect(replies(page)).toHaveText(words(30), { timeout: 20_000 });
  expect(sent).toBeGreaterThan(3);
  await say(page, slowly(4, 0));
  await expect(replies(page)).toHaveText([words(30), words(4)]);
  await page.reload();
  await launcher(page).click();
  await expect(replies(page)).toHaveText([words(30), words(4)]);
});

test("an answer that is no JSON, empty or of another server is waited out, and nothing typed is lost", async ({ page, hostPage, gates }) => {
  test.slow();
  gates.allow(/Failed to load resource|WebSocket connection to/);
  let broken = 0;
  await page.route("**/v1/widget/session", route => {
    if (route.request().method() === "OPTIONS" || broken++ > 2) return route.fallback();
    const headers = { "Access-Control-Allow-Origin": hostPage.origin };
    return route.fulfill([{ status: 200, headers, body: "<html>" }, { status: 200, headers, body: "" }, { status: 502, headers, body: "Bad gateway" }][broken - 1]!);
  });
  await opened(page, hostPage.url());
  await say(page, slowly(5, 0));
  await expect(replies(page)).toHaveText(words(5), { timeout: 25_000 });
  await expect(own(page)).toHaveText(slowly(5, 0));
  expect(broken).toBeGreaterThan(3);
  await expect(input(page)).toBeFocused();
});

test("the isolated page really is isolated, and the strict one refuses what is inline", async ({ page, hostPage }) => {
  await page.goto(hostPage.url({}, "isolated"));
  await expect(launcher(page)).toBeVisible();
  expect(await page.evaluate(() => self.crossOriginIsolated)).toBe(true);
  const answer = await page.goto(hostPage.url());
  const policy = answer!.headers()["content-security-policy"]!;
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/'unsafe-(inline|eval|hashes)'/);
  expect(policy).toContain("require-trusted-types-for 'script'");
  expect(new URL(page.url()).origin).not.toBe(new URL(process.env.PARLOR_TEST_URL!).origin);
});
