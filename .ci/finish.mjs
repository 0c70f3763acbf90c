// What cargo-leptos leaves to us after a build: the widget's hashed names and its loader, brotli and gzip beside every
// static file, and a look at the sizes. Arguments: `app` or `widget` for one of them, `--release` to minify, compress
// and hold the budgets.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { bundle, stageWidget } from "./widget.mjs";

const root = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "..");
const args = process.argv.slice(2);
const release = args.includes("--release");
const parts = args.filter(arg => !arg.startsWith("--"));
const wants = part => parts.length === 0 || parts.includes(part);
const widgetFolder = join(root, "target/widget/pkg");

// Brotli, in bytes. A budget is part of the product: going over it fails the build.
const BUDGETS = { "app wasm": 345_000, "app, a page's own part": 60_000, "widget, all until a visitor can type": 72_000, "widget loader": 3_000 };

const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = constants;
const brotli = data =>
  brotliCompressSync(data, {
    params: { [BROTLI_PARAM_QUALITY]: 11, [BROTLI_PARAM_LGWIN]: 24, [BROTLI_PARAM_SIZE_HINT]: data.length },
  });

const COMPRESSIBLE = /\.(js|mjs|wasm|css|svg|html|txt|json|xml|ico|webmanifest)$/;

function finishWidget() {
  const raw = ending => join(widgetFolder, `widget.${ending}`);
  const later = join(widgetFolder, "widget-later.wasm");
  if (!existsSync(raw("wasm"))) {
    if (existsSync(join(widgetFolder, "chat-widget.js"))) return; // finished before
    throw new Error("target/widget/pkg/widget.wasm is missing: build the project `widget` first");
  }
  const wasm = readFileSync(raw("wasm"));
  // Of a development build nothing is loaded later: an empty module stands in, so that it is asked for all the same.
  if (!existsSync(later)) writeFileSync(later, Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
  const built = { glue: readFileSync(raw("js"), "utf8"), css: readFileSync(raw("css"), "utf8") };
  const staged = join(root, "target/widget/stage");
  stageWidget(staged, "tag", built, release);
  const locales = readdirSync(join(staged, "locales")).filter(name => name !== "en.json");
  // All names carry one hash, of everything: the panel knows the others by its own.
  const parts = [
    ["widget-HASH.wasm", wasm],
    ["widget-later-HASH.wasm", readFileSync(later)],
    ["widget-HASH.js", bundle(join(staged, "start.js"), "esm", release)],
    ...["plugins", "account", "frame"].map(name => [`widget-${name}-HASH.js`, bundle(join(staged, `${name}.js`), "esm", release)]),
    ...locales.map(name => [`widget-${name.replace(".json", "")}-HASH.json`, readFileSync(join(staged, "locales", name))]),
  ];
  const hash = createHash("sha256");
  for (const [, content] of parts) hash.update(content);
  const digest = hash.digest("hex").slice(0, 16);
  const loaders = [["chat-widget.js", "loader.js"], ["chat-frame.js", "frame-page.js"]].map(([name, source]) => {
    // A word to V8 (explicit compile hints): nearly all of it runs at once, so it is compiled beside the page's own work.
    const hint = "--banner:js=//# allFunctionsCalledOnLoad";
    return [name, bundle(join(staged, source), "iife", release, hint).replaceAll("__WIDGET__", `widget-${digest}`)];
  });
  // What the package is made of, before the folder holds only what is served.
  const kept = join(root, "target/widget/raw");
  rmSync(kept, { recursive: true, force: true });
  mkdirSync(kept, { recursive: true });
  for (const name of ["widget.wasm", "widget-later.wasm", "widget.js", "widget.css"]) cpSync(join(widgetFolder, name), join(kept, name));
  for (const file of readdirSync(widgetFolder)) rmSync(join(widgetFolder, file), { recursive: true });
  cpSync(join(root, "src/widget/frame.html"), join(widgetFolder, "chat-frame.html"));
  for (const [name, content] of [...parts, ...loaders]) writeFileSync(join(widgetFolder, name.replace("HASH", digest)), content);
}

function compress(folder) {
  for (const entry of existsSync(folder) ? readdirSync(folder, { recursive: true }) : []) {
    const file = join(folder, entry);
    if (/\.d\.([^.]+\.)?ts$/.test(file)) {
      rmSync(file); // for editors, not for browsers
      continue;
    }
    if (!COMPRESSIBLE.test(file) || !statSync(file).isFile()) continue;
    const data = readFileSync(file);
    writeFileSync(`${file}.br`, brotli(data));
    writeFileSync(`${file}.gz`, gzipSync(data, { level: 9 }));
  }
}

/** The brotli size of the file in `folder` that matches; 0 where there is none. */
function size(folder, pattern) {
  const file = existsSync(folder) ? readdirSync(folder).find(name => pattern.test(name)) : undefined;
  return file ? statSync(join(folder, file)).size : 0;
}

function report() {
  const site = join(root, "target/site/pkg");
  const widget = ending => size(widgetFolder, new RegExp(`^widget-[0-9a-f]{16}\\.${ending}\\.br$`));
  const loader = size(widgetFolder, /^chat-widget\.js\.br$/);
  const rows = [];
  if (wants("app")) {
    const app = ending => size(site, new RegExp(`^app.*\\.${ending}\\.br$`));
    rows.push(["app wasm", app("wasm")], ["app js", app("js")], ["app css", app("css")]);
    // Each page loads the app and, where it has one, its part; the largest counts.
    const parts = readdirSync(site).flatMap(file => {
      const part = /^part-([a-z_]+)\..*\.wasm\.br$/.exec(file)?.[1];
      return part ? [[part, statSync(join(site, file)).size]] : [];
    });
    for (const [part, bytes] of parts) rows.push([`app part ${part}`, bytes]);
    rows.push(["app, a page's own part", Math.max(0, ...parts.map(([, bytes]) => bytes))]);
  }
  if (wants("widget")) {
    // The style and English are in the script; the largest of the other languages counts, since one of them is fetched.
    const texts = Math.max(...readdirSync(widgetFolder).map(file => (/^widget-..-.*\.json\.br$/.test(file) ? statSync(join(widgetFolder, file)).size : 0)));
    const all = loader + widget("wasm") + widget("js") + texts;
    rows.push(["widget loader", loader], ["widget wasm", widget("wasm")], ["widget script, style, English", widget("js")]);
    rows.push(["widget texts, the largest other language", texts], ["widget, all until a visitor can type", all]);
    rows.push(["widget, what is loaded after that", size(widgetFolder, /^widget-later-.*\.wasm\.br$/)]);
  }
  console.log("\n  brotli, bytes                                  size    budget");
  for (const [what, bytes] of rows) {
    const budget = BUDGETS[what] ? String(BUDGETS[what]).padStart(10) : "";
    console.log(`  ${what.padEnd(40)} ${String(bytes).padStart(10)}${budget}`);
  }
  console.log();
  const broken = rows.filter(([what, bytes]) => BUDGETS[what] && (bytes === 0 || bytes > BUDGETS[what]));
  for (const [what, bytes] of broken) {
    const fault = bytes === 0 ? "was not built" : `is ${bytes - BUDGETS[what]} bytes over its budget`;
    console.error(`finish: ${what} ${fault}`);
  }
  if (broken.length > 0) process.exit(1);
}

if (wants("widget")) finishWidget();
if (release) {
  if (wants("app")) compress(join(root, "target/site"));
  if (wants("widget")) compress(widgetFolder);
  report();
}
