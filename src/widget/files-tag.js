// Where the panel's other files are when a tag has loaded it: beside this one, under the same hash.
const [, folder, hash, query = ""] = /^(.*\/)widget-([0-9a-f]+)\.js(\?.*)?$/.exec(import.meta.url);

async function get(address) {
  const answer = await fetch(address, { __proto__: null, credentials: "omit" });
  if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}`);
  return answer;
}

const named = name => get(folder + name + query);

export const version = "__VERSION__";
export const wasm = url => (url ? get(url) : named(`widget-${hash}.wasm`));
export const later = url => (url ? get(url) : named(`widget-later-${hash}.wasm`));
export const strings = async locale => (await named(`widget-${locale}-${hash}.json`)).json();
export const account = () => import(`${folder}widget-account-${hash}.js${query}`);
export const plugins = () => import(`${folder}widget-plugins-${hash}.js${query}`);
export const frame = () => import(`${folder}widget-frame-${hash}.js${query}`);
