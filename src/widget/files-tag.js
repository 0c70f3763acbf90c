// Where the panel's other files are when a tag has loaded it: beside this one, under the same hash.
const [, folder, hash, query = ""] = /^(.*\/)widget-([0-9a-f]+)\.js(\?.*)?$/.exec(import.meta.url);

async function get(name) {
  const answer = await fetch(folder + name + query, { __proto__: null, credentials: "omit" });
  if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}`);
  return answer;
}

export const version = "__VERSION__";
export const wasm = url => (url ? fetch(url, { __proto__: null, credentials: "omit" }) : get(`widget-${hash}.wasm`));
export const strings = async locale => (await get(`widget-${locale}-${hash}.json`)).json();
export const account = () => import(`${folder}widget-account-${hash}.js${query}`);
export const plugins = () => import(`${folder}widget-plugins-${hash}.js${query}`);
