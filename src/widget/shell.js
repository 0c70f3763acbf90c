// What stands on the page before the panel is there: the host element, the launcher, and the functions that a page may
// call. Shared by the tag (loader.js) and the package.
//
// No markup is parsed, no style attribute set, nothing stored: pages with a strict CSP and Trusted Types work. Objects
// that the browser reads as options have no prototype, so that a page's polluted one cannot speak through them.
import css from "./launcher.css";
import { localeOf } from "./options.js";

/** What is said before a language file is there: the launcher's name, and that there is no panel. */
const WORDS = {
  __proto__: null,
  en: "Open chat|The chat cannot be reached right now.",
  de: "Chat öffnen|Der Chat ist nicht erreichbar.",
  fr: "Ouvrir le chat|Le chat est injoignable.",
  es: "Abrir el chat|El chat no está disponible.",
  ar: "فتح الدردشة|الدردشة غير متاحة.",
  zh: "打开聊天|暂时无法连接。",
};

export const sheetOf = text => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return sheet;
};

/**
 * Draws the launcher in `host` and answers the functions of the page. `load(attempt)` fetches the panel's module;
 * after a failure the next attempt is another number, so that the browser asks again. The caller puts `host` on the
 * page.
 */
export function shell(options, load, host) {
  const inline = options.mode === "inline";
  const root = host.attachShadow({ __proto__: null, mode: "open" });
  const ownSheet = sheetOf("");
  const sheets = [sheetOf(css), ownSheet];
  root.adoptedStyleSheets = sheets;

  const launch = document.createElement("button");
  const note = document.createElement("div");
  const badge = document.createElement("span");
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS(svg.namespaceURI, "path");
  launch.className = "launch";
  launch.hidden = inline || options.launcher === false;
  launch.ariaHasPopup = "dialog";
  svg.setAttribute("viewBox", "0 0 24 24");
  note.className = "trouble";
  note.role = "status";
  svg.append(path);
  launch.append(svg, badge);
  root.append(launch, note);

  const listeners = new Map();
  let panel, loading, opening, gone, count = 0, isOpen = false, attempt = 0;

  let [openWord, trouble, closeWord, unreadWord] = WORDS[localeOf(options.locale)].split("|");
  const show = () => {
    launch.ariaExpanded = isOpen;
    launch.ariaLabel = (isOpen && closeWord) || (count && unreadWord ? `${openWord}, ${unreadWord}: ${count}` : openWord);
    path.setAttribute("d", isOpen ? "m6 9 6 6 6-6" : "M4 5h16v11H9l-5 4z");
    badge.textContent = isOpen || !count ? "" : count > 99 ? "99+" : count;
  };

  /** Side, scheme and colour, of the tag or, when the panel has loaded, of the site. */
  const look = ({ position, theme, accentColor }) => {
    host.dataset.mode = inline ? "inline" : "floating";
    host.dataset.position = position || "right";
    host.dataset.theme = theme || "auto";
    // Black or white on it, whichever reads better: above an OKLab lightness of 0.62 black does.
    if (CSS.supports("color", accentColor)) ownSheet.replaceSync(`:host>*{--accent:${accentColor}!important;--on-accent:oklch(from ${accentColor} calc((.62 - l)*999) 0 h)!important}`);
  };
  /** What an earlier visit has left. */
  const kept = name => {
    try {
      return localStorage.getItem(`parlor_${name}_v1:${options.apiKey ?? ""}`);
    } catch {} // the visitor forbids it
  };
  const [position, theme, accentColor] = kept("look")?.split("|") ?? [];
  look({ position, theme, accentColor, ...options });
  show();

  const emit = (name, detail) => {
    for (const listener of listeners.get(name) ?? []) {
      try {
        listener(detail);
      } catch (error) {
        reportError(error); // the page's own fault, told as the page's own
      }
    }
  };

  /** After a failed load or a panic everything starts afresh. */
  const forget = () => {
    panel = loading = undefined;
    attempt++;
    root.adoptedStyleSheets = sheets;
    while (note.nextSibling) note.nextSibling.remove();
    isOpen = false;
    show();
  };

  const context = {
    __proto__: null,
    root, host, options, look, emit, sheetOf,
    toggled(open) {
      if (open === isOpen) return;
      isOpen = open;
      show();
      emit(open ? "open" : "close");
    },
    /** The launcher's words in the language of the site or visitor. */
    speak(words) {
      [openWord, trouble, closeWord, unreadWord] = words;
      show();
    },
    unread(unread) {
      count = unread;
      show();
    },
    failed() {
      forget();
      note.textContent = trouble;
    },
  };

  const ready = () =>
    (loading ??= (async () => {
      try {
        const made = await (await load(attempt)).start(context);
        if (gone) made.destroy();
        else panel = made;
      } catch (error) {
        console.warn("Parlor:", error);
        forget();
        throw error;
      }
    })());

  /** `byPage`: nobody acted, so the focus stays where it is, and the panel stores nothing yet. */
  const open = async (byPage = false) => {
    if (opening) return;
    opening = true;
    note.textContent = "";
    launch.ariaBusy = true;
    try {
      await ready();
      if (opening) panel?.open(byPage);
    } catch (error) {
      note.textContent = trouble;
      throw error;
    } finally {
      launch.ariaBusy = false;
      opening = false;
    }
  };
  const close = () => {
    opening = false;
    note.textContent = "";
    panel?.close();
  };
  /** Whether it went well: a page that does not ask is not bothered by a promise that fails. */
  const quietly = promise => promise.then(() => true, () => false);

  const api = {
    open: () => quietly(open()),
    close,
    toggle: () => (isOpen || note.textContent ? close() : api.open()),
    /** Resolves to whether the panel has taken the text. */
    send: text => quietly(open().then(() => panel.send(String(text)))),
    setUser(user) {
      if (typeof user === "object") options.userIdentifier = user ?? undefined;
      else options.userToken = user;
      panel?.setUser(user);
    },
    setContext(value) {
      options.context = value;
      panel?.setContext(value);
    },
    on(event, listener) {
      if (!listeners.has(event)) listeners.set(event, new Set());
      listeners.get(event).add(listener);
      return () => api.off(event, listener);
    },
    off: (event, listener) => (listener ? listeners.get(event)?.delete(listener) : listeners.delete(event)),
    reset: () => quietly(ready().then(() => panel.reset())),
    destroy() {
      gone = true;
      close();
      panel?.destroy();
      panel = undefined;
      host.remove();
      emit("destroy");
      listeners.clear();
    },
  };

  const once = { __proto__: null, once: true };
  for (const event of ["pointerenter", "focus"]) launch.addEventListener(event, () => quietly(ready()), once);
  launch.addEventListener("click", api.toggle);

  // In the page's own flow it is fetched when it comes into sight, which may be never.
  const seen = ([entry], observer) => {
    if (!entry.isIntersecting) return;
    observer.disconnect();
    quietly(open(true));
  };
  if (inline) new IntersectionObserver(seen).observe(host);
  else if (options.defaultOpen) setTimeout(() => gone || quietly(open(true)));
  // What was written and could not go goes when the panel is there, open or not.
  if (kept("outbox")) quietly(ready());
  return api;
}
