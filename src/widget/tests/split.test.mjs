// The cut of a wasm, the widget's in two and the app's in as many as it has parts, tried on small modules: Binaryen's
// tools are those of the build.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";

const { split, byName, byMark } = createRequire(import.meta.url)("../../../.ci/split.cjs");
const npm = join(process.env.PARLOR_TOOLS ?? join(homedir(), ".cache/parlor/tools"), "npm");
const binaryen = readdirSync(npm).filter(name => name.startsWith("binaryen-")).map(name => join(npm, name, "node_modules/.bin"));
const env = { ...process.env, PATH: [process.env.PATH, ...binaryen].join(delimiter) };

const folder = mkdtempSync(join(tmpdir(), "split-"));
process.on("exit", () => rmSync(folder, { recursive: true }));
function assembled(text) {
  writeFileSync(join(folder, "a.wat"), text);
  execFileSync("wasm-as", ["--enable-reference-types", "-g", join(folder, "a.wat"), "-o", join(folder, "a.wasm")], { env });
  return new WebAssembly.Module(readFileSync(join(folder, "a.wasm")));
}
/** As Binaryen writes it: that is what is read. */
function written(text) {
  assembled(text);
  return execFileSync("wasm-dis", [join(folder, "a.wasm")], { env, encoding: "utf8" });
}

const widget = byName(/^\$"?later::/, /^\$later::door$/);
/** A body that is long enough to be told by its name. */
const long = value => Array.from({ length: 12 }, () => "(drop (i32.add (i32.const 1) (i32.const 2)))").join(" ") + ` ${value}`;
const module = (body = "(call $later::door (local.get 0))") => `(module
  (import "./x_bg.js" "__wbg_log_0123456789abcdef" (func $log (param i32)))
  (global $depth (mut i32) (i32.const 5))
  (memory $memory 1)
  (table $table 2 2 funcref)
  (table $externs 4 externref)
  (elem (table $table) (i32.const 1) func $"later::work{{closure}}")
  (data (i32.const 16) "\\2a")
  (export "__wbindgen_start" (func $start))
  (export "memory" (memory $memory))
  (export "run" (func $parlor::run))
  (export "indirect" (func $indirect))
  (func $start)
  (func $parlor::run (param i32) (result i32) ${body})
  (func $indirect (result i32) (call_indirect $table (result i32) (i32.const 1)))
  (func $shared (param i32) (result i32) (i32.add (local.get 0) (global.get $depth)))
  (func $later::door (param i32) (result i32) ${long("(call $later::inner (local.get 0))")})
  (func $later::inner (param i32) (result i32) ${long("(call $log (local.get 0)) (global.set $depth (i32.const 7)) (call $shared (i32.load8_u (i32.const 16)))")})
  (func $"later::work{{closure}}" (result i32) ${long("(call $shared (i32.const 100))")})
)`;

test("the first part runs alone, and both share memory, globals and the table once the second is there", async () => {
  const { first, later, shared, names, astray } = split(written(module()), widget);
  assert.deepEqual(astray, []);
  const second = assembled(later.get("later")());
  const wanted = shared.filter(({ as }) => WebAssembly.Module.imports(second).some(({ name }) => name === as));
  const logged = [];
  const page = { "./x_bg.js": { [names.get("__wbg_log_0123456789abcdef")]: value => logged.push(value) } };
  const { exports } = await WebAssembly.instantiate(assembled(first(wanted)), page);
  exports[names.get("__wbindgen_start")]();
  for (const early of [() => exports.run(3), () => exports.indirect()]) assert.throws(early, WebAssembly.RuntimeError);

  await WebAssembly.instantiate(second, { ...page, parlor: exports });
  assert.equal(exports.run(3), 42 + 7);
  assert.deepEqual(logged, [3]);
  assert.equal(exports.indirect(), 100 + 7);
});

test("nothing of the second part's own is in the first", () => {
  const { first, later } = split(written(module()), widget);
  assert.doesNotMatch(first([]), /later::inner|later::work/);
  const second = later.get("later")();
  assert.match(second, /later::inner/);
  assert.doesNotMatch(second, /\(data/);
});

test("a call from the program into the second part that goes by no door is told", () => {
  const { astray } = split(written(module("(call $later::inner (local.get 0))")), widget);
  assert.deepEqual(astray, [["$parlor::run", "$later::inner"]]);
});

// The app's: as parts.cjs marks them, short functions too.
const app = byMark(/^\$(\w+)::part::\w+\.part\.\1$/);
const paged = (body = "(call $docs::part::page.part.docs) (call $settings::part::page.part.settings) i32.add") => `(module
  (memory $memory 1)
  (table $table 1 1 funcref)
  (table $externs 4 externref)
  (elem (table $table) (i32.const 0) func $docs::click.part.docs)
  (data (i32.const 16) "\\2a")
  (export "run" (func $run))
  (export "docs" (func $read))
  (export "click" (func $click))
  (func $run (result i32) ${body})
  (func $read (result i32) (call $docs::part::page.part.docs))
  (func $click (result i32) (call_indirect $table (result i32) (i32.const 0)))
  (func $both (result i32) (i32.load8_u (i32.const 16)))
  (func $docs::part::page.part.docs (result i32) (i32.add (call $docs::inner.part.docs) (call $both)))
  (func $docs::inner.part.docs (result i32) (i32.const 100))
  (func $docs::click.part.docs (result i32) (call $docs::inner.part.docs))
  (func $settings::part::page.part.settings (result i32) (i32.add (call $both) (i32.const 1000)))
)`;

test("each part of the app comes by itself and fills its own places only", async () => {
  const { first, later, shared, astray } = split(written(paged()), app);
  assert.deepEqual(astray, []);
  assert.deepEqual([...later.keys()].sort(), ["docs", "settings"]);
  const parts = Object.fromEntries([...later].map(([name, write]) => [name, assembled(write())]));
  const asked = new Set(Object.values(parts).flatMap(part => WebAssembly.Module.imports(part).map(({ name }) => name)));
  const early = first(shared.filter(({ as }) => asked.has(as)));
  assert.doesNotMatch(early, /inner|i32\.const 1000/);
  const { exports } = await WebAssembly.instantiate(assembled(early), {});
  for (const call of ["run", "docs", "click"]) assert.throws(exports[call], WebAssembly.RuntimeError);

  await WebAssembly.instantiate(parts.docs, { parlor: exports });
  assert.deepEqual([exports.docs(), exports.click()], [142, 100]);
  assert.throws(exports.run, WebAssembly.RuntimeError);
  await WebAssembly.instantiate(parts.settings, { parlor: exports });
  assert.equal(exports.run(), 142 + 1042);
});

test("a call into a part of the app that goes by no door is told", () => {
  const { astray } = split(written(paged("(call $docs::inner.part.docs)")), app);
  assert.deepEqual(astray, [["$run", "$docs::inner.part.docs"]]);
});
