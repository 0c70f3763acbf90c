// Cuts a wasm into several that share memory, tables and globals: what runs from the start, and what is loaded afterwards.
// Works on Binaryen's text form, where functions have the names that the linker kept.
//
// Where the first part calls what comes later, it goes through the table of functions, whose slots the later part fills;
// before that a call is a trap. Format: https://webassembly.github.io/spec/core/text/index.html
const NAME = String.raw`\$(?:"(?:[^"\\]|\\.)*"|[^\s()"]+)`;
const CALLED = new RegExp(String.raw`\((?:call|return_call|ref\.func) (${NAME})`, "g");
const HEAD = new RegExp(String.raw`^ \(func (${NAME})((?:\s+\(param [^)]*\))*)((?:\s+\(result [^)]*\))?)`);
const FORM = new RegExp(String.raw`^ \((\w+)(?: "(?:[^"\\]|\\.)*")*(?: (${NAME}))?`);
const LISTED = new RegExp(String.raw`\(table (${NAME})\) \(i32\.const (\d+)\) func ([^]*)\)$`);
/** Equal functions are merged under one of their names: the name of a small one says little. In lines of text. */
const SMALL = 24;
/** What the first part is for the second. */
const FIRST = "parlor";

/** The forms of a module, each beginning with one space: as texts. */
function formsOf(text) {
  const forms = [];
  for (const line of text.split("\n").slice(1, text.trimEnd().split("\n").length - 1)) {
    if (line.startsWith(" (")) forms.push(line);
    else if (forms.length > 0 && !line.startsWith(" ;;")) forms[forms.length - 1] += "\n" + line;
  }
  return forms;
}

/** The names that wasm and glue agree on, made short: what is imported from the glue, and closures' exports. */
function shorten(text) {
  const long = [...text.matchAll(/^ \((?:import "\S*_bg\.js"|export) "(__wb\w{8,}|wasm_bindgen__\w+)"/gm)].map(([, name]) => name);
  const names = new Map([...new Set(long)].map((name, index) => [name, `$${index.toString(36)}`]));
  const named = /^( \((?:import "\S*_bg\.js"|export) ")(\w+)"/gm;
  return { names, text: text.replace(named, (all, before, name) => `${before}${names.get(name) ?? name}"`) };
}

/** The widget's rule: what fits `later`, and what only that calls, comes in one later part. */
function byName(later, door) {
  const isLater = name => later.test(name);
  const isOwn = name => /^\$"?<?parlor::/.test(name) && !isLater(name);
  return { late: (name, form) => isLater(name) && form.split("\n").length > SMALL, part: () => "later", isOwn, door };
}

/** The app's rule: functions are marked (parts.cjs), all of them, and all others are there from the start. */
function byMark(door) {
  const part = name => /\.part\.([a-z_]+)"?$/.exec(name)?.[1];
  return { late: part, part, isOwn: () => true, door };
}

/**
 * Splits the text of a module. Answers how to write the `first` part, which exports what the others ask for, and the
 * `later` ones by their names; what they may share; the short names for the glue; and calls that go `astray`: from the
 * program's own code in the first part to what is neither in it nor a `door`.
 */
function split(whole, { late: isLate, part: partOf, isOwn, door }) {
  const { names, text } = shorten(whole);
  const forms = formsOf(text).map(form => {
    const [, kind, name] = FORM.exec(form);
    return { kind, name, form };
  });
  const of = kind => forms.filter(form => form.kind === kind);
  const functions = new Map();
  for (const { form } of of("func")) {
    const [, name, params, result] = HEAD.exec(form);
    const calls = new Set([...form.matchAll(CALLED)].map(([, called]) => called));
    functions.set(name, { form, params, result, calls, late: Boolean(isLate(name, form)) });
  }

  const elements = of("elem").map(({ form }) => LISTED.exec(form));
  if (elements.length !== 1 || !elements[0]) throw new Error("split: Binaryen lists the functions of tables differently now");
  const [, table, offset, listed] = elements[0];
  const slots = [...listed.matchAll(new RegExp(NAME, "g"))].map(([name]) => name);

  // From what the page and the table may call at the start, to all that this calls.
  const first = new Set();
  const crossed = new Map();
  const exported = of("export").flatMap(({ form }) => /\(func (.*)\)\)$/.exec(form)?.[1] ?? []);
  const queue = [...exported, ...slots.filter(name => functions.has(name) && !functions.get(name).late)];
  for (const name of functions.keys()) if (!partOf(name)) queue.push(name);
  for (const name of queue) {
    const one = functions.get(name);
    if (!one || first.has(name)) continue;
    first.add(name);
    for (const called of one.calls) {
      if (!functions.get(called)?.late) queue.push(called);
      else crossed.set(called, [...(crossed.get(called) ?? []), name]);
    }
  }

  const begin = Number(offset);
  const places = new Map();
  slots.forEach((name, index) => functions.has(name) && !first.has(name) && places.set(name, [...(places.get(name) ?? []), begin + index]));
  let size = begin + slots.length;
  for (const name of crossed.keys()) if (!places.has(name)) places.set(name, [size++]);

  const signature = ({ params, result }) => [params.replace(/\$\S+ /g, ""), result];
  const stub = name => {
    const [params, result] = signature(functions.get(name));
    const count = [...params.matchAll(/\(param ([^)]*)\)/g)].length;
    const values = Array.from({ length: count }, (_, index) => `(local.get ${index})`).join(" ");
    return ` (func ${name}${params}${result} (call_indirect ${table}${params}${result} ${values} (i32.const ${places.get(name)[0]})))`;
  };
  const grown = form => form.replace(/(\d+)( \d+)? funcref/, `${size} ${size} funcref`);
  const isTable = ({ kind, name }) => kind === "table" && name === table;

  /** `wanted`: the names under which the second part asks for what is in the first. */
  const early = wanted => {
    const lines = forms.flatMap(one => {
      if (one.kind === "func") return first.has(one.name) ? [one.form] : [];
      if (one.kind === "elem") {
        const names = slots.map(name => (places.has(name) ? "$absent" : name)).join(" ");
        return [` (elem (table ${table}) (i32.const ${begin}) func ${names})`];
      }
      return [isTable(one) ? grown(one.form) : one.form];
    });
    const exports = wanted.map(({ as, kind, name }) => ` (export "${as}" (${kind} ${name}))`);
    return ["(module", ...lines, ...[...crossed.keys()].map(stub), " (func $absent (unreachable))", ...exports, ")"].join("\n");
  };

  // Whatever of the first part the second may use; what it does not use falls out when it is optimised.
  const shared = forms.flatMap(one => {
    const { kind, name, form } = one;
    if (kind === "memory") return [{ kind, name, type: form.replace(/^ \(memory \S+ /, "").slice(0, -1) }];
    if (kind === "table") return [{ kind, name, type: (isTable(one) ? grown(form) : form).replace(/^ \(table \S+ /, "").slice(0, -1) }];
    if (kind === "global") return [{ kind, name, type: new RegExp(String.raw`^ \(global ${NAME} (\([^)]*\)|\w+)`).exec(form)[1] }];
    if (kind === "func" && first.has(name)) return [{ kind, name, type: signature(functions.get(name)).join("") }];
    return [];
  }).map((one, index) => ({ ...one, as: `_${index.toString(36)}` }));
  const parts = new Map();
  for (const name of functions.keys()) if (!first.has(name)) parts.set(partOf(name), [...(parts.get(partOf(name)) ?? []), name]);
  const late = own => () => {
    const imports = shared.map(({ as, kind, name, type }) => ` (import "${FIRST}" "${as}" (${kind} ${name} ${type}))`);
    const kept = forms.filter(({ kind }) => kind === "type" || kind === "import").map(({ form }) => form);
    const bodies = own.map(name => functions.get(name).form);
    const isOwned = new Set(own);
    const filled = [...places].filter(([name]) => isOwned.has(name)).flatMap(([name, at]) => at.map(slot => ` (elem (table ${table}) (i32.const ${slot}) func ${name})`));
    return ["(module", ...kept, ...imports, ...filled, ...bodies, ")"].join("\n");
  };

  const astray = [...crossed].flatMap(([called, callers]) => callers.filter(caller => isOwn(caller) && !door.test(called)).map(caller => [caller, called]));
  const later = new Map([...parts].map(([name, own]) => [name, late(own)]));
  return { first: early, later, shared, names, astray };
}

module.exports = { split, byName, byMark };
