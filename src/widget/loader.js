// The loader that other websites embed with one tag:
//
//   <script async src="https://chat.example/widget/chat-widget.js" data-api-key="…"></script>
//
// It draws the launcher and nothing else. The panel is fetched when the visitor shows interest (pointer, focus, touch,
// click). All it adds to the page is one element at the end of the body with a shadow tree, and the name `Parlor`.
// No markup is parsed, no style attribute is set, nothing is stored: pages with a strict CSP and Trusted Types work.
// The build (.ci/finish.mjs) puts the name of the widget's files in place of __WIDGET__.
(() => {
  const script = document.currentScript;
  if (!script || window.Parlor) return;
  const { apiUrl, apiKey = "", title = "Chat", position, accentColor, theme } = script.dataset;
  const file = (ending, query = "") => new URL("__WIDGET__." + ending + query, script.src).href;

  const host = document.createElement("parlor-chat");
  const root = host.attachShadow({ mode: "open" });
  host.dataset.position = position === "left" ? "left" : "right";
  if (theme === "light" || theme === "dark") host.dataset.theme = theme;

  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host{all:initial;color-scheme:light dark;--accent:#1d6b59;--on-accent:#fff}
    @media (prefers-color-scheme:dark){:host(:not([data-theme=light])){--accent:#63c5ab;--on-accent:#10251f}}
    :host([data-theme=light]){color-scheme:light}
    :host([data-theme=dark]){color-scheme:dark;--accent:#63c5ab;--on-accent:#10251f}
    .launch{position:fixed;z-index:2147483000;bottom:20px;right:20px;width:56px;height:56px;padding:0;border:0;border-radius:50%;background:var(--accent);color:var(--on-accent);display:grid;place-items:center;cursor:pointer;box-shadow:0 1px 2px rgb(0 0 0/.1),0 8px 24px -8px rgb(0 0 0/.4)}
    .launch:focus-visible{outline:3px solid var(--accent);outline-offset:3px}
    .launch[aria-busy=true]{opacity:.7}
    .launch svg{width:26px;height:26px;fill:none;stroke:currentColor;stroke-width:1.7;stroke-linecap:round;stroke-linejoin:round}
    .trouble{position:fixed;z-index:2147483000;bottom:88px;right:20px;max-width:260px;padding:10px 14px;border-radius:12px;background:#201e1a;color:#fff;font:14px/1.4 system-ui,sans-serif}
    .trouble:empty{display:none}
    :host([data-position=left]) :is(.launch,.trouble){right:auto;left:20px}
    @media (max-width:480px){.launch[aria-expanded=true]{display:none}}
    @media print{:host{display:none}}`);
  root.adoptedStyleSheets = [sheet];

  // A canvas reads every way to write a colour; what it does not understand changes nothing.
  const pen = accentColor && document.createElement("canvas").getContext("2d");
  if (pen && CSS.supports("color", accentColor)) {
    pen.fillStyle = accentColor;
    const channels = /^#(..)(..)(..)$/.exec(pen.fillStyle);
    const [r, g, b] = (channels || []).slice(1).map(hex => (parseInt(hex, 16) / 255) ** 2.2);
    if (channels) {
      const own = new CSSStyleSheet();
      // WCAG luminance; 0.18 is where white and black text contrast alike.
      const ink = 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? "#111" : "#fff";
      own.replaceSync(`:host(parlor-chat){--accent:${pen.fillStyle}!important;--on-accent:${ink}!important}`);
      root.adoptedStyleSheets.push(own);
    }
  }

  const launch = document.createElement("button");
  launch.type = "button";
  launch.className = "launch";
  launch.setAttribute("aria-haspopup", "dialog");
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS(svg.namespaceURI, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.append(path);
  launch.append(svg);
  const note = document.createElement("div");
  note.className = "trouble";
  note.setAttribute("role", "status");
  root.append(launch, note);

  const show = expanded => {
    launch.setAttribute("aria-expanded", expanded);
    launch.setAttribute("aria-label", expanded ? "Close chat" : "Open chat");
    path.setAttribute("d", expanded ? "m6 9 6 6 6-6" : "M4 5h16v11H9l-5 4z");
  };
  show(false);

  let panel, loading, style, wanted, tries = 0;

  // After a failed load or a panic everything starts afresh; the query makes the browser ask again.
  const reset = () => {
    panel = loading = undefined;
    tries++;
    root.adoptedStyleSheets = root.adoptedStyleSheets.filter(other => other !== style);
    root.querySelector("dialog")?.remove();
    show(false);
  };
  const get = async url => {
    const response = await fetch(url, { credentials: "omit" });
    if (!response.ok) throw new Error(url + " answered " + response.status);
    return response;
  };
  const load = () => loading ??= (async () => {
    try {
      const query = tries ? "?" + tries : "";
      const [module, wasm, css] = await Promise.all([
        import(file("js", query)), get(file("wasm", query)), get(file("css", query)).then(answer => answer.text()),
      ]);
      await module.default({ module_or_path: wasm });
      style = new CSSStyleSheet();
      style.replaceSync(css);
      // Before the sheets of the launcher, so that the page's own accent wins.
      root.adoptedStyleSheets = [style, ...root.adoptedStyleSheets];
      panel = module.mount(root, { title, apiUrl: apiUrl || new URL(script.src).origin, apiKey, toggled: show, failed: reset });
    } catch (error) {
      reset();
      throw error;
    }
  })();

  const open = async () => {
    if (wanted) return;
    wanted = true;
    note.textContent = "";
    launch.setAttribute("aria-busy", "true");
    try {
      await load();
      if (wanted) panel?.open();
    } catch {
      note.textContent = "The chat cannot be reached right now. Please try again later.";
    }
    launch.removeAttribute("aria-busy");
    wanted = false;
  };
  const close = () => {
    wanted = false;
    note.textContent = "";
    panel?.close();
  };
  const toggle = () => panel?.is_open() || note.textContent ? close() : open();
  const destroy = () => {
    close();
    panel?.destroy();
    panel = undefined;
    host.remove();
    delete window.Parlor;
  };

  const preload = () => load().catch(() => {});
  for (const event of ["pointerenter", "focus", "touchstart"]) launch.addEventListener(event, preload, { once: true, passive: true });
  launch.addEventListener("click", toggle);
  window.Parlor = { open, close, toggle, destroy };

  const attach = () => document.body.append(host);
  if (document.body) attach();
  else addEventListener("DOMContentLoaded", attach, { once: true });
})();
