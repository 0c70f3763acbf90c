// What a page adds to the widget: plugins, a transport of its own, and what it is told. All of it holds where the panel
// runs in a frame, too: functions stay in the page.
import type { Page } from "@playwright/test";
import { expect, newUser, test } from "../fixtures";
import { call, hear, heard, inPlace, input, launcher, newSite, openedIn, own, PLACES, replies, say, slowly, words } from "../fixtures/widget";

/** What the plugins of a page noted. */
const noted = (page: Page): Promise<any[]> => page.evaluate(() => (window as any).noted);

for (const where of PLACES) {
  const inFrame = where === "frame" ? ", in a frame" : "";

  test(`before a send, plugins change, answer or stop what goes out, in their order${inFrame}`, async ({ page, hostPage, gates }) => {
    const { place, variant } = inPlace(page, where, gates);
    await page.addInitScript(() => {
      (window as any).Parlor = {
        plugins: [
          { onBeforeSend: (payload: any) => ({ payload: { ...payload, content: payload.content.replace("secret", "***"), metadata: { seen: ["one"] } } }) },
          {
            onBeforeSend(payload: any) {
              if (payload.content.includes("stop")) return { abort: "Please write without that word." };
              if (payload.content === "ping") return { response: { reply: "pong, from the page" } };
              return { payload: { ...payload, metadata: { seen: [...payload.metadata.seen, "two"] } } };
            },
          },
          { onBeforeSend: (payload: any) => void (payload.content = "a copy is changed, not the message") },
          { onBeforeSend: () => { throw new Error("a plugin's fault"); } },
        ],
      };
    });
    const sent: any[] = [];
    page.on("request", request => request.url().endsWith("/messages") && request.method() === "POST" && sent.push(request.postDataJSON()));
    const faults: string[] = [];
    page.on("console", message => message.type() === "error" && faults.push(message.text()));
    gates.allow(/plugin 4 failed/);
    await openedIn(page, place, hostPage.url({}, variant));
    await say(place, `my secret ${slowly(3, 0)}`);
    await expect(own(place)).toHaveText(`my *** ${slowly(3, 0)}`);
    await expect(replies(place)).toHaveText(words(3));
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({ content: `my *** ${slowly(3, 0)}`, metadata: { seen: ["one", "two"] } });
    await say(place, "stop");
    await expect(place.getByRole("alert")).toContainText("Please write without that word.");
    await expect(own(place)).toHaveCount(1);
    await say(place, "ping");
    await expect(replies(place).last()).toHaveText("pong, from the page");
    expect(sent).toHaveLength(1);
    expect(faults.filter(text => /plugin 4 failed in onBeforeSend/.test(text)).length).toBe(1);
  });

  test(`after a refusal a plugin has the message sent once more, changed; then it is refused${inFrame}`, async ({ page, hostPage, gates }) => {
    test.slow(); // a try waits longer than the one before
    const { place, variant } = inPlace(page, where, gates);
    gates.allow(/status of 422/);
    await page.addInitScript(() => {
      const noted = ((window as any).noted = [] as unknown[]);
      (window as any).Parlor = {
        plugins: [
          {
            onSendError(error: any, payload: any) {
              noted.push([error.status, payload.content]);
              return { retry: true, waitMs: error.status === 422 && payload.content === "Rudely put" ? 2_500 : 20, payload: { ...payload, content: "Kindly put", metadata: { softened: true } } };
            },
            onAfterSend: (payload: any, response: any) => void noted.push(["after", payload.content, Boolean(response.message)]),
          },
        ],
      };
    });
    const sent: any[] = [];
    const at: number[] = [];
    let refuse = (_: any) => true;
    await page.route("**/v1/widget/**/messages", async route => {
      if (route.request().method() !== "POST") return route.continue();
      const body = route.request().postDataJSON();
      sent.push(body);
      at.push(Date.now());
      if (!refuse(body)) return route.continue();
      const headers = { "Access-Control-Allow-Origin": hostPage.origin };
      return route.fulfill({ status: 422, headers, json: { error: { code: "invalid", message: "Not in these words." } } });
    });
    await page.route("**/v1/widget/messages", route => route.fallback());
    refuse = body => body.content === "Rudely put";
    await openedIn(page, place, hostPage.url({}, variant));
    await say(place, "Rudely put");
    await expect(replies(place)).toContainText("Kindly put");
    await expect(own(place)).toHaveText("Kindly put");
    expect(sent.map(body => body.content)).toEqual(["Rudely put", "Kindly put"]);
    // As long as the plugin wants it to wait; a quarter is the spread of tries.
    expect(at[1] - at[0]).toBeGreaterThan(2_500 * 0.75 - 50);
    expect(new Set(sent.map(body => body.client_id)).size).toBe(1);
    expect(sent[1].metadata).toEqual({ softened: true });
    await expect.poll(() => noted(page)).toEqual([[422, "Rudely put"], ["after", "Kindly put", true]]);

    // At most three times, all plugins together.
    refuse = () => true;
    await say(place, "Again");
    await expect(place.locator("parlor-chat .fault")).toContainText("Not in these words.");
    expect(sent.length).toBe(2 + 1 + 3);
  });

  test(`messages are shown as the plugins make them: of the past, new ones and complete ones${inFrame}`, async ({ page, hostPage, gates }) => {
    const { place, variant } = inPlace(page, where, gates);
    await page.addInitScript(() => {
      const noted = ((window as any).noted = [] as unknown[]);
      (window as any).Parlor = {
        plugins: [
          {
            onMessages(messages: any[]) {
              noted.push(messages.map(message => [message.author, message.state, typeof message.id]));
              return messages.filter(message => !message.content.includes("hide me")).map(message => ({ ...message, content: message.content.replace("t0", "FIRST") }));
            },
          },
        ],
      };
    });
    await openedIn(page, place, hostPage.url({}, variant));
    await say(place, slowly(5, 20));
    await expect(replies(place)).toHaveText("FIRST t1 t2 t3 t4");
    await say(place, `hide me ${slowly(3, 0)}`);
    await expect(replies(place)).toHaveText(["FIRST t1 t2 t3 t4", "FIRST t1 t2"]);
    await expect(own(place)).toHaveText([slowly(5, 20)]);
    expect((await noted(page)).flat()).toContainEqual(["bot", "complete", "string"]);
    await page.reload();
    await launcher(page).click();
    await expect(replies(place)).toHaveText(["FIRST t1 t2 t3 t4", "FIRST t1 t2"]);
    await expect(own(place)).toHaveCount(1);
  });

  test(`tracing gives a message and its reply one id, and the log has every step${inFrame}`, async ({ page, hostPage, gates }) => {
    const { place, variant } = inPlace(page, where, gates);
    await page.addInitScript(() => {
      const noted = ((window as any).noted = [] as unknown[]);
      const log = (event: string, detail: any) => noted.push([event, detail]);
      (window as any).Parlor = {
        plugins: [
          ({ createTracingPlugin }: any) => createTracingPlugin({ onTrace: (id: string, step: string) => noted.push([step, id]) }),
          ({ createLoggingPlugin }: any) => createLoggingPlugin({ log }),
        ],
      };
    });
    await openedIn(page, place, hostPage.url({}, variant));
    await say(place, slowly(5, 10));
    await expect(replies(place)).toHaveText(words(5));
    await expect.poll(async () => (await noted(page)).map(([name]) => name)).toContain("answered");
    const all = await noted(page);
    const traced = all.filter(([name]) => ["sent", "stored", "answered"].includes(name));
    expect(traced.map(([name]) => name)).toEqual(["sent", "stored", "answered"]);
    expect(new Set(traced.map(([, id]) => id)).size).toBe(1);
    const names = new Set(all.map(([name]) => name));
    for (const name of ["init", "mount", "open", "before-send", "after-send", "messages", "connection", "telemetry"]) expect(names).toContain(name);
    // The log has no text of the visitor's.
    expect(JSON.stringify(all.filter(([name]) => name === "before-send"))).not.toContain("script:");
    await call(page, "destroy");
    await expect.poll(async () => (await noted(page)).map(([name]) => name)).toContain("unmount");
  });

  test(`telemetry tells how long things took: opened, painted, sent, first word, reconnected${inFrame}`, async ({ page, hostPage, between: proxy, gates }) => {
    const { place, variant } = inPlace(page, where, gates);
    gates.allow(/WebSocket connection to|Failed to load resource|net::ERR_/);
    await hear(page, "telemetry");
    await page.addInitScript(() => {
      const noted = ((window as any).noted = [] as unknown[]);
      (window as any).Parlor.plugins = [{ onTelemetry: (event: any) => void noted.push(event.name) }];
    });
    await openedIn(page, place, hostPage.url({}, variant, proxy.origin));
    await say(place, slowly(40, 40));
    await expect(replies(place)).toContainText("t5");
    proxy.down();
    await expect(place.getByText("Reconnecting")).toBeVisible();
    proxy.up();
    await expect(replies(place)).toHaveText(words(40));
    await expect.poll(async () => (await heard(page)).map(([, { name }]) => name)).toContain("reconnected");
    const told = (await heard(page)).map(([, event]) => event);
    expect(told.map(event => event.name)).toEqual(["loaded", "opened", "first_paint", "sent", "first_token", "reconnected"]);
    for (const { name, ms, at } of told) {
      expect(ms, name).toBeGreaterThanOrEqual(0);
      expect(ms, name).toBeLessThan(30_000);
      expect(Math.abs(at - Date.now()), name).toBeLessThan(60_000);
    }
    const time = Object.fromEntries(told.map(({ name, ms }) => [name, ms]));
    expect(time.first_token).toBeGreaterThanOrEqual(time.sent);
    expect(time.first_paint).toBeGreaterThanOrEqual(time.opened);
    await expect.poll(() => noted(page)).toEqual(told.map(event => event.name));
  });

  test(`a transport of the page's own brings the events and may carry the messages${inFrame}`, async ({ page, hostPage, gates, baseURL }) => {
    const { place, variant } = inPlace(page, where, gates);
    const sockets: string[] = [];
    page.on("websocket", socket => sockets.push(socket.url()));
    await page.addInitScript(server => {
      const noted = ((window as any).noted = [] as unknown[]);
      let stopped = false;
      (window as any).Parlor = {
        // The published interface, on the server's long poll; what is sent goes through the page too.
        transport: ({ apiUrl }: any) => ({
          start({ conversationId, after, token, onEvent, onState }: any) {
            noted.push(["start", typeof conversationId, after, typeof token]);
            stopped = false;
            onState("connecting");
            (async () => {
              for (let seq = after; !stopped; ) {
                const headers = { Authorization: `Bearer ${token}` };
                const answer = await (await fetch(`${apiUrl}/v1/widget/conversations/${conversationId}/poll?after=${seq}&wait=2`, { headers })).json();
                onState("open");
                for (const event of answer.events) {
                  seq = event.seq;
                  onEvent(event);
                }
              }
            })();
            this.token = token;
          },
          stop() {
            noted.push(["stop"]);
            stopped = true;
          },
          token: "",
          async send(message: any) {
            noted.push(["send", message.content, message.conversation_id]);
            if (message.content === "refuse") throw Object.assign(new Error("The page refuses this."), { status: 400 });
            const path = message.conversation_id ? `conversations/${message.conversation_id}/messages` : "messages";
            const { conversation_id, ...body } = message;
            const key = document.querySelector("script[data-api-key]")!.getAttribute("data-api-key")!;
            const [, { clientId: id }] = (window as any).heard.find(([name]: [string]) => name === "identity");
            const open = await (await fetch(`${server}/v1/widget/session`, { method: "POST", headers: { "X-Widget-Api-Key": key, "Content-Type": "application/json" }, body: JSON.stringify({ client_id: id }) })).json();
            const headers = { "Content-Type": "application/json", "X-Widget-Api-Key": key, Authorization: `Bearer ${open.token}` };
            return (await fetch(`${server}/v1/widget/${path}`, { method: "POST", headers, body: JSON.stringify(body) })).json();
          },
        }),
      };
    }, baseURL!);
    await hear(page, "connection", "identity");
    await openedIn(page, place, hostPage.url({}, variant));
    await say(place, slowly(10, 20));
    await expect(replies(place)).toHaveText(words(10));
    await say(place, slowly(4, 0));
    await expect(replies(place)).toHaveText([words(10), words(4)]);
    await say(place, "refuse");
    await expect(place.locator("parlor-chat .fault")).toContainText("The page refuses this.");
    expect(sockets).toEqual([]);
    let all = await noted(page);
    expect(all.filter(([name]) => name === "send").map(([, text]) => text)).toEqual([slowly(10, 20), slowly(4, 0), "refuse"]);
    expect(all.filter(([name]) => name === "send").map(([, , id]) => typeof id)).toEqual(["undefined", "string", "string"]);
    expect(all.filter(([name]) => name === "start")).toEqual([["start", "string", 0, "string"]]);
    expect((await heard(page)).filter(([name]) => name === "connection").map(([, { state }]) => state)).toEqual(["connecting", "live"]);

    // A new conversation is listened to anew.
    await place.getByRole("button", { name: "More" }).click();
    await place.getByRole("menuitem", { name: "New conversation" }).click();
    await say(place, slowly(6, 10));
    await expect(replies(place)).toHaveText(words(6));
    all = await noted(page);
    expect(all.filter(([name]) => name === "start" || name === "stop").map(([name]) => name)).toEqual(["start", "stop", "start"]);
    await call(page, "destroy");
    expect((await noted(page)).at(-1)).toEqual(["stop"]);
    await expect(input(place)).toHaveCount(0);
  });

  test(`a hook that never answers holds a message up for ten seconds, and no longer${inFrame}`, async ({ page, hostPage, gates }) => {
    const { place, variant } = inPlace(page, where, gates);
    gates.allow(/plugin 1 failed in onBeforeSend/);
    await page.clock.install();
    await page.addInitScript(() => {
      const noted = ((window as any).noted = [] as unknown[]);
      (window as any).Parlor = {
        plugins: [
          { onBeforeSend: (payload: any) => new Promise(() => noted.push(payload.content)) },
          { onBeforeSend: (payload: any) => ({ payload: { ...payload, content: `${payload.content}, at last` } }) },
        ],
      };
    });
    await openedIn(page, place, hostPage.url({}, variant));
    await say(place, "Hello");
    await expect.poll(() => noted(page)).toEqual(["Hello"]);
    await page.clock.runFor(9_000);
    await expect(own(place)).toHaveCount(0);
    await page.clock.runFor(1_500);
    await expect(own(place)).toHaveText("Hello, at last");
  });

  test(`what the page says while a session is being opened is not lost${inFrame}`, async ({ page, hostPage, gates }) => {
    const { place, variant } = inPlace(page, where, gates);
    const asked: any[] = [];
    let first = true;
    await page.route("**/v1/widget/session", async route => {
      if (route.request().method() !== "POST") return route.continue();
      asked.push(route.request().postDataJSON());
      if (first) {
        first = false;
        await page.evaluate(() => (window as any).Parlor.setUser({ email: "ada@example.org" }));
      }
      return route.continue();
    });
    await openedIn(page, place, hostPage.url({}, variant));
    await say(place, slowly(2, 0));
    await expect(replies(place)).toHaveText(words(2));
    expect(asked[0].user).toBeUndefined();
    await expect.poll(() => asked.at(-1).user).toEqual({ email: "ada@example.org" });
  });

  test(`every hook is called, for each plugin in the order of the array, with a copy of its own${inFrame}`, async ({ page, hostPage, gates }) => {
    const { place, variant } = inPlace(page, where, gates);
    gates.allow(/status of 422/);
    await page.addInitScript(() => {
      const noted = ((window as any).noted = [] as unknown[]);
      const hooks = ["onInit", "onWidgetMount", "onWidgetUnmount", "onWidgetOpen", "onWidgetClose", "onBeforeSend", "onAfterSend", "onSendError", "onMessages", "onConnectionEvent", "onTelemetry"];
      const plugin = (name: string) =>
        Object.fromEntries(
          hooks.map(hook => [
            hook,
            (...values: any[]) => {
              noted.push([hook, name, JSON.stringify(values)]);
              // What one does to what it gets is nothing to the next.
              for (const value of values) if (value && typeof value === "object") for (const key of Object.keys(value)) delete value[key];
            },
          ]),
        );
      (window as any).Parlor = { plugins: [plugin("one"), plugin("two")] };
    });
    await page.route("**/messages", route =>
      route.request().postDataJSON()?.content === "Refused" ? route.fulfill({ status: 422, json: { error: { code: "invalid", message: "Not this." } } }) : route.continue(),
    );
    await openedIn(page, place, hostPage.url({}, variant));
    await say(place, slowly(2, 0));
    await expect(replies(place)).toHaveText(words(2));
    await say(place, "Refused");
    await expect(place.locator("parlor-chat .fault")).toBeVisible();
    await call(page, "close");
    await expect.poll(async () => (await noted(page)).some(([hook]) => hook === "onWidgetClose")).toBe(true);
    await call(page, "destroy");
    await expect.poll(async () => (await noted(page)).at(-1).slice(0, 2)).toEqual(["onWidgetUnmount", "two"]);
    const all = await noted(page);
    const hooks = [...new Set(all.map(([hook]) => hook))].sort();
    expect(hooks).toEqual(["onAfterSend", "onBeforeSend", "onConnectionEvent", "onInit", "onMessages", "onSendError", "onTelemetry", "onWidgetClose", "onWidgetMount", "onWidgetOpen", "onWidgetUnmount"]);
    expect(all[0]).toEqual(["onInit", "one", "[]"]);
    for (const hook of hooks) {
      const [one, two] = ["one", "two"].map(name => all.filter(([of, by]) => of === hook && by === name).map(([, , what]) => what));
      expect(two, hook).toEqual(one);
      expect(all.filter(([of]) => of === hook)[0][1], hook).toBe("one");
    }
    const said = (hook: string) => JSON.parse(all.find(([of]) => of === hook)[2]);
    expect(said("onBeforeSend")).toMatchObject([{ content: slowly(2, 0), client_id: expect.any(String) }]);
    expect(said("onAfterSend")).toMatchObject([{ content: slowly(2, 0) }, { message: { id: expect.any(String) }, reply: { id: expect.any(String) } }]);
    expect(said("onSendError")).toMatchObject([{ status: 422, message: "Not this." }, { content: "Refused" }]);
    expect(said("onConnectionEvent")).toMatchObject([{ state: "connecting", transport: expect.any(String) }]);
    expect(said("onMessages")).toMatchObject([[{ author: expect.any(String), id: expect.any(String) }]]);
    expect(said("onTelemetry")).toMatchObject([{ name: "loaded", ms: expect.any(Number), at: expect.any(Number) }]);
  });

  test(`a trace goes to the server with the message, and comes back from it at the next visit${inFrame}`, async ({ page, hostPage, gates }) => {
    const { place, variant } = inPlace(page, where, gates);
    await page.addInitScript(() => {
      const noted = ((window as any).noted = [] as unknown[]);
      const shown = { onMessages: (messages: any[]) => void noted.push(...messages.map(({ author, metadata }) => [author, metadata?.traceId, typeof metadata?.sentAt])) };
      const traces = ({ createTracingPlugin }: any) => createTracingPlugin({ makeId: () => "trace-of-this-test" });
      // At the second visit nobody makes a trace: what is there, the server has kept.
      (window as any).Parlor = { plugins: sessionStorage.getItem("visited") ? [shown] : [traces, shown] };
    });
    await openedIn(page, place, hostPage.url({}, variant));
    await say(place, slowly(2, 0));
    await expect(replies(place)).toHaveText(words(2));
    // On the reply as well, while it is traced.
    await expect.poll(() => noted(page)).toContainEqual(["bot", "trace-of-this-test", "undefined"]);
    await page.evaluate(() => sessionStorage.setItem("visited", "yes"));
    await page.reload();
    await launcher(page).click();
    await expect(replies(place)).toHaveText(words(2));
    await expect.poll(() => noted(page)).toContainEqual(["visitor", "trace-of-this-test", "number"]);
  });

  test(`the server lets in whom the token of the refresher names, and takes another where it has ended${inFrame}`, async ({ page, hostPage, gates, ownServer, playwright, request }) => {
    const { place, variant } = inPlace(page, where, gates);
    gates.allow(/status of 40\d|WebSocket connection to/);
    const server = await ownServer({ PARLOR_AUTH_PER_MINUTE: "100000" });
    const key = await newSite(server, "--who", "account");
    const member = await newUser(playwright, server.url);
    const made: { authToken: string; refreshToken: string }[] = [];
    await page.exposeFunction("token", async (refresh: boolean) => {
      if (!refresh) return "one that the server has never seen";
      const answer = await request.post(`${server.url}/auth/login`, { data: { email: member.email, password: member.password } });
      made.push(await answer.json());
      return made.at(-1)!.authToken;
    });
    await page.addInitScript(() => {
      (window as any).Parlor = { plugins: [({ createAuthTokenRefresherPlugin }: any) => createAuthTokenRefresherPlugin({ getToken: (window as any).token })] };
    });
    const bearers: (string | undefined)[] = [];
    page.on("request", asked => asked.url().endsWith("/session") && asked.method() === "POST" && bearers.push(asked.headers().authorization));
    await openedIn(page, place, hostPage.url({ "api-key": key }, variant, server.url));
    await say(place, slowly(3, 0));
    await expect(replies(place)).toHaveText(words(3));
    expect(bearers.slice(0, 2)).toEqual(["Bearer one that the server has never seen", `Bearer ${made[0].authToken}`]);
    // The account's session ends at the server; the next message goes all the same, once.
    const ended = await request.post(`${server.url}/auth/logout`, { headers: { Authorization: `Bearer ${made.at(-1)!.refreshToken}` } });
    expect(ended.status()).toBe(204);
    await say(place, slowly(4, 0));
    await expect(replies(place)).toHaveText([words(3), words(4)]);
    await expect(own(place)).toHaveText([slowly(3, 0), slowly(4, 0)]);
    expect(bearers.at(-1)).toBe(`Bearer ${made.at(-1)!.authToken}`);
    expect(made.length).toBeGreaterThan(1);
  });
}
