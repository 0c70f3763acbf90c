// What a site may set: the same words for the tag's attributes, for `window.Parlor = {…}`, for the package, and for what
// the server knows of the site.
//
// Everything read here may come from a page with a polluted `Object.prototype`, so nothing is looked up on an ordinary
// object that may lack it: options are objects without a prototype, and only what an object itself has is read.

const FLAG = "true|false|on|off";

/** Options with few values, written as people are told of them. */
const WORDS = {
  __proto__: null,
  position: "left|right",
  theme: "auto|light|dark",
  transport: "auto|websocket|sse|polling",
  upload: "on|off",
  mode: "floating|inline",
  launcher: FLAG,
  defaultOpen: FLAG,
};

/** Options whose texts have to be read, with what is allowed. Any other text is a text. */
const READ = {
  __proto__: null,
  apiUrl: ["an http or https address", value => /^(https?:)?\//.test(value) && value],
  accentColor: ["a CSS colour", value => CSS.supports("color", value) && value],
  locale: ["a language such as de", value => Intl.getCanonicalLocales(value)[0]],
  userIdentifier: ["a JSON object", value => /^\s*{/.test(value) && JSON.parse(value)],
  target: ["a CSS selector", value => (document.querySelector(value), value)],
};

/**
 * Reads options from pairs of a name and a value. `label(name)` is how the person who set it calls it. A wrong value is
 * ignored with one warning that says what is allowed; code may also give functions and objects, which are looked at
 * where they are used.
 */
export function readOptions(pairs, label) {
  const options = { __proto__: null };
  for (const [name, value] of pairs) {
    if (value == null) continue;
    const words = WORDS[name];
    const [allowed, read] = words
      ? [words.replaceAll("|", ", "), word => words.split("|").includes(word) && word]
      : READ[name] ?? ["", text => text];
    let good = value;
    try {
      // Strings and booleans: the rest only code can give.
      if (/^[sb]/.test(typeof value)) good = read(value + "");
    } catch {
      good = false;
    }
    if (good !== false) options[name] = words === FLAG ? /^(true|on)$/.test(good) : good;
    else console.warn(`Parlor ignores ${label(name)}="${value}". Allowed: ${allowed}.`);
  }
  return options;
}

/** What an object of the page sets itself; what it inherits is nobody's wish. */
export const own = object => name => (object && Object.hasOwn(object, name) ? object[name] : undefined);

/** The first of the wanted languages that there is a file for. */
export function localeOf(wanted) {
  const words = (wanted ? [wanted] : navigator.languages).map(tag => tag.slice(0, 2).toLowerCase());
  return words.find(word => /^(en|de|fr|es|ar|zh)$/.test(word)) ?? "en";
}
