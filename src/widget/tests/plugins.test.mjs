import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import {
  AbortSendError, cloneSafe, createAuthTokenRefresherPlugin, createLoggingPlugin, createRunner, createTracingPlugin,
} from "../plugins.js";

/** A runner whose reports are collected. */
function running(...plugins) {
  const reports = [];
  const runner = createRunner(plugins, (message, error) => reports.push([message, error?.message]));
  return { runner, reports };
}

afterEach(() => {
  for (const name of ["abort", "retry", "response", "payload", "onBeforeSend"]) delete Object.prototype[name];
});

test("hooks run in the order of the array, each with what the one before made of it", async () => {
  const seen = [];
  const adding = word => ({
    onBeforeSend(payload) {
      seen.push(payload.content);
      return { payload: { ...payload, content: `${payload.content} ${word}` } };
    },
  });
  const { runner } = running(adding("b"), {}, adding("c"));
  assert.deepEqual(await runner.run("onBeforeSend", { content: "a" }), { payload: { content: "a b c" } });
  assert.deepEqual(seen, ["a", "a b"]);
});

test("what a plugin does to its copy changes nothing for anybody else", async () => {
  const original = { content: "a", metadata: { deep: [1] } };
  const spoils = { onBeforeSend: payload => void ((payload.content = "x"), payload.metadata.deep.push(2)) };
  const { runner } = running(spoils, spoils);
  const { payload } = await runner.run("onBeforeSend", original);
  assert.deepEqual(payload, { content: "a", metadata: { deep: [1] } });
  assert.deepEqual(original, { content: "a", metadata: { deep: [1] } });
  assert.notEqual(payload, original);
});

test("a plugin that throws is reported and stops nobody", async () => {
  const fails = {
    name: "broken",
    onBeforeSend() {
      throw new Error("no");
    },
    onMessages: async () => Promise.reject(new Error("neither")),
  };
  const adds = { onBeforeSend: payload => ({ payload: { ...payload, ok: true } }), onMessages: list => [...list, { id: "2" }] };
  const { runner, reports } = running(fails, adds);
  assert.deepEqual((await runner.run("onBeforeSend", {})).payload, { ok: true });
  assert.deepEqual(await runner.run("onMessages", [{ id: "1" }]), [{ id: "1" }, { id: "2" }]);
  assert.deepEqual(reports, [
    ["Parlor: broken failed in onBeforeSend.", "no"],
    ["Parlor: broken failed in onMessages.", "neither"],
  ]);
});

test("a plugin that never answers is not waited for", async context => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { runner, reports } = running({ onBeforeSend: () => new Promise(() => {}) });
  const sent = runner.run("onBeforeSend", { content: "a" });
  // Once the hook is waited for, the clock is put forward.
  await new Promise(resolve => setImmediate(resolve));
  context.mock.timers.tick(10_000);
  assert.deepEqual(await sent, { payload: { content: "a" } });
  assert.deepEqual(reports, [["Parlor: plugin 1 failed in onBeforeSend.", "no answer within 10 s"]]);
});

test("a send can be stopped, by an answer or by an error made for it, and nobody after is asked", async () => {
  let asked = 0;
  const counts = { onBeforeSend: () => void asked++ };
  const stops = { onBeforeSend: () => ({ abort: "closed today" }) };
  const throws = {
    onBeforeSend() {
      throw new AbortSendError("too rude");
    },
  };
  assert.equal((await running(stops, counts).runner.run("onBeforeSend", {})).abort, "closed today");
  const { runner, reports } = running(throws, counts);
  assert.equal((await runner.run("onBeforeSend", {})).abort, "too rude");
  assert.deepEqual(reports, []);
  assert.equal(asked, 0);
});

test("a plugin can answer in the server's place", async () => {
  const { runner } = running({ onBeforeSend: () => ({ response: { reply: "from the cache" } }) });
  assert.deepEqual(await runner.run("onBeforeSend", { content: "a" }), {
    payload: { content: "a" },
    response: { reply: "from the cache" },
  });
});

test("a message is sent again at most three times, whatever plugins say, and no longer than a minute later", async () => {
  const stubborn = { onSendError: (error, payload) => ({ retry: true, waitMs: 3_600_000, payload: { ...payload, tried: error.status } }) };
  const { runner } = running(stubborn, { onSendError: () => ({ waitMs: 5 }) });
  const failed = id => runner.run("onSendError", { error: { status: 503 }, payload: { client_id: id } });
  for (let attempt = 1; attempt <= 3; attempt++) {
    assert.deepEqual(await failed("a"), { retry: true, waitMs: 60_000, payload: { client_id: "a", tried: 503 } });
  }
  assert.equal((await failed("a")).retry, false);
  assert.equal((await failed("b")).retry, true);
  // What has arrived may fail anew another time.
  await runner.run("onAfterSend", { payload: { client_id: "a" }, response: {} });
  assert.equal((await failed("a")).retry, true);
});

test("nobody asks for another try where no plugin does", async () => {
  const { runner } = running({ onSendError: () => undefined }, {});
  assert.deepEqual(await runner.run("onSendError", { error: {}, payload: { content: "a" } }), {
    retry: false, waitMs: 0, payload: { content: "a" },
  });
});

test("a polluted prototype of the page speaks for no plugin", async () => {
  const { runner } = running({ onBeforeSend: () => ({}), onSendError: () => ({}) }, {});
  Object.prototype.abort = "polluted";
  Object.prototype.retry = true;
  Object.prototype.response = { polluted: true };
  Object.prototype.payload = { content: "polluted" };
  Object.prototype.onBeforeSend = () => ({ abort: "inherited" });
  const sent = await runner.run("onBeforeSend", { content: "a" });
  assert.deepEqual(Object.keys(sent), ["payload"]);
  assert.equal(sent.payload.content, "a");
  assert.equal((await runner.run("onSendError", { error: {}, payload: { content: "a" } })).retry, false);
});

test("copies keep what is data, leave out what is not, and never set a prototype", () => {
  const data = { list: [1, { at: new Date(0) }], bytes: new Uint8Array([1]) };
  assert.deepEqual(cloneSafe(data), data);
  const copy = cloneSafe(JSON.parse('{"__proto__": {"polluted": true}, "x": 1}'));
  assert.equal(copy.polluted, undefined);
  assert.equal(Object.getPrototypeOf(copy), Object.prototype);
  const mixed = cloneSafe({ act() {}, deep: { ok: 1, act() {} } });
  assert.deepEqual(mixed, { act: undefined, deep: { ok: 1, act: undefined } });
  const tricky = JSON.parse('{"__proto__": {"polluted": true}}');
  tricky.act = () => {};
  assert.equal(cloneSafe(tricky).polluted, undefined);
  const error = Object.assign(new Error("full"), { status: 507, act() {} });
  assert.equal(cloneSafe(error).message, "full");
  const ring = { act() {} };
  ring.ring = ring;
  assert.doesNotThrow(() => cloneSafe(ring));
});

test("all else is told to all, after onInit, by classes too", async () => {
  const told = [];
  class Plugin {
    async onInit() {
      await undefined;
      told.push("init");
    }
    onWidgetOpen() {
      told.push("open");
    }
    onConnectionEvent(event) {
      told.push(event.state);
    }
  }
  const { runner } = running(new Plugin());
  await runner.run("onInit");
  await runner.run("onWidgetOpen");
  await runner.run("onConnectionEvent", { state: "open" });
  await runner.run("constructor", {});
  assert.deepEqual(told, ["init", "open", "open"]);
});

test("what is no plugin is reported, and the others work", async () => {
  const { runner, reports } = running(null, "logging", () => {
    throw new Error("broken");
  }, ({ createTracingPlugin: make }) => make({ makeId: () => "t1" }));
  assert.equal(reports.length, 3);
  assert.equal((await runner.run("onBeforeSend", {})).payload.metadata.traceId, "t1");
});

test("logging tells each step and no text of a person", async () => {
  const lines = [];
  const log = (event, detail) => lines.push([event, detail]);
  const { runner } = running(createLoggingPlugin({ log }));
  await runner.run("onWidgetOpen");
  await runner.run("onBeforeSend", { client_id: "c", content: "my secret" });
  await runner.run("onAfterSend", { payload: { client_id: "c", content: "my secret" }, response: { conversation_id: "k" } });
  await runner.run("onSendError", { error: { status: 500 }, payload: { client_id: "c", content: "my secret" } });
  await runner.run("onMessages", [{ id: "m", content: "my secret" }]);
  assert.deepEqual(lines.map(([event]) => event), ["init", "open", "before-send", "after-send", "send-error", "messages"]);
  assert.deepEqual(lines[2][1], { client_id: "c", length: 9 });
  assert.ok(!JSON.stringify(lines).includes("secret"));

  const all = [];
  const open = running(createLoggingPlugin({ log: (event, detail) => all.push(detail), texts: true }));
  await open.runner.run("onBeforeSend", { content: "told" });
  assert.deepEqual(all.at(-1), { content: "told" });
});

test("a trace goes out with the message and comes back on it and on its reply", async () => {
  const steps = [];
  let next = 0;
  const tracing = createTracingPlugin({ makeId: () => `t${++next}`, onTrace: (id, step) => steps.push([id, step]) });
  const { runner } = running(tracing);
  const { payload } = await runner.run("onBeforeSend", { client_id: "c", content: "hi", metadata: { page: "/" } });
  assert.equal(payload.metadata.traceId, "t1");
  assert.equal(payload.metadata.page, "/");
  assert.ok(Math.abs(payload.metadata.sentAt - Date.now()) < 60_000);
  await runner.run("onAfterSend", { payload, response: { message: { id: "m1" }, reply: { id: "m2" } } });

  const messages = await runner.run("onMessages", [
    { id: "m1", author: "visitor", metadata: payload.metadata },
    { id: "m2", author: "bot", parent_id: "m1" },
    { id: "m3", author: "bot", parent_id: "m1" },
    { id: "m4", author: "bot", parent_id: "other" },
  ]);
  assert.deepEqual(messages.map(message => message.metadata?.traceId), ["t1", "t1", "t1", undefined]);
  assert.deepEqual(steps, [["t1", "sent"], ["t1", "stored"], ["t1", "answered"]]);
  // Sent again, it is the same trace.
  assert.equal((await runner.run("onBeforeSend", payload)).payload.metadata.traceId, "t1");
});

test("the token is asked for once however many want it, and anew after a refusal", async () => {
  const asked = [];
  const auth = createAuthTokenRefresherPlugin({
    getToken: async refresh => {
      asked.push(refresh);
      await new Promise(resolve => setImmediate(resolve));
      return `token ${asked.length}`;
    },
  });
  const { runner } = running(auth);
  assert.deepEqual(await Promise.all([runner.authToken(), runner.authToken()]), ["token 1", "token 1"]);
  assert.equal(await runner.authToken(), "token 1");
  const said = await runner.run("onSendError", { error: { status: 401, message: "expired" }, payload: { client_id: "c" } });
  assert.equal(said.retry, true);
  assert.equal(await runner.authToken(), "token 2");
  assert.deepEqual(asked, [false, true]);
  assert.equal((await runner.run("onSendError", { error: { status: 500 }, payload: { client_id: "c" } })).retry, false);
  assert.throws(() => createAuthTokenRefresherPlugin(), /getToken/);
});

test("a token that cannot be had is an error of its own time, and the next try asks again", async () => {
  let tries = 0;
  const auth = createAuthTokenRefresherPlugin({
    getToken: () => (++tries === 1 ? Promise.reject(new Error("down")) : "fresh"),
  });
  await assert.rejects(Promise.resolve().then(() => auth.authToken()), /down/);
  assert.equal(await auth.authToken(), "fresh");
});
