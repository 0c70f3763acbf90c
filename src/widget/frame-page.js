// Inside the server's frame: the panel on a page of our own, for pages whose policy forbids wasm. It takes its options from
// the page around it, once, and calls and is called through the port that came with them; who may be around it is said
// by the response's `frame-ancestors`.
import { inward } from "./frame-reach.js";
import css from "./launcher.css";
import { readOptions } from "./options.js";
import { connect } from "./port.js";
import { sheetOf } from "./shell.js";

const base = document.currentScript.src.replace(/\/widget\/.*/, "");
const moduleAddress = new URL("__WIDGET__.js", document.currentScript.src).href;

addEventListener("message", function begin({ source, data, ports: [port] }) {
  if (source !== window.parent || source === window || !data?.parlor || !port) return;
  removeEventListener("message", begin);
  const line = connect(port);
  const given = line.unpack(data.parlor);
  const tell = Object.fromEntries(Object.entries(given.page).map(([name, act]) => [name, quiet(act)]));
  tell.hello();
  run({ ...given, tell }).catch(error => tell.refused(String(error)));
});

/** Said and not waited for. */
function quiet(act) {
  return (...values) => void act(...values).catch(() => {});
}

/** Tells the page whether messages wait: of this storage its launcher sees nothing. */
function watchOutbox(apiKey, waits) {
  const place = `parlor_outbox_v1:${apiKey ?? ""}`;
  try {
    waits(localStorage.getItem(place) !== null);
  } catch {
    return; // the visitor forbids it, so nothing is kept
  }
  for (const name of ["setItem", "removeItem"]) {
    const act = Storage.prototype[name];
    Storage.prototype[name] = function (key, ...value) {
      act.call(this, key, ...value);
      if (key === place) waits(name === "setItem");
    };
  }
}

async function run({ options: given, page, tell, reach, run, began, variables }) {
  const options = readOptions(Object.entries(given), name => name);
  const inline = options.mode === "inline";
  options.apiUrl = base;
  if (typeof options.transport === "object") {
    const { start, stop, send } = options.transport;
    options.transport = { __proto__: null, start: quiet(start), stop: quiet(stop), ...(send && { send }) };
  }

  const host = document.createElement("parlor-chat");
  const root = host.attachShadow({ mode: "open" });
  // The frame is the panel's whole place.
  const fill = ":host .panel{position:fixed;inset:0;inline-size:auto;block-size:auto;border:0;border-radius:0;box-shadow:none;animation:none}";
  const own = sheetOf("");
  const set = sheetOf(":host{}");
  root.adoptedStyleSheets = [sheetOf(css), own, set, sheetOf(fill)];
  const style = set.cssRules[0].style;
  const inherit = variables => {
    for (const name of [...style]) if (name.startsWith("--")) style.removeProperty(name);
    for (const [name, value] of variables) style.setProperty(name, value);
  };
  inherit(variables);
  document.body.append(host);
  inward(options, reach);
  watchOutbox(options.apiKey, tell.waits);

  const shell = {
    root, host, options, sheetOf, began, isFrame: true,
    // A hook without an answer has none.
    plugins: run ? { __proto__: null, run: (...values) => run(...values).catch(() => undefined) } : null,
    keepLook: (_, look) => tell.keep(look),
    look({ position, theme, accentColor }) {
      host.dataset.mode = inline ? "inline" : "floating";
      host.dataset.position = position ?? "right";
      host.dataset.theme = theme ?? "auto";
      // As the launcher's, see shell.js.
      if (CSS.supports("color", accentColor)) own.replaceSync(`:host>*{--accent:${accentColor}!important;--on-accent:oklch(from ${accentColor} calc((.62 - l)*999) 0 h)!important}`);
      tell.look({ position, theme, accentColor });
    },
    emit: tell.emit,
    speak: tell.speak,
    toggled: tell.toggled,
    unread: tell.unread,
    failed: tell.failed,
  };
  const { start } = await import(moduleAddress);
  const panel = await start(shell);
  const open = (byPage, at, variables) => {
    inherit(variables);
    panel.open(byPage, at);
  };
  await page.ready({ ...panel, open }, root.querySelector("#title").textContent);
}
