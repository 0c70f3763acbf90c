// The widget as a module. Nothing here touches a window when it is imported; the panel, its wasm and the plugins are
// modules of their own, fetched when a visitor shows interest.
import { readOptions } from "./options.js";
import { shell } from "./shell.js";

export { AbortSendError, cloneSafe, createAuthTokenRefresherPlugin, createLoggingPlugin, createTracingPlugin } from "./plugins.js";

export const version = "__VERSION__";

/** Names that the options have had elsewhere. */
const ALIASES = { __proto__: null, primaryColor: "accentColor" };

const mounted = new Set();

/** Puts the launcher and, when it is wanted, the panel into `host`, which gets a shadow tree. */
export function attach(host, options) {
  const pairs = Object.entries(options).map(([name, value]) => [ALIASES[name] ?? name, value]);
  const settings = readOptions(pairs, name => name);
  if (!settings.apiUrl) throw new TypeError("parlor-widget needs apiUrl: the address of the Parlor server");
  const widget = shell(settings, () => import("./panel.js"), host);
  mounted.add(widget);
  widget.on("destroy", () => mounted.delete(widget));
  return widget;
}

/** Mounts a widget: in `target` it is part of the page, without one it floats in a corner of the window. */
export function mount(target, options) {
  const place = typeof target === "string" ? document.querySelector(target) : target;
  if (target && !place) throw new TypeError(`parlor-widget finds no element for ${target}`);
  const host = document.createElement("parlor-chat");
  const widget = attach(host, { mode: place ? "inline" : "floating", ...options });
  (place ?? document.body).append(host);
  return widget;
}

/** The names that the identity has in the visitor's browser; they are part of the protocol with older front ends. */
const RECORD = "cs_client_identity_v1";
const COOKIE = "cs_client_id";

/** Makes the visitor a new one: the next message begins a conversation that nobody can tie to the last. */
export async function rotateIdentity() {
  if (mounted.size > 0) return (await Promise.all([...mounted].map(widget => widget.reset()))).every(Boolean);
  try {
    localStorage.removeItem(RECORD);
    document.cookie = `${COOKIE}=; Path=/; Max-Age=0; SameSite=Lax`;
  } catch {
    // Storage that the browser denies holds nothing to forget.
  }
  return true;
}
