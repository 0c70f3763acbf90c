// Sums what the three test runners report and prints it as one line: `N passed, N failed`.
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
let failed = 0;

const rust = read("rust.xml")?.match(/<testsuites [^>]*>/)?.[0];
if (rust) {
  const count = name => Number(rust.match(new RegExp(` ${name}="(\\d+)"`))?.[1] ?? 0);
  const bad = count("failures") + count("errors");
  failed += bad;
  passed += count("tests") - count("skipped") - bad;
}

const widget = read("widget.xml");
if (widget) {
  // Node writes its counts as comments behind the tests.
  const count = name => Number(widget.match(new RegExp(`<!-- ${name} (\\d+) -->`))?.[1] ?? 0);
  failed += count("fail") + count("cancelled");
  passed += count("pass");
}

const browser = read("browser.json");
if (browser) {
  const { expected, unexpected, flaky } = JSON.parse(browser).stats;
  passed += expected;
  failed += unexpected + flaky;
}

// A phase that did not get as far as a report must not look like a success.
const missing = Number(!rust) + Number(!widget) + Number(!browser);
failed += missing > 0 || (failed === 0 && Number(failedPhases) > 0) ? Math.max(missing, Number(failedPhases)) : 0;
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
