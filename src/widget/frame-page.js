// Inside /widget/frame: the panel on a page of our own, for pages whose policy forbids wasm. It takes its options from
// the page around it, once, and answers its calls; who may be around it is said by the response's `frame-ancestors`.
import { readOptions } from "./options.js";
import { sheetOf } from "./shell.js";

const base = document.currentScript.src.replace(/\/widget\/.*/, "");
const moduleAddress = new URL("__WIDGET__.js", document.currentScript.src).href;

addEventListener("message", function begin({ source, data, ports: [port] }) {
  if (source !== window.parent || !data?.parlor || !port) return;
  removeEventListener("message", begin);
  port.postMessage({ hello: true });
  run(data.parlor, port).catch(error => port.postMessage({ error: String(error) }));
});

async function run({ asks, ...given }, port) {
  const options = readOptions(Object.entries(given), name => name);
  const inline = options.mode === "inline";
  options.apiUrl = base;
  // Tokens that the page makes by a function of its own.
  const answers = new Map();
  for (const name of asks) {
    options[name] = renew =>
      new Promise(resolve => {
        answers.set(answers.size + 1, resolve);
        port.postMessage({ ask: answers.size, name, renew });
      });
  }
  const answered = ({ data: { answer, value } }) => answers.get(answer)(value);
  port.onmessage = answered;
  const host = document.createElement("parlor-chat");
  const root = host.attachShadow({ mode: "open" });
  document.body.append(host);
  const tell = (event, detail) => port.postMessage({ event, detail });
  const shell = {
    root, host, options, sheetOf,
    look({ position, theme, accentColor }) {
      host.dataset.mode = inline ? "inline" : "floating";
      host.dataset.position = position ?? "right";
      if (theme && theme !== "auto") host.dataset.theme = theme;
      const accent = accentColor && CSS.supports("color", accentColor) ? `:host>*{--accent:${accentColor}!important}` : "";
      // The frame is the panel's whole place.
      const fill = ":host .panel{position:fixed;inset:0;width:auto;height:auto;max-height:none;border-radius:0;box-shadow:none}";
      root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheetOf(accent + fill)];
    },
    emit: (name, detail) => tell(name, structuredClone(detail)),
    speak() {},
    toggled: open => tell("toggled", open),
    unread: count => tell("unread", count),
    failed: () => tell("failed"),
  };
  const { start } = await import(moduleAddress);
  const panel = await start(shell);
  port.onmessage = async event => {
    const { call, name, value, answer } = event.data;
    if (answer) return answered(event);
    try {
      const answer = Object.hasOwn(panel, name) ? await panel[name](value) : undefined;
      port.postMessage({ call, value: structuredClone(answer) });
    } catch (error) {
      port.postMessage({ call, error: String(error) });
    }
  };
  port.postMessage({ ready: true });
}
