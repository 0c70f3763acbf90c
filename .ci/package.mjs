// Builds packages/parlor-widget from the widget of the last release build and packs it into target/package, as npm would
// publish it. The package has what the tag has: the same sources, the same wasm.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundle, stageWidget, version } from "./widget.mjs";

const root = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "..");
const source = join(root, "packages/parlor-widget");
const raw = name => join(root, "target/widget/raw", name);
const stage = join(root, "target/widget/stage-package");
const made = join(root, "target/parlor-widget");
const out = join(root, "target/package");

if (!existsSync(raw("widget.wasm"))) throw new Error("target/widget/raw is missing: run .ci/build first");
stageWidget(stage, "package", { glue: readFileSync(raw("widget.js"), "utf8"), css: readFileSync(raw("widget.css"), "utf8") }, true);
for (const name of readdirSync(join(source, "src")).filter(name => name.endsWith(".js"))) {
  writeFileSync(join(stage, name), readFileSync(join(source, "src", name), "utf8").replaceAll("__VERSION__", version));
}
// As modules of one value: bundlers make an export of each key of JSON, and keys with dots are no names everywhere.
for (const name of readdirSync(join(stage, "locales"))) {
  const texts = readFileSync(join(stage, "locales", name), "utf8");
  writeFileSync(join(stage, "locales", name.replace(".json", ".js")), `export default ${texts};\n`);
}
writeFileSync(join(stage, "panel.js"), 'export { start } from "./start.js";\n');

rmSync(made, { recursive: true, force: true });
mkdirSync(join(made, "dist"), { recursive: true });
const entries = ["index", "element", "react"];
const paths = names => names.map(name => join(stage, `${name}.js`));
// The panel and the plugins are modules of their own, loaded when they are wanted; the wasm lies beside them.
bundle(paths([...entries, "panel", "plugins"]), "esm", true, "--splitting", "--external:react", `--outdir=${join(made, "dist")}`);
// A program that still says `require` gets the same panel by `import()`: there is one, and it knows where its wasm is.
for (const name of entries) {
  const others = ["--external:react", "--external:./panel.js", "--supported:dynamic-import=true", "--platform=node"];
  bundle(paths([name]), "cjs", true, ...others, `--outfile=${join(made, "dist", `${name}.cjs`)}`);
}
for (const half of ["", "-later"]) cpSync(raw(`widget${half}.wasm`), join(made, `dist/parlor_widget${half}.wasm`));
for (const name of entries) {
  const types = readFileSync(join(source, `src/${name}.d.ts`), "utf8");
  writeFileSync(join(made, `dist/${name}.d.ts`), types);
  writeFileSync(join(made, `dist/${name}.d.cts`), types.replaceAll('./index.js"', './index.cjs"'));
}
const manifest = { ...JSON.parse(readFileSync(join(source, "package.json"), "utf8")), version };
writeFileSync(join(made, "package.json"), JSON.stringify(manifest, null, 2));
for (const [from, to] of [[join(source, "README.md"), "README.md"], [join(root, "LICENSE"), "LICENSE"]]) cpSync(from, join(made, to));

mkdirSync(out, { recursive: true });
const packed = execFileSync("npm", ["pack", "--silent", "--pack-destination", out], { cwd: made, encoding: "utf8" });
console.log(`==> target/package/${packed.trim().split("\n").at(-1)}`);
