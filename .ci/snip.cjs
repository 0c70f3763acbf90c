// Empties functions of a wasm that nothing can call, or nobody would miss: see `UNUSED` and `UNREAD` in bin/wasm-opt.
// A linker keeps whatever stands in a table of functions; it cannot know that nobody takes it out of there.
// The format: https://webassembly.github.io/spec/core/binary/modules.html
const CUSTOM = 0, IMPORT = 2, CODE = 10;
const FUNCTION = 0, TABLE = 1, GLOBAL = 3;
const NAMES_OF_FUNCTIONS = 1;
const TRAP = Buffer.from([3, 0, 0, 11]); // 3 bytes: no locals, `unreachable`, `end`
const ZERO = Buffer.from([4, 0, 65, 0, 11]); // 4 bytes: no locals, `i32.const 0`, `end`

/** A whole number as LEB128. */
function encode(number) {
  const bytes = [];
  do {
    bytes.push((number & 127) | (number > 127 ? 128 : 0));
    number >>>= 7;
  } while (number > 0);
  return Buffer.from(bytes);
}

/** Reads on from `at`. */
class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }
  number() {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.bytes[this.at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }
  take(length) {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
  text() {
    return this.take(this.number()).toString("utf8");
  }
  limits() {
    const hasMax = this.bytes[this.at++] & 1;
    this.number();
    if (hasMax) this.number();
  }
}

function* sections(wasm) {
  const reader = new Reader(wasm, 8);
  while (reader.at < wasm.length) {
    const from = reader.at;
    const id = wasm[reader.at++];
    const content = reader.take(reader.number());
    yield { id, content, whole: wasm.subarray(from, reader.at) };
  }
}

/** How many functions are imported: they are numbered before those of the code section. */
function importedFunctions(content) {
  const reader = new Reader(content);
  let functions = 0;
  for (let count = reader.number(); count > 0; count--) {
    reader.text();
    reader.text();
    const kind = content[reader.at++];
    if (kind === FUNCTION) {
      reader.number();
      functions++;
    } else if (kind === GLOBAL) {
      reader.take(2);
    } else {
      if (kind === TABLE) reader.take(1);
      reader.limits();
    }
  }
  return functions;
}

/** The names of functions by their number; none unless it is the section of names. */
function functionNames(content) {
  const names = new Map();
  const reader = new Reader(content);
  if (reader.text() !== "name") return names;
  while (reader.at < content.length) {
    const kind = content[reader.at++];
    const part = new Reader(reader.take(reader.number()));
    if (kind !== NAMES_OF_FUNCTIONS) continue;
    for (let count = part.number(); count > 0; count--) names.set(part.number(), part.text());
  }
  return names;
}

/** `wasm` with a trap for each function whose name fits one of `unused`, and 0 for what one of `unread` returns. */
module.exports = function snip(wasm, unused, unread) {
  const all = [...sections(wasm)];
  const imported = all.filter(({ id }) => id === IMPORT).reduce((sum, { content }) => sum + importedFunctions(content), 0);
  const names = new Map(all.filter(({ id }) => id === CUSTOM).flatMap(({ content }) => [...functionNames(content)]));
  const fits = (name, patterns) => patterns.some(pattern => pattern.test(name));
  const instead = name => (fits(name, unused) ? TRAP : fits(name, unread) ? ZERO : undefined);
  const parts = all.map(({ id, content, whole }) => {
    if (id !== CODE) return whole;
    const reader = new Reader(content);
    const count = reader.number();
    const bodies = Array.from({ length: count }, (_, index) => {
      const from = reader.at;
      reader.take(reader.number());
      return instead(names.get(imported + index) ?? "") ?? content.subarray(from, reader.at);
    });
    const code = Buffer.concat([encode(count), ...bodies]);
    return Buffer.concat([Buffer.from([CODE]), encode(code.length), code]);
  });
  return Buffer.concat([wasm.subarray(0, 8), ...parts]);
};
