// Sums what the three test runners report. The last line is `N passed, N failed`; before it stand the names of what
// failed and of what passed at the second try only, since whoever reads the end of a long log needs just these.
// Arguments: the folder with rust.xml and widget.xml (JUnit) and browser.json (Playwright), the number of failed phases.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const [folder, failedPhases] = process.argv.slice(2);
const read = name => {
  try {
    return readFileSync(join(folder, name), "utf8");
  } catch {
    return undefined;
  }
};

let passed = 0;
const failed = [];
const flaky = [];
const count = (name, how) => {
  if (how === "passed" || how === "flaky") passed += 1;
  if (how === "failed") failed.push(name);
  if (how === "flaky") flaky.push(name);
};

/** The test cases of a JUnit report: a body in which a failure stands, a failure that was made good, or nothing. */
function junit(report) {
  for (const [, attributes, body = ""] of report.matchAll(/<testcase\b([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs)) {
    const name = /\bname="([^"]*)"/.exec(attributes)?.[1] ?? "a test without a name";
    if (/<skipped\b/.test(body)) continue;
    count(name, /<(failure|error)\b/.test(body) ? "failed" : /<flaky(Failure|Error)\b/.test(body) ? "flaky" : "passed");
  }
}

function playwright(suite, titles = []) {
  for (const spec of suite.specs ?? []) {
    for (const { projectName, status } of spec.tests) {
      const how = { expected: "passed", flaky: "flaky", unexpected: "failed" }[status];
      if (how) count([`[${projectName}]`, ...titles, spec.title].join(" › "), how);
    }
  }
  for (const inner of suite.suites ?? []) playwright(inner, [...titles, inner.title]);
}

const reports = ["rust.xml", "widget.xml", "browser.json"];
for (const name of reports) {
  const report = read(name);
  if (report === undefined) failed.push(`${name}: its tests did not run to their end`);
  else if (name.endsWith(".xml")) junit(report);
  else playwright(JSON.parse(report));
}
// A phase that failed without a failed test of its own must not look like a success.
if (failed.length === 0 && Number(failedPhases) > 0) failed.push(`${failedPhases} of the phases above`);

for (const name of flaky) console.log(`passed at the second try only: ${name}`);
for (const name of failed) console.log(`failed: ${name}`);
console.log(`${passed} passed, ${failed.length} failed`);
process.exit(failed.length > 0 || passed === 0 ? 1 : 0);
