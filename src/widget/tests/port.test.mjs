import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { cloneSafe } from "../clone.js";
import { connect } from "../port.js";

const ports = [];
/** Two sides that are connected: what the first makes of `value`, the second has. */
function passing(value, patience) {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  const [here, there] = [connect(port1, patience), connect(port2, patience)];
  return { here, there, port1, port2, got: there.unpack(structuredClone(here.pack(value))) };
}
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
  for (const name of ["name", "status", "message", "code"]) delete Object.prototype[name];
});

test("functions are called on the other side, with copies, and answer; functions among them come back the same way", async () => {
  const heard = [];
  const given = { options: { transport: { start: ({ onEvent, after }) => onEvent({ seq: after + 1 }) } }, add: (a, b) => a + b };
  const { got } = passing(given);
  assert.equal(await got.add(1, 2), 3);
  await got.options.transport.start({ after: 4, onEvent: event => void heard.push(event) });
  assert.deepEqual(heard, [{ seq: 5 }]);
});

test("what is passed is a copy: neither side sees what the other does to it", async () => {
  const payload = { content: "a", metadata: { deep: [1] } };
  const { got } = passing({ spoil: payload => ((payload.content = "x"), payload.metadata.deep.push(2), payload) });
  assert.deepEqual(await got.spoil(payload), { content: "x", metadata: { deep: [1, 2] } });
  assert.deepEqual(payload, { content: "a", metadata: { deep: [1] } });
});

test("calls arrive in their order", async () => {
  const seen = [];
  const { got } = passing({ note: number => void seen.push(number) });
  await Promise.all([1, 2, 3, 4, 5].map(number => got.note(number)));
  assert.deepEqual(seen, [1, 2, 3, 4, 5]);
});

test("an error comes through with what says how it is to be taken", async () => {
  const refuse = () => Promise.reject(Object.assign(new Error("Not this."), { status: 422, code: "invalid", secret: {} }));
  const { got } = passing({ refuse, nothing: () => Promise.reject(undefined), text: () => Promise.reject("a text") });
  await assert.rejects(got.refuse(), error => error instanceof Error && error.message === "Not this." && error.status === 422 && error.code === "invalid" && !("secret" in error));
  await assert.rejects(got.nothing(), /undefined/);
  await assert.rejects(got.text(), /a text/);
});

test("an answer that never comes is waited for so long and no longer, and one that is late is dropped", async () => {
  let answer;
  const { got } = passing({ never: () => new Promise(resolve => (answer = resolve)) }, 30);
  await assert.rejects(got.never(), /no answer within 0.03 s/);
  answer("late");
  assert.equal(await passing({ good: () => "well" }).got.good(), "well");
});

test("at the end all that waits is told, and nothing more is asked", async () => {
  const { there, got } = passing({ never: () => new Promise(() => {}) });
  const asked = got.never();
  there.end();
  await assert.rejects(asked, /gone/);
  await assert.rejects(got.never(), /gone/);
});

test("the other side can call what it was given and nothing else", async () => {
  let called = 0;
  const { port2 } = passing({ act: () => called++ });
  const answers = [];
  const came = new Promise(resolve => {
    port2.onmessage = ({ data }) => answers.push(data) === 4 && resolve();
  });
  for (const number of [1, "push", "constructor", "__proto__"]) port2.postMessage([number, 7, [[], []]]);
  await came;
  assert.deepEqual(answers.map(([outcome]) => outcome), [-2, -2, -2, -2]);
  assert.equal(called, 0);
});

test("what cannot be copied is left out, and a key `__proto__` is a key", async () => {
  class Exotic { act = () => {}; }
  const held = JSON.parse('{"__proto__": {"polluted": true}, "good": 1}');
  held.exotic = new Exotic();
  held.symbol = Symbol("no");
  const deep = { a: { b: { c: { d: { act() {}, text: "kept" } } } } };
  deep.self = deep;
  const { got } = passing([{ held, deep: { ...deep, self: undefined } }]);
  assert.equal(got[0].held.good, 1);
  assert.equal(got[0].held.polluted, undefined);
  assert.equal(got[0].held.exotic, undefined);
  assert.deepEqual(got[0].deep.a.b.c.d, { text: "kept", act: undefined });
  assert.equal(cloneSafe({ place: new Exotic(), list: [() => {}, 1] }).place, undefined);
  // Round in circles, with what cannot be copied in it: it ends.
  assert.ok(cloneSafe({ ...deep, act() {} }));
});

test("a page's polluted prototypes speak for nobody", async () => {
  Object.prototype.status = 200;
  const { got } = passing({ fail: () => Promise.reject(new Error("a fault")) });
  await assert.rejects(got.fail(), error => error.message === "a fault" && !Object.hasOwn(error, "status"));
});
