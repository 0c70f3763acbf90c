// What cargo-leptos leaves to us after a build: the widget's hashed names and its loader, brotli and gzip beside every
// static file, and a look at the sizes. Arguments: `app` or `widget` for one of them, `--release` to minify, compress
// and hold the budgets.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const root = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "..");
const args = process.argv.slice(2);
const release = args.includes("--release");
const parts = args.filter(arg => !arg.startsWith("--"));
const wants = part => parts.length === 0 || parts.includes(part);
const widgetFolder = join(root, "target/widget/pkg");

// Brotli, in bytes. A budget is part of the product: going over it fails the build.
const BUDGETS = { "app wasm": 350_000, "widget, all until a visitor can type": 72_000, "widget loader": 3_000 };

function minify(text, loader) {
  if (!release) return text;
  const flags = ["--minify", `--loader=${loader}`, "--target=es2022"];
  return execFileSync("esbuild", flags, { input: text, encoding: "utf8" });
}

const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = constants;
const brotli = data =>
  brotliCompressSync(data, {
    params: { [BROTLI_PARAM_QUALITY]: 11, [BROTLI_PARAM_LGWIN]: 24, [BROTLI_PARAM_SIZE_HINT]: data.length },
  });

const COMPRESSIBLE = /\.(js|mjs|wasm|css|svg|html|txt|json|xml|ico|webmanifest)$/;

/** The tokens are written for a page; in a shadow tree the host element is the root. */
const forShadowTree = css =>
  css.replace(/:root((?:\[[^\]]*\]|:not\([^)]*\))+)/g, ":host($1)").replaceAll(":root", ":host");

function finishWidget() {
  const source = ending => join(widgetFolder, `widget.${ending}`);
  if (!existsSync(source("wasm"))) {
    if (existsSync(join(widgetFolder, "chat-widget.js"))) return; // finished before
    throw new Error("target/widget/pkg/widget.wasm is missing: build the project `widget` first");
  }
  const files = {
    wasm: readFileSync(source("wasm")),
    js: minify(readFileSync(source("js"), "utf8"), "js"),
    css: minify(forShadowTree(readFileSync(source("css"), "utf8")), "css"),
  };
  const hash = createHash("sha256");
  for (const content of Object.values(files)) hash.update(content);
  const name = `widget-${hash.digest("hex").slice(0, 16)}`;
  for (const file of readdirSync(widgetFolder)) rmSync(join(widgetFolder, file), { recursive: true });
  for (const [ending, content] of Object.entries(files)) {
    writeFileSync(join(widgetFolder, `${name}.${ending}`), content);
  }
  const loader = readFileSync(join(root, "src/widget/loader.js"), "utf8").replaceAll("__WIDGET__", name);
  writeFileSync(join(widgetFolder, "chat-widget.js"), minify(loader, "js"));
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
  const widget = ending => size(widgetFolder, new RegExp(`^widget-.*\\.${ending}\\.br$`));
  const loader = size(widgetFolder, /^chat-widget\.js\.br$/);
  const rows = [];
  if (wants("app")) {
    const app = ending => size(site, new RegExp(`^app.*\\.${ending}\\.br$`));
    rows.push(["app wasm", app("wasm")], ["app js", app("js")], ["app css", app("css")]);
  }
  if (wants("widget")) {
    const all = loader + widget("wasm") + widget("js") + widget("css");
    rows.push(["widget loader", loader], ["widget, all until a visitor can type", all]);
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
