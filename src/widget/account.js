// Sites where people chat with an account: log in and sign up inside the panel. Loaded only for such a site, and only
// where the page brings no tokens of its own.
//
// The pair of tokens lives in memory. Tabs of one origin tell each other of it: one that opens asks the others, one that
// logs in or out says so, and under a Web Lock one at a time trades the refresh token, which holds once.

/** How long a token is taken to hold: half of what the server gives at least. In milliseconds. */
const HOLDS = 60_000;
/** How long other tabs have to answer. In milliseconds. */
const ANSWER = 250;

/**
 * The account of one site in this tab. `changed(isIn)` is called when somebody has logged in or out, in whichever tab.
 * - `in`: whether somebody is logged in
 * - `asked`: a promise that ends when the other tabs had time to say who is logged in
 * - `token(renew)`: a promise of what goes into `Authorization`, or of nothing; `renew`: the last one did not hold
 * - `show(dialog)`, `hide()`: the form, which is in `dialog` while nobody is logged in
 * - `forget()`: logs out, in every tab
 * - `end()`: this tab is done
 */
export function createAccount({ apiUrl, apiKey, strings, changed }) {
  const name = `parlor-account:${apiUrl}:${apiKey}`;
  const channel = new BroadcastChannel(name);
  let pair, form;

  const take = (fresh, tell) => {
    const wasIn = Boolean(pair);
    pair = fresh;
    if (tell) channel.postMessage({ pair });
    if (wasIn !== Boolean(pair)) changed(Boolean(pair));
  };
  const answered = [];
  channel.onmessage = ({ data }) => {
    if ("ask" in data) {
      if (pair && pair.made > data.ask) channel.postMessage({ pair });
      return;
    }
    // An older pair is an answer that was late.
    if (!data.pair || !pair || data.pair.made >= pair.made) take(data.pair);
    for (const resolve of answered.splice(0)) resolve();
  };
  /** Whether another tab has a pair made after `made`. */
  const others = made =>
    new Promise(resolve => {
      answered.push(resolve);
      channel.postMessage({ ask: made });
      setTimeout(resolve, ANSWER);
    });

  async function post(path, body, bearer) {
    const headers = { __proto__: null, "Content-Type": "application/json", "X-Widget-Api-Key": apiKey ?? "" };
    if (bearer) headers.Authorization = `Bearer ${bearer}`;
    const init = { __proto__: null, method: "POST", headers, credentials: "omit", cache: "no-store", body: JSON.stringify(body) };
    const answer = await fetch(apiUrl + path, init);
    const said = await answer.json().catch(() => null);
    if (answer.ok) return said;
    throw Object.assign(new Error(said?.error?.message ?? strings["trouble.server"]), { status: answer.status });
  }
  const made = said => ({ auth: said.authToken, refresh: said.refreshToken, made: Date.now() });

  async function renewed(held) {
    await others(held.made);
    // Logged out, or renewed by another tab, while this one waited.
    if (pair?.auth !== held.auth) return;
    try {
      take(made(await post("/auth/refresh_tokens", { token: held.refresh })), true);
    } catch ({ status }) {
      // Without an answer the old one may still hold; where it does not, the server says so.
      if (status === 401 || status === 403) take(undefined, true);
    }
  }
  /** Alone among the tabs; where a browser has no locks, at once. */
  const alone = work => (navigator.locks ? navigator.locks.request(name, work) : work());

  async function token(renew) {
    const held = pair;
    if (held && (renew || Date.now() - held.made >= HOLDS)) await alone(() => pair?.auth === held.auth && renewed(held));
    return pair?.auth;
  }

  const element = (parent, tag, attributes, text) => {
    const made = document.createElement(tag);
    for (const key of Object.keys(attributes)) made.setAttribute(key, attributes[key]);
    if (text) made.textContent = text;
    parent.append(made);
    return made;
  };

  function show(dialog) {
    if (form) return;
    form = element(dialog, "form", { class: "login", novalidate: "", "aria-labelledby": "login" });
    const fields = element(form, "div", { class: "fields" });
    const fault = element(form, "p", { class: "fault", role: "alert" });
    let signsUp = false;

    const build = () => {
      const kept = new Map(inputs().map(input => [input.name, input.value]));
      fields.replaceChildren();
      fault.textContent = "";
      const title = strings[signsUp ? "login.signup" : "login.login"];
      element(fields, "h3", { id: "login" }, title);
      element(fields, "p", { class: "quiet" }, strings["login.why"]);
      const wanted = signsUp
        ? [["name", "text", "name"], ["email", "email", "email"], ["password", "password", "new-password"]]
        : [["email", "text", "username"], ["password", "password", "current-password"]];
      for (const [key, type, autocomplete] of wanted) {
        const label = element(fields, "label", {});
        element(label, "span", {}, strings[`login.${key}`]);
        element(label, "input", { name: key, type, autocomplete, required: "", dir: "auto" }).value = kept.get(key) ?? "";
      }
      const row = element(fields, "div", { class: "buttons" });
      element(row, "button", { type: "submit", class: "primary" }, title);
      const other = element(row, "button", { type: "button", class: "link" }, strings[signsUp ? "login.have" : "login.none"]);
      other.onclick = () => {
        signsUp = !signsUp;
        build();
        inputs()[0].focus();
      };
    };
    const inputs = () => [...fields.querySelectorAll("input")];
    build();

    form.onsubmit = async event => {
      event.preventDefault();
      event.stopPropagation();
      const empty = inputs().find(input => !input.value);
      if (empty) {
        fault.textContent = strings["login.incomplete"];
        empty.focus();
        return;
      }
      const send = fields.querySelector(".primary");
      if (send.ariaBusy === "true") return;
      send.ariaBusy = "true";
      fault.textContent = "";
      const body = Object.fromEntries(inputs().map(input => [input.name, input.value]));
      try {
        take(made(await post(signsUp ? "/auth/signup" : "/auth/login", body)), true);
      } catch ({ status, message }) {
        fault.textContent = status ? message : strings["trouble.network"];
      } finally {
        send.ariaBusy = "false";
      }
    };
  }

  return {
    asked: others(0),
    get in() {
      return Boolean(pair);
    },
    token,
    show,
    hide() {
      form?.remove();
      form = undefined;
    },
    forget() {
      const held = pair;
      take(undefined, true);
      // The session ends at the server too; where that fails it ends by itself.
      if (held) void post("/auth/logout", {}, held.refresh).catch(() => {});
    },
    end: () => channel.close(),
  };
}
