// Where the panel's other files are in the npm package: bundlers find the wasm by the `new URL` and the rest by the
// imports, and give them addresses of their own.
export const version = "__VERSION__";
const get = async url => {
  const answer = await fetch(url, { __proto__: null, credentials: "omit" });
  if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}`);
  return answer;
};
export const wasm = url => get(url ?? new URL("./parlor_widget.wasm", import.meta.url));
export const later = url => get(url ?? new URL("./parlor_widget-later.wasm", import.meta.url));
const LOCALES = {
  __proto__: null,
  de: () => import("./locales/de.js"),
  fr: () => import("./locales/fr.js"),
  es: () => import("./locales/es.js"),
  ar: () => import("./locales/ar.js"),
  zh: () => import("./locales/zh.js"),
};
export const strings = async locale => (await LOCALES[locale]()).default;
export const account = () => import("./account.js");
export const plugins = () => import("./plugins.js");
export const frame = () => import("./frame.js");
