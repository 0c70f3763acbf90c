// The summary of `make test` must tell the cause in its last lines: `node --test .ci/totals.test.mjs`, run by .ci/lint.
import assert from "node:assert/strict";
import { test } from "node:test";
import { summary } from "./totals.mjs";

const cases = (...bodies) => `<testsuites><testsuite>${bodies.join("")}</testsuite></testsuites>`;
const good = '<testcase name="it holds" classname="unit" timestamp="2026-11-21T19:41:00.000Z" time="0.1"/>';
const ran = (title, status, startTime, ...messages) => ({
  title, tests: [{ projectName: "phone", status, results: [{ startTime, errors: messages.map(message => ({ message })) }] }],
});
const browser = (specs, errors = []) => JSON.stringify({ errors, suites: [{ title: "visit.spec.ts", specs }] });
const reports = change => ({ "rust.xml": cases(good), "widget.xml": cases(good), "browser.json": browser([ran("a", "expected", "2026-11-21T19:45:00Z")]), ...change });

test("where all passed the totals are the only line", () => {
  assert.deepEqual(summary(reports()), { lines: ["3 passed, 0 failed"], isGood: true });
});

test("what passed at the second try is named and counts as passed", () => {
  const flaky = '<testcase name="twice"><flakyFailure message="once"/></testcase>';
  const { lines, isGood } = summary(reports({ "rust.xml": cases(good, flaky) }));
  assert.deepEqual([lines, isGood], [["passed at the second try only: twice", "4 passed, 0 failed"], true]);
});

test("when a hundred fail, nineteen lines and the one of make tell since when, why, and what the server said", () => {
  const passed = ran("before", "expected", "2026-11-21T19:46:59Z");
  const at = index => new Date(Date.UTC(2026, 10, 21, 19, 47, index)).toISOString();
  const error = "\u001b[31mTest timeout of 30000ms exceeded.\u001b[39m";
  const failed = Array.from({ length: 100 }, (_, index) => ran(`number ${index}`, "unexpected", at(index), error, "Error: 503 is not 201\nCall log:\n  - waiting"));
  const second = Array.from({ length: 9 }, (_, index) => ran(`slow ${index}`, "flaky", at(0)));
  const log = ["A first line", "x  INFO answered", "x \u001b[33m WARN\u001b[0m busy 1", "x  WARN busy 2", "x ERROR the writer is gone", "x  WARN busy 3", "x  INFO answered"].join("\n");
  const { lines, isGood } = summary(reports({ "browser.json": browser([passed, ...failed.reverse(), ...second]) }), 1, log);
  assert.equal(isGood, false);
  assert.ok(lines.length <= 19, `${lines.length} lines`);
  assert.equal(lines.at(-1), "12 passed, 100 failed");
  assert.ok(lines.includes("failed: and 93 more"));
  const causes = lines.filter(line => line.includes("503"));
  assert.equal(causes[0], "  19:47:00 number 0: Test timeout of 30000ms exceeded. Error: 503 is not 201");
  assert.equal(causes.length, 3);
  assert.ok(lines.includes("  They began from 19:47:00 to 19:48:39 UTC; the last that passed began at 19:46:59"));
  assert.deepEqual(lines.filter(line => line.startsWith("  server:")), ["  server: x WARN busy 2", "  server: x ERROR the writer is gone", "  server: x WARN busy 3"]);
});

test("a failure of a Rust test has its reason, without the backtrace", () => {
  const failure = `<testcase name="limits::large" timestamp="2026-11-21T19:40:00.100+00:00"><failure message="thread 'limits::large' panicked at src/tests/limits.rs:233:9" type="test failure with exit code 101">thread 'limits::large' panicked at src/tests/limits.rs:233:9:
assertion failed: a &lt; b
stack backtrace:
   0: rust_begin_unwind</failure></testcase>`;
  const { lines } = summary(reports({ "rust.xml": cases(good, failure) }));
  assert.deepEqual(lines, [
    "failed: limits::large",
    "  19:40:00 limits::large: thread 'limits::large' panicked at src/tests/limits.rs:233:9: assertion failed: a < b",
    "3 passed, 1 failed",
  ]);
});

test("a phase that failed, a report that is missing and a setup that failed are failures", () => {
  assert.deepEqual(summary(reports(), 2).lines, ["failed: 2 of the phases above", "3 passed, 1 failed"]);
  assert.deepEqual(summary(reports({ "browser.json": undefined }), 1).lines, ["failed: browser.json: its tests did not run to their end", "2 passed, 1 failed"]);
  const { lines, isGood } = summary(reports({ "browser.json": browser([], [{ message: "The server did not become ready" }]) }));
  assert.deepEqual([lines, isGood], [["failed: browser.json: The server did not become ready", "2 passed, 1 failed"], false]);
  assert.equal(summary({ "rust.xml": cases() }).isGood, false);
});
