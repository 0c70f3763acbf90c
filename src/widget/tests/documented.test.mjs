// What the manual, the package and its types list is what the code has.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const read = path => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const manual = read("docs/widget.md");
const readme = read("packages/parlor-widget/README.md");
const types = read("packages/parlor-widget/src/index.d.ts");
const react = read("packages/parlor-widget/src/react.js");
const element = read("packages/parlor-widget/src/element.js");
const shell = read("src/widget/shell.js");

const sorted = names => [...new Set(names)].sort();
const found = (text, pattern) => sorted([...text.matchAll(pattern)].map(([, name]) => name));
/** The names of an interface's members. */
const members = name => found(types.match(new RegExp(`^export interface ${name} \\{\\n([^]*?)^\\}`, "m"))[1], /^  (\w+)[?<(:]/gm);
/** The words of a list in a script. */
const list = (text, name) => sorted(found(text.match(new RegExp(`const ${name} = \\[([^]*?)\\]`))[1], /"([^"]+)"/g));
const section = heading => manual.split(/^## /m).find(part => part.startsWith(heading)) ?? assert.fail(`no section ${heading}`);
const kebab = name => name.replace(/[A-Z]/g, letter => "-" + letter.toLowerCase());

/** All sources of the widget, by path. */
const sources = readdirSync(new URL("..", import.meta.url), { recursive: true })
  .filter(name => /\.(js|rs)$/.test(name) && !name.includes("test"))
  .map(name => read(`src/widget/${name}`))
  .join("\n");

const options = members("Options");
const events = members("Events");

test("every option is in the manual and in the package's own page", () => {
  assert.ok(options.length > 20);
  for (const name of options) {
    assert.ok(manual.includes(`\`data-${kebab(name)}\``) || new RegExp(`\`(data-[a-z-]+=.*)?${name}\``).test(manual) || manual.includes(`\`data-${kebab(name)}=`), `docs/widget.md lacks ${name}`);
    assert.match(readme, new RegExp(`\`${name}\``), `the package's README lacks ${name}`);
  }
});

test("every attribute of the manual is an option, and every option with few values has them in the types", () => {
  const known = [...options.map(kebab), "target"];
  for (const name of found(manual, /`data-([a-z-]+)/g)) assert.ok(known.includes(name), `no option data-${name}`);
  for (const [, name] of read("src/widget/options.js").matchAll(/^  (\w+): (?:"|FLAG|\[)/gm)) assert.ok([...options, "target"].includes(name), `the types lack ${name}`);
});

test("the React component knows every option and every event", () => {
  const others = found(react.match(/\[\.\.\.DECISIVE, \.\.\.CALLED, ([^\]]*)\]/)[1], /"(\w+)"/g);
  const taken = [...list(react, "DECISIVE"), ...list(react, "CALLED"), ...others];
  assert.deepEqual(sorted(taken), options);
  assert.deepEqual(list(react, "EVENTS"), events.filter(name => name !== "destroy"));
});

test("every option goes into the frame, is a function that is called from it, or concerns the page alone", () => {
  const sent = list(read("src/widget/frame.js"), "SENT");
  const called = ["authToken", "refreshAuthToken", "transport", "plugins"];
  const here = ["apiUrl", "defaultOpen", "launcher", "primaryColor", "wasmUrl", "laterUrl"];
  assert.deepEqual(sorted([...sent, ...called, ...here]), options);
});

test("the events that are told are those of the types, the element and the manual", () => {
  const told = found(sources, /\bemit\(\s*"(\w+)"/g).concat("open", "close").filter(name => name !== "token");
  assert.deepEqual(sorted(told), events);
  assert.deepEqual(list(element, "EVENTS"), events.filter(name => name !== "destroy"));
  assert.deepEqual(found(section("Events of"), /(?:^- |and |\. )`(\w+)`(?: and `\w+`)?:/gm).concat(found(section("Events of"), /and `(\w+)`:/g)).sort(), events);
});

test("the functions of the widget are those of the types, the element, the component and the manual", () => {
  const functions = members("Widget");
  const api = shell.slice(shell.indexOf("const api = {"), shell.indexOf("\n  };", shell.indexOf("const api = {")));
  assert.deepEqual(found(api, /^    (?:async )?(\w+)[,:(]/gm), functions);
  for (const name of functions) assert.match(section("JavaScript functions"), new RegExp(`\`${name}\\(`), `docs/widget.md lacks ${name}()`);
  for (const text of [element, react]) for (const name of functions.filter(name => name !== "destroy")) assert.ok(text.includes(`"${name}"`), name);
});

test("the hooks of plugins are those of the types, the manual and the package's page", () => {
  const hooks = list(read("src/widget/plugins.js"), "HOOKS");
  assert.deepEqual(members("Plugin").filter(name => name.startsWith("on")), hooks);
  for (const name of hooks) {
    assert.match(section("Plugins of"), new RegExp(`\`${name}\``), `docs/widget.md lacks ${name}`);
    assert.match(readme, new RegExp(`\\b${name}\\b`), `the package's README lacks ${name}`);
  }
});

test("the names that a page may set for the style are those of the manual", () => {
  const styles = readdirSync(new URL("../../../style", import.meta.url)).filter(name => name.endsWith(".css")).map(name => read(`style/${name}`)).join("\n");
  const names = found(styles + read("src/widget/launcher.css"), /var\(\s*(--(?:parlor|cs)-[a-z-]+)/g);
  assert.ok(names.length > 30);
  assert.deepEqual(found(section("Colours and letters"), /`(--(?:parlor|cs)-[a-z-]+)`/g), names);
});

test("what is kept in the browser is what the manual and the package's page say", () => {
  const keys = found(sources, /["'`](parlor_[a-z]+_v1|cs_client_identity_v1|cs_client_id)[:"'`$]/g);
  assert.deepEqual(found(section("What the widget keeps"), /`(parlor_[a-z]+_v1|cs_client_[a-z_0-9]+)/g), sorted([...keys, "parlor_look_v1"]));
  for (const key of keys) assert.ok(readme.includes(`\`${key}`), `the package's README lacks ${key}`);
  // The launcher reads by a part of the name.
  assert.match(shell, /parlor_\$\{name\}_v1:/);
});
