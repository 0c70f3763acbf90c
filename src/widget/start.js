// The first thing that runs when a visitor shows interest: it brings together what the panel needs (its code, the
// site's settings, the texts) and starts it. One bundle with the glue of the wasm, the panel's style and English.
import * as files from "./files.js";
import makeGlue from "./glue.js";
import english from "./locales/en.json";
import { localeOf, own, readOptions } from "./options.js";
import css from "./panel.css";

/** On a phone the panel covers the page, the launcher too. */
const COVERED = "@media(max-width:480px){.launch[aria-expanded=true]{display:none}}";

/** The server is asked for the site's look; a panel without it is better than none. In milliseconds. */
const PATIENCE = 3000;

const RIGHT_TO_LEFT = ["ar"];

/** The server's base from its origin or one of its addresses, such as `https://host/chat`, without a slash at the end. */
export function serverOf(value) {
  const { origin, pathname } = new URL(value, location.href);
  return origin + pathname.replace(/(\/v1|\/api)?(\/(chat|widget)(\/(stream|ws|upload))?)?\/*$/, "");
}

/** Whether the page's policy lets wasm run: the smallest module there is, an empty one. */
function mayRunWasm() {
  try {
    return Boolean(new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)));
  } catch {
    return false;
  }
}

/** What the site's owner has set at the server, as far as it can be had. */
async function settingsOf({ apiUrl, apiKey }) {
  try {
    // No header of our own: so the browser need not ask the server first whether it may ask.
    const url = `${apiUrl}/v1/widget/config${apiKey ? `?key=${encodeURIComponent(apiKey)}` : ""}`;
    const answer = await fetch(url, { __proto__: null, credentials: "omit", signal: AbortSignal.timeout(PATIENCE) });
    return answer.ok ? await answer.json() : undefined;
  } catch {
    return undefined;
  }
}

/** What of the site's look is an option under the same name. */
const KNOWN = ["title", "welcomeMessage", "inputPlaceholder", "accentColor", "position", "theme", "locale"];
const snake = name => name.replace(/[A-Z]/g, letter => "_" + letter.toLowerCase());

/** The site's settings under the names of the options; a wrong one is ignored like a wrong attribute. */
const optionsOf = branding => {
  const get = own(branding);
  return readOptions(KNOWN.map(name => [name, get(snake(name))]), name => `the site's ${snake(name)}`);
};

/** Keeps the site's look for the launcher of the next visit. Only of visitors who have acted: others leave no trace. */
function keepLook(apiKey, { position, theme, accentColor }) {
  const place = `parlor_look_v1:${apiKey ?? ""}`;
  const look = [position, theme, accentColor].join("|");
  try {
    if (look.length > 2) localStorage.setItem(place, look);
    else localStorage.removeItem(place);
  } catch {
    // The visitor forbids it.
  }
}

async function stringsOf(locale) {
  const strings = { ...english };
  if (locale === "en") return strings;
  try {
    return Object.assign(strings, await files.strings(locale));
  } catch {
    return strings; // in English, which is better than not at all
  }
}

/** The page's own token, with another way to a new one where the page names it. */
const tokenOf = ({ authToken, refreshAuthToken: refresh }) => {
  if (typeof refresh !== "function") return authToken;
  const first = typeof authToken === "function" ? authToken : () => authToken;
  let fresh;
  return renew => (renew ? (fresh = refresh()) : fresh ?? first());
};

/** The word for a transport, or one of the page's own. */
const transportOf = ({ transport, apiUrl, pollIntervalMs, transportOptions }) =>
  typeof transport === "function" ? transport({ apiUrl, pollIntervalMs, ...transportOptions }) : transport;

const pluginsOf = async ({ plugins }) =>
  Array.isArray(plugins) && plugins.length > 0 ? (await files.plugins()).createRunner(plugins) : null;

/**
 * What `onTelemetry` and the event `telemetry` tell, from what the panel emits: `{ name, ms, at }`. `ms` counts from the
 * visitor's act (`loaded`: from the first interest; `reconnected`: from the loss), `at` is milliseconds since 1970.
 */
function watch(tell) {
  let opening, painted, sentAt, lostAt;
  const say = (name, since) => tell({ name, ms: Math.round(Date.now() - since), at: Date.now() });
  return {
    __proto__: null,
    say,
    opening: (at = Date.now()) => (opening = at),
    opened() {
      const since = opening;
      say("opened", since);
      if (!painted) requestAnimationFrame(() => setTimeout(() => say("first_paint", since)));
      painted = true;
    },
    sent: ({ at }) => say("sent", (sentAt = at)),
    token() {
      if (sentAt) say("first_token", sentAt);
      sentAt = 0;
    },
    connection({ state }) {
      if (state === "lost") lostAt ??= Date.now();
      else if (state === "live" && lostAt) lostAt = say("reconnected", lostAt);
    },
  };
}

/** Shows the look that is known now. The launcher does not move from under a pointer, which would press nothing then. */
function placed(shell) {
  const launch = shell.root.querySelector(".launch");
  const place = () => shell.look(shell.options);
  if (!launch?.matches(":hover")) return place();
  shell.look({ __proto__: null, ...shell.options, position: shell.host.dataset.position });
  for (const event of ["pointerleave", "click"]) launch.addEventListener(event, place, { __proto__: null, once: true });
}

/** Starts the panel in the shell's shadow tree and answers what the shell may call. */
export async function start(shell) {
  const { root, options } = shell;
  const began = shell.began ?? Date.now();
  options.apiUrl = serverOf(options.apiUrl);
  root.adoptedStyleSheets.push(shell.sheetOf(COVERED));
  const speak = strings => shell.speak(["launcher.open", "launcher.trouble", "launcher.close", "launcher.unread"].map(key => strings[key]));
  const runner = shell.isFrame ? shell.plugins : pluginsOf(options);
  // In the frame there is no other way.
  if (!mayRunWasm() && !shell.isFrame) {
    const [{ framed }, plugins] = await Promise.all([files.frame(), runner]);
    const authToken = tokenOf(options) ?? plugins?.authToken;
    return framed(shell, { began, css, keepLook, plugins, authToken, transport: transportOf(options) });
  }

  const wasm = files.wasm(options.wasmUrl);
  wasm.catch(() => {}); // awaited below
  const guess = stringsOf(localeOf(options.locale));
  const [settings, plugins] = await Promise.all([settingsOf(options), runner]);
  const site = optionsOf(settings?.branding);
  for (const name of Object.keys(site)) options[name] ??= site[name];
  const locale = localeOf(options.locale);
  const strings = await (site.locale && options.locale === site.locale ? stringsOf(locale) : guess);
  // Dates and times as the visitor's region writes that language.
  options.locale = [options.locale, ...navigator.languages].find(tag => tag?.startsWith(`${locale}-`)) ?? locale;
  placed(shell);
  speak(strings);

  const authToken = tokenOf(options) ?? plugins?.authToken;
  let panel;
  const account = settings?.who === "account" && !authToken
    ? (await files.account()).createAccount({ ...options, strings, changed: isIn => panel?.entered(isIn) })
    : undefined;

  const glue = makeGlue();
  const parlor = await glue.init({ module_or_path: await wasm });
  // The second part of the code shares the memory of the first, which asks for it as soon as the panel is there.
  const later = async () => {
    const answer = await files.later(options.laterUrl ?? options.wasmUrl?.toString().replace(/(\.wasm)?(\?.*)?$/, "-later$&"));
    await WebAssembly.instantiate(await answer.arrayBuffer(), { ...glue.imports(), __proto__: null, parlor });
  };
  await account?.asked;

  // Before the launcher's sheets, so that the page's own accent wins over the tokens.
  const sheets = [shell.sheetOf(css)];
  const custom = settings?.branding?.custom_css;
  if (typeof custom === "string") sheets.push(shell.sheetOf(custom));
  root.adoptedStyleSheets = [...sheets, ...root.adoptedStyleSheets];

  // An ordinary object: the panel asks each for what it has itself.
  const telemetry = watch(event => {
    shell.emit("telemetry", event);
    plugins?.run("onTelemetry", event);
  });
  panel = glue.mount(root, {
    ...options,
    transport: transportOf(options),
    transportOptions: { pollIntervalMs: options.pollIntervalMs, ...options.transportOptions },
    authToken,
    account,
    title: options.title ?? strings.title,
    welcomeMessage: options.welcomeMessage ?? strings.welcome,
    mode: options.mode ?? "floating",
    upload: options.upload ?? "on",
    position: options.position ?? "right",
    direction: RIGHT_TO_LEFT.includes(locale) ? "rtl" : "ltr",
    strings,
    plugins,
    settings,
    later,
    framed: shell.isFrame,
    version: files.version,
    toggled(open) {
      shell.toggled(open);
      plugins?.run(open ? "onWidgetOpen" : "onWidgetClose");
      if (open) telemetry.opened();
    },
    failed: shell.failed,
    unread: shell.unread,
    // The shell tells of these itself.
    emit(name, detail) {
      telemetry[name]?.(detail);
      if (name === "identity") (shell.keepLook ?? keepLook)(options.apiKey, site);
      if (!["open", "close", "token"].includes(name)) shell.emit(name, detail);
    },
  });
  plugins?.run("onWidgetMount");
  if (options.context) panel.set_context(options.context);
  telemetry.say("loaded", began);

  return {
    open(byPage, at) {
      telemetry.opening(at);
      panel.open(byPage);
    },
    close: () => panel.close(),
    send: text => panel.send(text),
    setUser: user => panel.set_user(user),
    setContext: context => panel.set_context(context),
    reset: () => panel.reset(),
    destroy() {
      plugins?.run("onWidgetUnmount");
      panel.destroy();
      account?.end();
    },
  };
}
