// Where the page's policy forbids wasm, the panel runs in a frame of our own server (/widget/frame, frame-page.js) and
// this stands in for it: the same functions, said through a message port that only the two have.

/** How long a loaded frame may say nothing: then it was refused. In milliseconds. */
const SILENCE = 3_000;
/** How long it may take altogether. */
const PATIENCE = 30_000;

/** What can be sent through a port: functions and elements stay here. */
const SENT = [
  "apiKey", "title", "welcomeMessage", "inputPlaceholder", "position", "theme", "accentColor", "locale", "userIdentifier",
  "transport", "transportOptions", "pollIntervalMs", "upload", "mode", "context",
];

const CSS = `
  iframe{position:fixed;z-index:2147483001;inset:auto 20px 92px auto;width:376px;height:min(600px,calc(100dvh - 112px));border:0;border-radius:18px;box-shadow:0 12px 32px -12px rgb(0 0 0/.4);color-scheme:normal}
  iframe[hidden]{display:none}
  :host([data-position="left"]) iframe{inset-inline:20px auto}
  :host([data-mode="inline"]) iframe{position:static;width:100%;height:100%}
  @media(max-width:480px){:host([data-mode="floating"]) iframe{inset:0;width:100%;height:100%;border-radius:0}}`;

/** The page's own token, with another way to a new one where the page names it. */
export const tokenOf = ({ authToken, refreshAuthToken: refresh }) => {
  if (typeof refresh !== "function") return authToken;
  const first = typeof authToken === "function" ? authToken : () => authToken;
  let fresh;
  return renew => (renew ? (fresh = refresh()) : fresh ?? first());
};

const resolved = async (value, renew) => (typeof value === "function" ? value(renew) : value);

export async function framed(shell) {
  const { root, options } = shell;
  const origin = new URL(options.apiUrl).origin;
  const frame = document.createElement("iframe");
  frame.title = options.title ?? "Chat";
  frame.hidden = true;
  frame.allow = "clipboard-write";
  frame.src = `${options.apiUrl}/widget/frame${options.apiKey ? `?key=${encodeURIComponent(options.apiKey)}` : ""}`;
  const sheet = shell.sheetOf(CSS);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];

  const { port1: port, port2 } = new MessageChannel();
  const calls = new Map();
  let next = 0;
  const call = (name, value) =>
    new Promise((resolve, reject) => {
      calls.set(++next, { resolve, reject });
      port.postMessage({ call: next, name, value });
    });
  const remove = () => {
    port.close();
    frame.remove();
    root.adoptedStyleSheets = root.adoptedStyleSheets.filter(other => other !== sheet);
  };

  // A function stays here, and is asked through the port.
  const tokens = { __proto__: null, userToken: options.userToken, authToken: tokenOf(options) };
  const asks = Object.keys(tokens).filter(name => typeof tokens[name] === "function");
  const set = { asks, ...tokens };
  for (const name of asks) delete set[name];
  for (const name of SENT) {
    const value = options[name];
    if (value !== undefined && typeof value !== "function") set[name] = value;
  }
  try {
    await new Promise((resolve, reject) => {
      const fail = () => reject(new Error("the frame does not answer"));
      let timer = setTimeout(fail, PATIENCE);
      const wait = milliseconds => {
        clearTimeout(timer);
        timer = setTimeout(fail, milliseconds);
      };
      port.onmessage = ({ data }) => {
        if (data.hello) wait(PATIENCE);
        else if (data.ready) {
          clearTimeout(timer);
          resolve();
        } else if (data.error && data.call === undefined) {
          clearTimeout(timer);
          reject(new Error(data.error));
        } else if (data.event === "toggled") {
          frame.hidden = !data.detail;
          shell.toggled(data.detail);
          if (!data.detail) root.querySelector(".launch")?.focus();
        } else if (data.ask) {
          const answer = value => port.postMessage({ answer: data.ask, value });
          resolved(tokens[data.name], data.renew).then(answer, () => answer());
        } else if (data.event === "unread") shell.unread(data.detail);
        else if (data.event === "failed") {
          remove();
          shell.failed();
        } else if (data.event) shell.emit(data.event, data.detail);
        else if (calls.has(data.call)) {
          const { resolve, reject } = calls.get(data.call);
          calls.delete(data.call);
          if (data.error) reject(new Error(data.error));
          else resolve(data.value);
        }
      };
      frame.onload = () => {
        wait(SILENCE);
        frame.contentWindow.postMessage({ parlor: set }, origin, [port2]);
      };
      root.append(frame);
    });
  } catch (error) {
    remove();
    throw error;
  }

  return {
    open(byPage) {
      frame.hidden = false;
      if (!byPage) frame.focus();
      void call("open", byPage);
    },
    close: () => void call("close"),
    send: text => call("send", text),
    setUser: async user => void call("setUser", await resolved(user)),
    setContext: context => void call("setContext", context),
    reset: () => call("reset"),
    destroy: remove,
  };
}
