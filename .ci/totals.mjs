// Sums what the three test runners report. The last line is `N passed, N failed`. Whoever reads the end of a long log
// sees some twenty lines, so these tell the cause too: what failed, since when, why at first, and the server's last
// complaints.
// Arguments: the folder with rust.xml and widget.xml (JUnit), browser.json (Playwright) and server.log, the number of
// failed phases.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const NAMES = 7; // of failed tests
const SECOND_TRIES = 2;
const CAUSES = 3;
const COMPLAINTS = 3; // of the server
const WIDTH = 200;

/** On one line, without a terminal's colours, not too long. */
function line(text) {
  const plain = text.replace(/\x1b\[[0-9;]*m/g, "").replace(/\s+/g, " ").trim();
  return plain.length > WIDTH ? `${plain.slice(0, WIDTH - 1)}…` : plain;
}

const entities = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
const unescaped = text => text.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (all, ten, sixteen, name) =>
  ten ? String.fromCodePoint(ten) : sixteen ? String.fromCodePoint(Number.parseInt(sixteen, 16)) : (entities[name] ?? all));

/** The test cases of a JUnit report: a body in which a failure stands, a failure that was made good, or nothing. */
function* junit(report) {
  for (const [, attributes, body = ""] of report.matchAll(/<testcase\b([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs)) {
    const attribute = name => new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1];
    if (/<skipped\b/.test(body)) continue;
    const failure = /<(?:failure|error)\b([^>]*?)(?:\/>|>([^<]*))/.exec(body);
    const how = failure ? "failed" : /<flaky(Failure|Error)\b/.test(body) ? "flaky" : "passed";
    // The attribute has where it failed, the text begins with that and goes on with why.
    const [, about = "", text = ""] = failure ?? [];
    const why = [text.replace(/^<!\[CDATA\[/, ""), /\bmessage="([^"]*)"/.exec(about)?.[1] ?? ""].find(one => one.trim()) ?? "";
    yield { name: unescaped(attribute("name") ?? "a test without a name"), how, began: Date.parse(attribute("timestamp")), why: unescaped(why).replace(/\n *(stack backtrace:|at ).*/s, "") };
  }
}

function* playwright(suite, titles = []) {
  for (const spec of suite.specs ?? []) {
    for (const { projectName, status, results = [] } of spec.tests) {
      const how = { expected: "passed", flaky: "flaky", unexpected: "failed" }[status];
      const first = results[0];
      // "Test timeout exceeded" alone says nothing: the error after it says what was waited for.
      const errors = (first?.errors ?? []).map(({ message = "" }) => message.split("\nCall log")[0]);
      if (how) yield { name: [`[${projectName}]`, ...titles, spec.title].join(" › "), how, began: Date.parse(first?.startTime), why: errors.join(" ") };
    }
  }
  for (const inner of suite.suites ?? []) yield* playwright(inner, [...titles, inner.title]);
}

const clock = time => new Date(time).toISOString().slice(11, 19);

/** The first ones, and how many there are besides. */
function some(lines, most, what) {
  const rest = lines.length - most;
  return rest > 0 ? [...lines.slice(0, most), `${what}: and ${rest} more`] : lines;
}

/**
 * The lines of the summary. `reports`: their texts by file name, undefined where a runner did not come to its end.
 * `log`: what the server of the browser tests wrote.
 */
export function summary(reports, failedPhases = 0, log = "") {
  const tests = [];
  const broken = [];
  for (const [name, report] of Object.entries(reports)) {
    if (report === undefined) broken.push(`${name}: its tests did not run to their end`);
    else if (name.endsWith(".xml")) tests.push(...junit(report));
    else {
      const { errors = [], ...suites } = JSON.parse(report);
      tests.push(...playwright(suites));
      // Of no test: the setup before the first one, a file that cannot be read.
      broken.push(...errors.map(({ message = "" }) => `${name}: ${line(message)}`));
    }
  }
  const of = how => tests.filter(test => test.how === how);
  const failed = of("failed");
  const passed = tests.length - failed.length;
  const lines = some(of("flaky").map(({ name }) => `passed at the second try only: ${name}`), SECOND_TRIES, "passed at the second try only");
  const names = [...broken, ...failed.map(({ name }) => name)];
  // A phase that failed without a failed test of its own must not look like a success.
  if (names.length === 0 && failedPhases > 0) names.push(`${failedPhases} of the phases above`);
  lines.push(...some(names.map(name => `failed: ${name}`), NAMES, "failed"));

  const causes = [...failed].sort((one, other) => (one.began || 0) - (other.began || 0));
  for (const { name, began, why } of causes.slice(0, CAUSES)) {
    const end = name.split(" › ").at(-1);
    lines.push(`  ${began ? `${clock(began)} ` : ""}${line(end).slice(0, 60)}: ${line(why) || "no message"}`);
  }
  const times = which => tests.filter(test => test.began && which(test)).map(({ began }) => began);
  const [fell, stood] = [times(test => test.how === "failed"), times(test => test.how === "passed")];
  if (fell.length > 1) {
    const before = stood.length > 0 ? `; the last that passed began at ${clock(Math.max(...stood))}` : "";
    lines.push(`  They began from ${clock(Math.min(...fell))} to ${clock(Math.max(...fell))} UTC${before}`);
  }
  if (names.length > 0) {
    const complaints = log.split("\n").map(text => text.replace(/\x1b\[[0-9;]*m/g, "")).filter(text => / (WARN|ERROR) |panicked at/.test(text));
    lines.push(...complaints.slice(-COMPLAINTS).map(text => `  server: ${line(text)}`));
  }
  lines.push(`${passed} passed, ${names.length} failed`);
  return { lines, isGood: names.length === 0 && passed > 0 };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder, failedPhases] = process.argv.slice(2);
  const read = name => {
    try {
      return readFileSync(join(folder, name), "utf8");
    } catch {
      return undefined;
    }
  };
  const reports = Object.fromEntries(["rust.xml", "widget.xml", "browser.json"].map(name => [name, read(name)]));
  const { lines, isGood } = summary(reports, Number(failedPhases), read("server.log"));
  console.log(lines.join("\n"));
  process.exit(isGood ? 0 : 1);
}
