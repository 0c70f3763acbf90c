// What cargo-leptos leaves to us after a build: the widget's hashed names and its loader, brotli and gzip beside every
// static file, and a look at the sizes. Arguments: `app` or `widget` for one of them, `--release` to minify, compress
// and hold the budgets.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const root = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "..");
const args = process.argv.slice(2);
const release = args.includes("--release");
const parts = args.filter(arg => !arg.startsWith("--"));
const wants = part => parts.length === 0 || parts.includes(part);
const widgetFolder = join(root, "target/widget/pkg");

// Brotli, in bytes. A budget is part of the product: going over it fails the build.
const BUDGETS = { "app wasm": 415_000, "widget, all until a visitor can type": 72_000, "widget loader": 3_000 };

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

/**
 * The tokens are written for a page. In a shadow tree they stand on the elements of the tree itself: rules of the page
 * may match the host element, and would win.
 */
const forShadowTree = css =>
  css.replace(/:root((?:\[[^\]]*\]|:not\([^)]*\))+)/g, ":host($1) > *").replaceAll(":root", ":host > *");

const esbuild = (...flags) => execFileSync("esbuild", flags, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });

/** wasm-bindgen's module as a function that makes an instance: one for each widget, and a new one after a panic. */
function glueFactory(glue) {
  const list = /export\s*\{([^}]*)\};?/.exec(glue);
  const init = list && /([\w$]+) as default/.exec(list[1])?.[1];
  const body = glue.replace(list?.[0], "").replace(/\bexport (?=class |function )/g, "");
  if (!init || !/function mount\b/.test(body) || /\bexport[ {]/.test(body)) throw new Error("wasm-bindgen writes its module differently now");
  // Nothing looks for the wasm beside the glue: the address is always given.
  return `export default () => {${body.replaceAll("import.meta.url", '""')}\nreturn{__proto__:null,init:${init},mount}}`;
}

/**
 * The sources of the bundles in a folder of their own: what is written by hand, the glue, and the style as text.
 * `files` says where the panel looks for its other files: `tag` or `package`.
 */
function stageWidget(folder, files, { glue, css }) {
  const sources = join(root, "src/widget");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "locales"), { recursive: true });
  for (const name of readdirSync(sources).filter(name => name.endsWith(".js"))) {
    writeFileSync(join(folder, name), readFileSync(join(sources, name), "utf8").replaceAll("__VERSION__", version));
  }
  for (const name of readdirSync(join(sources, "locales"))) {
    const texts = JSON.parse(readFileSync(join(sources, "locales", name), "utf8"));
    writeFileSync(join(folder, "locales", name), JSON.stringify(texts));
  }
  cpSync(join(folder, `files-${files}.js`), join(folder, "files.js"));
  writeFileSync(join(folder, "glue.js"), glueFactory(glue));
  writeFileSync(join(folder, "panel.css"), minify(forShadowTree(css), "css"));
  writeFileSync(join(folder, "launcher.css"), minify(readFileSync(join(sources, "launcher.css"), "utf8"), "css"));
}

function bundle(entry, format, ...more) {
  const flags = ["--bundle", `--format=${format}`, "--target=es2022", "--charset=utf8", "--loader:.css=text", "--log-level=warning"];
  return esbuild(entry, ...flags, ...(release ? ["--minify"] : []), ...more);
}

const version = /^version = "(.*)"/m.exec(readFileSync(join(root, "Cargo.toml"), "utf8"))[1];

function finishWidget() {
  const raw = ending => join(widgetFolder, `widget.${ending}`);
  if (!existsSync(raw("wasm"))) {
    if (existsSync(join(widgetFolder, "chat-widget.js"))) return; // finished before
    throw new Error("target/widget/pkg/widget.wasm is missing: build the project `widget` first");
  }
  const wasm = readFileSync(raw("wasm"));
  const built = { glue: readFileSync(raw("js"), "utf8"), css: readFileSync(raw("css"), "utf8") };
  const staged = join(root, "target/widget/stage");
  stageWidget(staged, "tag", built);
  const locales = readdirSync(join(staged, "locales")).filter(name => name !== "en.json");
  // All names carry one hash, of everything: the panel knows the others by its own.
  const parts = [
    ["widget-HASH.wasm", wasm],
    ["widget-HASH.js", bundle(join(staged, "start.js"), "esm")],
    ["widget-plugins-HASH.js", bundle(join(staged, "plugins.js"), "esm")],
    ...locales.map(name => [`widget-${name.replace(".json", "")}-HASH.json`, readFileSync(join(staged, "locales", name))]),
  ];
  const hash = createHash("sha256");
  for (const [, content] of parts) hash.update(content);
  const digest = hash.digest("hex").slice(0, 16);
  const loaders = [["chat-widget.js", "loader.js"], ["chat-frame.js", "frame-page.js"]].map(([name, source]) => {
    return [name, bundle(join(staged, source), "iife").replaceAll("__WIDGET__", `widget-${digest}`)];
  });
  // What the package is made of, before the folder holds only what is served.
  const kept = join(root, "target/widget/raw");
  rmSync(kept, { recursive: true, force: true });
  mkdirSync(kept, { recursive: true });
  for (const ending of ["wasm", "js", "css"]) cpSync(raw(ending), join(kept, `widget.${ending}`));
  for (const file of readdirSync(widgetFolder)) rmSync(join(widgetFolder, file), { recursive: true });
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
  }
  if (wants("widget")) {
    // The style and English are in the script; the largest of the other languages counts, since one of them is fetched.
    const texts = Math.max(...readdirSync(widgetFolder).map(file => (/^widget-..-.*\.json\.br$/.test(file) ? statSync(join(widgetFolder, file)).size : 0)));
    const all = loader + widget("wasm") + widget("js") + texts;
    rows.push(["widget loader", loader], ["widget wasm", widget("wasm")], ["widget script, style, English", widget("js")]);
    rows.push(["widget texts, the largest other language", texts], ["widget, all until a visitor can type", all]);
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
