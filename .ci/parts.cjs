// Finds out what of the app's wasm only one of its parts needs (src/app/part.rs), and marks it: the names of those
// functions get the ending `.part.NAME`, by which the build takes them out into a file of their own (split.cjs).
//
// A part is what is reached by no other way than through its doors, the functions of `src/app/…/NAME/part.rs`. What reaches
// what is exact: the linker leaves its relocations, so that each mention of a function is known, also those in the tables
// of methods that lie in memory. Whatever is mentioned in a way unknown here counts as needed from the start.
// The format: https://github.com/WebAssembly/tool-conventions/blob/main/Linking.md
const CUSTOM = 0, IMPORT = 2, EXPORT = 7, START = 8, ELEMENT = 9, CODE = 10, DATA = 11;
const SYMBOLS = 8;
const UNDEFINED = 0x10, EXPLICIT_NAME = 0x40;
/** Relocations that name a function, directly or by its place in a table; and an address in memory. */
const FUNCTIONS = new Set([0, 1, 2, 8, 12, 26]);
const ADDRESSES = new Set([3, 4, 5, 11, 23]);
const WITH_ADDEND = new Set([...ADDRESSES, 8, 9]);
const KNOWN = new Set([...FUNCTIONS, ...ADDRESSES, 6, 7, 9, 10, 13, 20]);
/** As the compiler writes it: `parlor::app::…::NAME::part::…`, and no closure within. */
const DOOR = /^_ZN6parlor3app(?:\d+[a-z_]+)*?\d+([a-z_]+)4part\d+[a-z_]+17h[0-9a-f]{16}E$/;

const { Reader, encode } = require("./snip.cjs");

/** The sections of a module, with the position of their content. */
function sectionsOf(wasm) {
  const reader = new Reader(wasm, 8);
  const all = [];
  while (reader.at < wasm.length) {
    const from = reader.at;
    const id = wasm[reader.at++];
    const length = reader.number();
    const begin = reader.at;
    const content = reader.take(length);
    const custom = id === CUSTOM ? new Reader(content).text() : undefined;
    all.push({ id, custom, begin, content, whole: wasm.subarray(from, reader.at) });
  }
  return all;
}

function signed(reader) {
  let value = 0, shift = 0, byte;
  do {
    byte = reader.bytes[reader.at++];
    value |= (byte & 127) << shift;
    shift += 7;
  } while (byte & 128);
  return shift < 32 && byte & 64 ? value | (-1 << shift) : value;
}

function importedFunctions(content) {
  const reader = new Reader(content);
  let functions = 0;
  for (let count = reader.number(); count > 0; count--) {
    reader.text();
    reader.text();
    const kind = content[reader.at++];
    if (kind === 0) {
      reader.number();
      functions++;
    } else if (kind === 3) reader.take(2);
    else {
      if (kind === 1) reader.take(1);
      reader.limits();
    }
  }
  return functions;
}

function exportedFunctions(content) {
  const reader = new Reader(content);
  const found = [];
  for (let count = reader.number(); count > 0; count--) {
    reader.text();
    const kind = content[reader.at++];
    const index = reader.number();
    if (kind === 0) found.push(index);
  }
  return found;
}

/** Where each function's body lies in the section's content: [from, to). */
function bodies(content) {
  const reader = new Reader(content);
  return Array.from({ length: reader.number() }, () => {
    const length = reader.number();
    const from = reader.at;
    reader.take(length);
    return [from, reader.at];
  });
}

/** Where each piece of memory lies in the section's content: [from, to). */
function segments(content) {
  const reader = new Reader(content);
  return Array.from({ length: reader.number() }, () => {
    const kind = reader.number();
    if (kind === 2) reader.number();
    if (kind !== 1 && reader.address() === undefined) throw new Error("parts: a piece of memory without a fixed address");
    const length = reader.number();
    const from = reader.at;
    reader.take(length);
    return [from, reader.at];
  });
}

/** The functions in the table, of the one form that the linker writes. */
function listed(content) {
  const reader = new Reader(content);
  const found = [];
  for (let count = reader.number(); count > 0; count--) {
    if (reader.number() !== 0 || reader.address() === undefined) throw new Error("parts: the linker lists the table's functions differently now");
    for (let many = reader.number(); many > 0; many--) found.push(reader.number());
  }
  return found;
}

function symbolsOf(content) {
  const reader = new Reader(content);
  reader.text();
  if (reader.number() !== 2) throw new Error("parts: the linker writes another version of its symbols now");
  while (reader.at < content.length) {
    const kind = content[reader.at++];
    const part = new Reader(reader.take(reader.number()));
    if (kind !== SYMBOLS) continue;
    return Array.from({ length: part.number() }, () => {
      const what = part.number(), flags = part.number();
      if (what === 1) {
        part.text();
        if (flags & UNDEFINED) return {};
        return { segment: part.number(), offset: part.number(), size: part.number() };
      }
      const index = part.number();
      if (what !== 3 && (!(flags & UNDEFINED) || flags & EXPLICIT_NAME)) part.text();
      return what === 0 ? { index } : {};
    });
  }
  throw new Error("parts: the linker left no symbols");
}

function relocationsOf(content) {
  const reader = new Reader(content);
  reader.text();
  reader.number();
  return Array.from({ length: reader.number() }, () => {
    const type = reader.number();
    if (!KNOWN.has(type)) throw new Error(`parts: a relocation of the unknown type ${type}`);
    const offset = reader.number(), symbol = reader.number();
    return { type, offset, symbol, addend: WITH_ADDEND.has(type) ? signed(reader) : 0 };
  });
}

/** Of ascending, disjoint [from, to): the number of the one around `at`. */
function around(ranges, at) {
  let low = 0, high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranges[middle][1] <= at) low = middle + 1;
    else high = middle;
  }
  return low < ranges.length && ranges[low][0] <= at ? low : undefined;
}

function namesOf(content) {
  const reader = new Reader(content);
  reader.text();
  const names = new Map();
  while (reader.at < content.length) {
    const kind = content[reader.at++];
    const part = new Reader(reader.take(reader.number()));
    if (kind === 1) for (let count = part.number(); count > 0; count--) names.set(part.number(), part.text());
  }
  return names;
}

function named(names) {
  const text = value => [encode(Buffer.byteLength(value)), Buffer.from(value)];
  const sorted = [...names].sort(([a], [b]) => a - b);
  const list = Buffer.concat([encode(sorted.length), ...sorted.flatMap(([index, name]) => [encode(index), ...text(name)])]);
  const content = Buffer.concat([...text("name"), Buffer.from([1]), encode(list.length), list]);
  return Buffer.concat([Buffer.from([CUSTOM]), encode(content.length), content]);
}

/** `wasm` without relocations, and with marks in the names of the functions of each part; nothing where it has none. */
module.exports = function parts(wasm) {
  const sections = sectionsOf(wasm);
  const section = id => sections.find(one => one.id === id)?.content;
  const custom = name => sections.find(one => one.custom === name)?.content;
  if (!custom("reloc.CODE") || !custom("name")) return undefined;

  const names = namesOf(custom("name"));
  const symbols = symbolsOf(custom("linking"));
  const imported = importedFunctions(section(IMPORT));
  const code = bodies(section(CODE)), data = segments(section(DATA));

  // Places in memory that a symbol has, by where they lie in the section; they overlap where texts share their ends.
  const kept = symbols.filter(({ segment, size }) => segment !== undefined && size > 0);
  const ends = kept.map(({ segment, offset, size }) => [data[segment][0] + offset, data[segment][0] + offset + size]);
  ends.sort(([a, b], [c, d]) => a - c || b - d);
  const places = [];
  for (const [from, to] of ends) {
    const last = places.at(-1);
    if (last && from < last[1]) last[1] = Math.max(last[1], to);
    else places.push([from, to]);
  }

  // Nodes: functions by their number, places in memory by `m` and theirs.
  const edges = new Map();
  const roots = [...exportedFunctions(section(EXPORT) ?? Buffer.from([0]))];
  const link = (from, to) => (edges.has(from) ? edges.get(from).add(to) : edges.set(from, new Set([to])));
  const mentioned = new Set(), inTable = new Set();
  const target = ({ type, symbol, addend }) => {
    const { index, segment, offset } = symbols[symbol];
    if (FUNCTIONS.has(type)) {
      mentioned.add(index);
      if (type !== 0) inTable.add(index);
      return index;
    }
    if (!ADDRESSES.has(type) || segment === undefined) return undefined;
    // A place and what lies beyond its end: an address may be counted from a neighbour.
    const base = around(places, data[segment][0] + offset), exact = around(places, data[segment][0] + offset + addend);
    return [base, exact].filter(place => place !== undefined).map(place => `m${place}`);
  };
  const from = (ranges, name) => relocation => {
    const at = around(ranges, relocation.offset);
    return at === undefined ? undefined : name(at);
  };
  for (const [relocations, source] of [
    [relocationsOf(custom("reloc.CODE")), from(code, at => imported + at)],
    [custom("reloc.DATA") ? relocationsOf(custom("reloc.DATA")) : [], from(places, at => `m${at}`)],
  ]) {
    for (const relocation of relocations) {
      const origin = source(relocation);
      for (const one of [target(relocation)].flat()) {
        if (one === undefined) continue;
        if (origin === undefined) roots.push(one);
        else link(origin, one);
      }
    }
  }
  if (section(START)) roots.push(new Reader(section(START)).number());
  for (const index of listed(section(ELEMENT))) if (!inTable.has(index)) roots.push(index);
  for (let index = 0; index < imported + code.length; index++) if (!mentioned.has(index)) roots.push(index);

  const doors = new Map();
  for (const [index, name] of names) {
    const part = DOOR.exec(name)?.[1];
    if (part) doors.set(index, part);
  }
  const reached = (begin, isIn) => {
    const found = new Set(begin);
    for (const one of found) for (const next of edges.get(one) ?? []) if (!doors.has(next) && !isIn?.has(next)) found.add(next);
    return found;
  };
  const early = reached(roots.filter(one => !doors.has(one)));
  const owners = new Map();
  for (const part of new Set(doors.values())) {
    const own = [...doors].filter(([, of]) => of === part).map(([index]) => index);
    for (const one of reached(own, early)) owners.set(one, [...(owners.get(one) ?? []), part]);
  }
  let marked = 0;
  for (const [one, of] of owners) {
    if (typeof one !== "number" || of.length > 1) continue;
    names.set(one, `${names.get(one) ?? `f${one}`}.part.${of[0]}`);
    marked++;
  }
  console.error(`parts: ${marked} of ${code.length} functions in ${[...new Set(doors.values())].join(", ")}`);
  const dropped = new Set(["linking", "reloc.CODE", "reloc.DATA", "name"]);
  const rest = sections.filter(one => !dropped.has(one.custom) && !one.custom?.startsWith("reloc.")).map(({ whole }) => whole);
  return Buffer.concat([wasm.subarray(0, 8), ...rest, named(names)]);
};
