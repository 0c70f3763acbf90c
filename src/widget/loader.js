// The loader that other websites embed with one tag:
//
//   <script src="https://chat.example/widget/chat-widget.js" data-api-key="…" defer></script>
//
// It draws the launcher and nothing else. The panel is fetched when the visitor shows interest (pointer, focus,
// click) or the page calls for it. All it adds to the page is one element with a shadow tree, and the name `Parlor`.
// The build (.ci/finish.mjs) puts the name of the panel's files in place of __WIDGET__.
import { own, readOptions } from "./options.js";
import { shell } from "./shell.js";

const script = document.currentScript;
const preset = window.Parlor;
if (script && !own(preset)("destroy")) {
  // An empty attribute is a template's way to say nothing, except where its presence is the word.
  const said = script.getAttributeNames().flatMap(attribute => {
    const name = attribute.replace(/^data-|-(.)/g, (_, letter = "") => letter.toUpperCase());
    const value = script.getAttribute(attribute) || (name === "defaultOpen" && "on");
    return attribute.startsWith("data-") && value ? [[name, value]] : [];
  });
  const options = readOptions(
    [...said, ...Object.entries(preset ?? {})],
    name => (own(preset)(name) ? "Parlor." + name : "data-" + name.replace(/[A-Z]/g, "-$&").toLowerCase()),
  );
  options.apiUrl ??= script.src.replace(/\/widget\/.*/, "");

  const host = document.createElement("parlor-chat");
  const load = attempt => import(new URL("__WIDGET__.js" + (attempt ? "?" + attempt : ""), script.src));
  const api = shell(options, load, host);
  api.on("destroy", () => delete window.Parlor);
  window.Parlor = api;

  const attach = () => {
    const { target, mode } = options;
    const place = typeof target === "string" ? document.querySelector(target) : target;
    if (target && !place) console.warn("Parlor finds no element for data-target=" + target);
    if (place) place.append(host);
    else if (mode === "inline" && document.body.contains(script)) script.after(host);
    else document.body.append(host);
    options.ready?.(api);
  };
  if (document.readyState !== "loading") attach();
  else document.addEventListener("DOMContentLoaded", attach, { __proto__: null, once: true });
}
