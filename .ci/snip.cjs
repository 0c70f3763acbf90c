// Empties functions of a wasm that nothing can call, or nobody would miss: see `UNUSED` and `UNREAD` in bin/wasm-opt.
// A linker keeps whatever stands in a table of functions; it cannot know that nobody takes it out of there.
// The format: https://webassembly.github.io/spec/core/binary/modules.html
const CUSTOM = 0, IMPORT = 2, CODE = 10, DATA = 11;
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
  /** An address in `i32.const ADDRESS end`; undefined where it is given otherwise. */
  address() {
    if (this.bytes[this.at++] !== 65) return undefined;
    const address = this.number();
    return this.bytes[this.at++] === 11 ? address : undefined;
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

/** What lies in memory at the start: pieces with their addresses. None where they are not all at fixed addresses. */
function pieces(content) {
  const reader = new Reader(content);
  const found = [];
  for (let count = reader.number(); count > 0; count--) {
    const address = reader.number() === 0 ? reader.address() : undefined;
    if (address === undefined) return [];
    found.push({ address, bytes: reader.take(reader.number()) });
  }
  return found;
}

/**
 * Blanks the places in the source that a panic names, in place: each is four words, the address and length of a path,
 * line and column. Without names of functions they say little, and they are 2 % of what is fetched.
 */
function blankPlaces(content) {
  const memory = pieces(content);
  const textAt = (address, length) => {
    const piece = memory.find(({ address: start, bytes }) => start <= address && address + length <= start + bytes.length);
    return piece?.bytes.subarray(address - piece.address, address - piece.address + length);
  };
  const paths = new Set();
  for (const { address, bytes } of memory) {
    for (let at = (4 - (address % 4)) % 4; at + 16 <= bytes.length; at += 4) {
      const [path, length, line, column] = [0, 4, 8, 12].map(word => bytes.readUInt32LE(at + word));
      if (length < 5 || length > 250 || line === 0 || line > 99_999 || column === 0 || column > 999) continue;
      const text = textAt(path, length);
      if (!text || !/^[\x21-\x7e]+\.rs$/.test(text.toString("latin1"))) continue;
      paths.add(text);
      bytes.fill(0, at + 4, at + 16);
      at += 12;
    }
  }
  for (const text of paths) text.fill(0);
}

module.exports = snip;
Object.assign(module.exports, { Reader, encode });

/** `wasm` with a trap for each function whose name fits one of `unused`, and 0 for what one of `unread` returns. */
function snip(wasm, unused, unread) {
  const all = [...sections(wasm)];
  const imported = all.filter(({ id }) => id === IMPORT).reduce((sum, { content }) => sum + importedFunctions(content), 0);
  const names = new Map(all.filter(({ id }) => id === CUSTOM).flatMap(({ content }) => [...functionNames(content)]));
  const fits = (name, patterns) => patterns.some(pattern => pattern.test(name));
  const instead = name => (fits(name, unused) ? TRAP : fits(name, unread) ? ZERO : undefined);
  const parts = all.map(({ id, content, whole }) => {
    if (id === DATA) blankPlaces(content);
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
}
