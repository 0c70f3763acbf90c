// From the widget's sources to its bundles: what the tag's files (finish.mjs) and the npm package (package.mjs) share.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "..");

function minify(text, loader, release) {
  if (!release) return text;
  const flags = ["--minify", `--loader=${loader}`, "--target=es2022"];
  return execFileSync("esbuild", flags, { input: text, encoding: "utf8" });
}

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
  // What the wasm is given, which its second part is given too: the function that names the glue's own module.
  const imports = [...body.slice(0, body.indexOf("_bg.js")).matchAll(/function ([\w$]+)\(\) ?\{/g)].at(-1)?.[1];
  if (!imports) throw new Error("wasm-bindgen lists its imports differently now");
  // Nothing looks for the wasm beside the glue: the address is always given.
  return `export default () => {${body.replaceAll("import.meta.url", '""')}\nreturn{__proto__:null,init:${init},imports:${imports},mount}}`;
}

/**
 * The sources of the bundles in a folder of their own: what is written by hand, the glue, and the style as text.
 * `files` says where the panel looks for its other files: `tag` or `package`.
 */
export function stageWidget(folder, files, { glue, css }, release) {
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
  writeFileSync(join(folder, "panel.css"), minify(forShadowTree(css), "css", release));
  writeFileSync(join(folder, "launcher.css"), minify(readFileSync(join(sources, "launcher.css"), "utf8"), "css", release));
}

/** The text of a bundle, or nothing where `more` names files to write. */
export function bundle(entries, format, release, ...more) {
  const flags = ["--bundle", `--format=${format}`, "--target=es2022", "--charset=utf8", "--loader:.css=text", "--log-level=warning"];
  return esbuild(...[entries].flat(), ...flags, ...(release ? ["--minify"] : []), ...more);
}

/** Of Cargo.toml, which is the version of everything. */
export const version = /^version = "(.*)"/m.exec(readFileSync(join(root, "Cargo.toml"), "utf8"))[1];

