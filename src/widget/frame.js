// Where the page's policy forbids wasm, the panel runs in a frame of our own server (frame.rs, frame-page.js) and
// this stands in for it: the same functions, said through a message port that only the two have. What the page gave as
// functions (plugins, tokens, a transport, listeners) stays here and is called through the port. Loaded only then.
import { outward } from "./frame-reach.js";
import launcher from "./launcher.css";
import { connect, PATIENCE } from "./port.js";

/** How long a loaded frame may say nothing: then it was refused. In milliseconds. */
const SILENCE = 3_000;
/** How long it may take altogether. */
const LOADING = 30_000;
/** How long the panel may take to take a text: its hooks are waited for, one after the other. */
const TAKING = 5 * PATIENCE;

/** Options that go to the panel. The others concern this page, or where files are, which the frame's server knows. */
const SENT = [
  "apiKey", "title", "welcomeMessage", "inputPlaceholder", "position", "theme", "accentColor", "locale", "userIdentifier",
  "userToken", "transportOptions", "pollIntervalMs", "upload", "uploadUrl", "mode", "context",
];

/** Its place and size are the panel's own: the frame stands in a `.panel`. */
const CSS = ".panel iframe{flex:1;inline-size:100%;border:0;color-scheme:normal}";

/** Where the panel covers the page, as its style has it: there what lies behind is inert. */
const COVERS = "(max-width:480px)";

/** Said and not waited for. */
const quiet = act => (...values) => void act(...values).catch(() => {});

/** A transport of the page's own, to be called from the frame. */
function carried(transport) {
  let runs = false;
  const stop = () => {
    if (runs) transport.stop();
    runs = false;
  };
  const start = ({ onEvent, onState, ...context }) => {
    runs = true;
    transport.start({ ...context, onEvent: quiet(onEvent), onState: quiet(onState) });
  };
  return { stop, faces: { start, stop, ...(typeof transport.send === "function" && { send: message => transport.send(message) }) } };
}

/**
 * Puts the frame into the shell's tree and answers what the shell may call. `began` is when the visitor showed interest,
 * `css` the panel's style, `keepLook` keeps a look for the next visit; `plugins`, `authToken` and `transport` as the panel
 * would have them.
 */
export async function framed(shell, { began, css, keepLook, plugins, authToken, transport }) {
  const { root, host, options } = shell;
  const frame = document.createElement("iframe");
  const dialog = document.createElement("dialog");
  const inline = options.mode === "inline";
  dialog.className = inline ? "panel inline" : "panel";
  dialog.append(frame);
  const name = title => (frame.title = dialog.ariaLabel = title);
  name(options.title ?? "Chat");
  frame.allow = "autoplay; clipboard-write";
  // The other half has to be of the same version, also on a page that has pinned an older one.
  frame.src = `${options.apiUrl}/widget/v/__VERSION__/frame${options.apiKey ? `?key=${encodeURIComponent(options.apiKey)}` : ""}`;
  const sheets = [shell.sheetOf(css), shell.sheetOf(CSS)];
  root.adoptedStyleSheets = [...sheets, ...root.adoptedStyleSheets];

  const { port1, port2 } = new MessageChannel();
  const line = connect(port1, TAKING);
  const own = transport && typeof transport === "object" ? carried(transport) : undefined;
  const { reach, end } = outward();
  const narrow = matchMedia(COVERS);
  const show = () => {
    if (!inline && narrow.matches && document.hasFocus()) dialog.showModal();
    else dialog.setAttribute("open", "");
  };
  /** The window has another size, or the visitor has come: the page is inert when it is covered, and not otherwise. */
  const fit = () => {
    if (!dialog.open || inline || dialog.matches(":modal") === narrow.matches) return;
    const had = root.activeElement === frame;
    dialog.close();
    show();
    if (had) frame.focus();
  };
  narrow.addEventListener("change", fit);
  addEventListener("focus", fit);
  const remove = () => {
    own?.stop();
    end();
    line.end();
    narrow.removeEventListener("change", fit);
    removeEventListener("focus", fit);
    dialog.remove();
    root.adoptedStyleSheets = root.adoptedStyleSheets.filter(other => !sheets.includes(other));
  };
  const failed = () => {
    remove();
    shell.failed();
  };

  /** What the page sets of the names that the panel's style asks for: inheritance ends at a frame. */
  const names = new Set((css + launcher).match(/--(parlor|cs)-[\w-]+(?=[,)])/g));
  const variables = () => {
    const style = getComputedStyle(host);
    return [...names].map(name => [name, style.getPropertyValue(name)]).filter(([, value]) => value);
  };

  const sent = { __proto__: null };
  const send = () => {
    for (const name of SENT) if (options[name] !== undefined) sent[name] = options[name];
    const given = { ...sent, authToken, transport: own?.faces ?? transport };
    const run = plugins && ((hook, payload) => plugins.run(hook, payload));
    return line.pack({ options: given, page, reach, run, began, variables: variables() });
  };

  /** What the frame may call. */
  const page = {
    toggled(open) {
      const had = root.activeElement === frame;
      if (!open) dialog.close();
      else if (!dialog.open) show();
      shell.toggled(open);
      if (!open && had) root.querySelector(".launch")?.focus();
    },
    look: shell.look,
    emit: shell.emit,
    speak: shell.speak,
    unread: shell.unread,
    failed,
    keep: look => keepLook(options.apiKey, look),
    /** Whether messages wait in the frame's storage: with this mark the launcher loads it at once, as it would for its own. */
    waits(is) {
      const place = `parlor_outbox_v1:${options.apiKey ?? ""}`;
      try {
        if (is) localStorage.setItem(place, "[]");
        else localStorage.removeItem(place);
      } catch {
        // The visitor forbids it.
      }
    },
  };

  let panel;
  try {
    panel = await new Promise((resolve, reject) => {
      let timer;
      const wait = milliseconds => {
        clearTimeout(timer);
        timer = setTimeout(() => reject(new Error("the frame does not answer")), milliseconds);
      };
      wait(LOADING);
      page.hello = () => wait(LOADING);
      page.ready = (made, title) => {
        clearTimeout(timer);
        name(title);
        resolve(made);
      };
      page.refused = message => {
        clearTimeout(timer);
        reject(new Error(message));
      };
      frame.onload = () => {
        wait(SILENCE);
        frame.contentWindow.postMessage({ parlor: send() }, new URL(options.apiUrl).origin, [port2]);
      };
      root.append(dialog);
    });
  } catch (error) {
    remove();
    throw error;
  }
  // Whoever loads the frame anew has lost the panel.
  frame.onload = failed;

  const say = Object.fromEntries(Object.entries(panel).map(([name, act]) => [name, quiet(act)]));
  // By a key that does not reach the frame, or a phone's way back.
  dialog.oncancel = event => {
    event.preventDefault();
    say.close();
  };
  // What the page has said while the frame loaded.
  if (options.userToken !== sent.userToken) say.setUser(options.userToken);
  if (options.userIdentifier !== sent.userIdentifier) say.setUser(options.userIdentifier ?? null);
  if (options.context !== sent.context) say.setContext(options.context);

  return {
    open(byPage) {
      if (!dialog.open) show();
      if (!byPage) frame.focus();
      say.open(byPage, Date.now(), variables());
    },
    close: say.close,
    send: panel.send,
    setUser: say.setUser,
    setContext: say.setContext,
    reset: panel.reset,
    destroy() {
      plugins?.run("onWidgetUnmount");
      remove();
    },
  };
}
