import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { localeOf, own, readOptions } from "../options.js";

let warnings;
const before = console.warn;
beforeEach(() => {
  warnings = [];
  console.warn = text => warnings.push(text);
  globalThis.CSS = { supports: (_, value) => /^(#[0-9a-f]{3,6}|red)$/.test(value) };
  globalThis.document = {
    querySelector(selector) {
      if (selector.startsWith("#")) return null;
      throw new SyntaxError("not a selector");
    },
  };
});
afterEach(() => {
  console.warn = before;
  delete Object.prototype.theme;
  delete Object.prototype.polluted;
});

const read = pairs => ({ ...readOptions(Object.entries(pairs), name => `data-${name}`) });

test("every word that is allowed is taken, and a text is a text", () => {
  const options = read({
    apiUrl: "https://chat.example/chat", apiKey: "k", title: "Ask", position: "left", theme: "dark", accentColor: "#fff",
    locale: "de-AT", userIdentifier: '{"email":"a@b"}', transport: "sse", upload: "off", mode: "inline", target: "#here",
    launcher: "off", defaultOpen: "true",
  });
  assert.deepEqual(options, {
    apiUrl: "https://chat.example/chat", apiKey: "k", title: "Ask", position: "left", theme: "dark", accentColor: "#fff",
    locale: "de-AT", userIdentifier: { email: "a@b" }, transport: "sse", upload: "off", mode: "inline", target: "#here",
    launcher: false, defaultOpen: true,
  });
  assert.deepEqual(warnings, []);
});

test("a wrong word is ignored with one warning that says what is allowed", () => {
  const wrong = {
    apiUrl: "javascript:alert(1)", position: "top", theme: "pink", accentColor: "red}*{display:none", locale: "not a tag!",
    userIdentifier: "[1]", transport: "pigeon", upload: "maybe", mode: "modal", target: "%%%", launcher: "1", defaultOpen: "yes",
  };
  assert.deepEqual(read(wrong), {});
  assert.equal(warnings.length, Object.keys(wrong).length);
  for (const [index, name] of Object.keys(wrong).entries()) {
    assert.ok(warnings[index].startsWith(`Parlor ignores data-${name}="`), warnings[index]);
    assert.match(warnings[index], /Allowed: .+\.$/);
  }
  assert.match(warnings[1], /Allowed: left, right\./);
  for (const broken of ["{", '{"a":}', "null", "42"]) assert.deepEqual(read({ userIdentifier: broken }), {});
});

test("code may give what a tag cannot", () => {
  const token = async () => "t";
  const transport = { start() {}, stop() {} };
  const options = read({ userToken: token, transport, plugins: [], userIdentifier: { a: 1 }, launcher: true, defaultOpen: false, title: undefined });
  assert.deepEqual(options, { userToken: token, transport, plugins: [], userIdentifier: { a: 1 }, launcher: true, defaultOpen: false });
  assert.deepEqual(warnings, []);
});

test("what a page's prototype says is nobody's wish", () => {
  Object.prototype.theme = "dark";
  Object.prototype.polluted = true;
  assert.equal(readOptions([["title", "x"]], String).theme, undefined);
  assert.equal(own({})("theme"), undefined);
  assert.equal(own(undefined)("theme"), undefined);
  assert.equal(own({ theme: "light" })("theme"), "light");
  assert.deepEqual(read({ polluted: "kept as a text" }), { polluted: "kept as a text" });
});

test("the language is the wanted one, else the visitor's first that there is a file for", () => {
  assert.equal(localeOf("zh-Hant-TW"), "zh");
  assert.equal(localeOf("sv"), "en");
  Object.defineProperty(globalThis, "navigator", { configurable: true, value: { languages: ["sv-SE", "fr-CA", "de"] } });
  assert.equal(localeOf(undefined), "fr");
});
