import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const folder = new URL("../locales/", import.meta.url);
const texts = locale => JSON.parse(readFileSync(new URL(`${locale}.json`, folder), "utf8"));
const english = texts("en");
/** What went wrong with a reply the server says in English itself; the other files have it by the server's code. */
const FAULTS = ["fault", "fault.cut", "fault.rate_limited", "fault.rejected", "fault.timeout", "fault.too_long"];
const places = text => [...text.matchAll(/\{\w*\}/g)].map(([place]) => place).sort();

test("there is a file for each language", () => {
  assert.deepEqual(readdirSync(folder).sort(), ["ar.json", "de.json", "en.json", "es.json", "fr.json", "zh.json"]);
});

test("keys are sorted, so that two people's changes meet in no line but their own", () => {
  assert.deepEqual(Object.keys(english), Object.keys(english).sort());
});

for (const locale of ["de", "fr", "es", "ar", "zh"]) {
  test(`${locale} says all that English says, with the same places to fill`, () => {
    const own = texts(locale);
    assert.deepEqual(Object.keys(own), [...Object.keys(english), ...FAULTS].sort());
    for (const [key, text] of Object.entries(own)) {
      assert.ok(text.trim().length > 0, `${locale} ${key} is empty`);
      assert.deepEqual(places(text), places(english[key] ?? ""), `${locale} ${key}`);
    }
  });
}

test("nothing is left in English but names", () => {
  const same = new Set(["title"]);
  for (const locale of ["de", "fr", "es", "ar", "zh"]) {
    const left = Object.entries(texts(locale)).filter(([key, text]) => text === english[key] && !same.has(key) && /[a-z]{5}/i.test(text));
    assert.ok(left.length <= 3, `${locale}: ${left.map(([key]) => key)}`);
  }
});
