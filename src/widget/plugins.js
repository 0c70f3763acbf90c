// Plugins: what a page adds to the widget's life, and three that come with it. Loaded only where there are plugins.
//
// Hooks run in the order of the array, one after the other. Each is alone: what it throws is reported and changes
// nothing, what it never answers is not waited for, what it gets is a copy. What it answers is read by its own
// properties only, so that a polluted `Object.prototype` of the page cannot speak for it.
import { cloneSafe } from "./clone.js";

export { cloneSafe };

/** How long a hook may take before the widget goes on without it. In milliseconds. */
const PATIENCE = 10_000;
/** How often plugins together may have one message sent again. */
const MOST_RETRIES = 3;
/** The longest a plugin may have a message wait before that. In milliseconds. */
const LONGEST_WAIT = 60_000;
/** Of how many messages the retries and traces are remembered. */
const REMEMBERED = 200;

const HOOKS = [
  "onInit", "onWidgetMount", "onWidgetUnmount", "onWidgetOpen", "onWidgetClose", "onBeforeSend", "onAfterSend",
  "onSendError", "onMessages", "onConnectionEvent", "onTelemetry",
];

/** Thrown in `onBeforeSend`, it stops the send; the message is what the visitor is told. */
export class AbortSendError extends Error {
  name = "AbortSendError";
}

const own = (object, name) => (object && typeof object === "object" && Object.hasOwn(object, name) ? object[name] : undefined);

/** Keeps the newest entries of a map. */
function remember(map, key, value) {
  map.delete(key);
  map.set(key, value);
  if (map.size > REMEMBERED) map.delete(map.keys().next().value);
}

const idOf = payload => own(payload, "client_id") ?? own(payload, "clientId");

/**
 * Runs the hooks of `given`: plugins, or functions that get the shipped ones and answer a plugin, for pages that have
 * only a tag. `run(hook, payload)` answers:
 * - `onBeforeSend(payload)`: `{ payload, abort?, response? }`; `abort` is a reason, `response` stands for the server's answer
 * - `onAfterSend({ payload, response })`: nothing
 * - `onSendError({ error, payload })`: `{ retry, waitMs, payload }`
 * - `onMessages(messages)`: the messages
 * - all others: nothing
 */
export function createRunner(given, report = (message, error) => console.error(message, error)) {
  const plugins = [];
  for (const [index, one] of [...given].entries()) {
    try {
      const plugin = typeof one === "function" ? one(SHIPPED) : one;
      if (!plugin || typeof plugin !== "object") throw new TypeError("a plugin is an object with hooks");
      plugins.push({ plugin, name: own(plugin, "name") ?? `plugin ${index + 1}` });
    } catch (error) {
      report(`Parlor: plugin ${index + 1} cannot be used.`, error);
    }
  }
  const retries = new Map();

  async function ask({ plugin, name }, hook, values) {
    // Classes have their hooks on a prototype of their own; the page's Object.prototype is none of a plugin's.
    const act = plugin[hook];
    if (typeof act !== "function" || act === Object.prototype[hook]) return undefined;
    let timer;
    try {
      const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE / 1000} s`)), PATIENCE);
      });
      return await Promise.race([act.apply(plugin, values.map(value => cloneSafe(value))), late]);
    } catch (error) {
      if (error instanceof AbortSendError || error?.name === "AbortSendError") throw error;
      report(`Parlor: ${name} failed in ${hook}.`, error);
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  async function beforeSend(payload) {
    let current = cloneSafe(payload);
    for (const one of plugins) {
      let said;
      try {
        said = await ask(one, "onBeforeSend", [current]);
      } catch (stopped) {
        return { payload: current, abort: stopped.message || "stopped" };
      }
      const changed = own(said, "payload");
      if (changed && typeof changed === "object") current = cloneSafe(changed);
      const abort = own(said, "abort");
      if (abort) return { payload: current, abort: typeof abort === "string" ? abort : "stopped" };
      const response = own(said, "response");
      if (response !== undefined) return { payload: current, response: cloneSafe(response) };
    }
    return { payload: current };
  }

  async function sendError({ error, payload }) {
    let current = cloneSafe(payload);
    let retry = false;
    let waitMs = 0;
    for (const one of plugins) {
      const said = await ask(one, "onSendError", [error, current]).catch(() => ({ retry: false }));
      const changed = own(said, "payload");
      if (changed && typeof changed === "object") current = cloneSafe(changed);
      if (own(said, "retry") === true) retry = true;
      waitMs = Math.max(waitMs, Number(own(said, "waitMs")) || 0);
    }
    const id = idOf(payload);
    const before = retries.get(id) ?? 0;
    if (!retry || before >= MOST_RETRIES) return { retry: false, waitMs: 0, payload: current };
    remember(retries, id, before + 1);
    return { retry: true, waitMs: Math.min(waitMs, LONGEST_WAIT), payload: current };
  }

  async function messages(list) {
    let current = cloneSafe(list);
    for (const one of plugins) {
      const said = await ask(one, "onMessages", [current]).catch(() => undefined);
      const changed = Array.isArray(said) ? said : own(said, "messages");
      if (Array.isArray(changed)) current = cloneSafe(changed);
    }
    return current;
  }

  async function tell(hook, ...values) {
    for (const one of plugins) await ask(one, hook, values).catch(() => undefined);
  }

  const begun = tell("onInit");
  return {
    /** Of the first plugin that has tokens: what goes into `Authorization`. */
    authToken: plugins.map(({ plugin }) => own(plugin, "authToken")).find(token => typeof token === "function"),
    async run(hook, payload) {
      await begun;
      switch (hook) {
        case "onInit":
          return undefined;
        case "onBeforeSend":
          return beforeSend(payload);
        case "onSendError":
          return sendError(payload);
        case "onMessages":
          return messages(payload);
        case "onAfterSend":
          retries.delete(idOf(own(payload, "payload")));
          return tell(hook, own(payload, "payload"), own(payload, "response"));
        default:
          return HOOKS.includes(hook) ? tell(hook, payload) : undefined;
      }
    },
  };
}

/**
 * Says what happens: `log(event, detail)`, to the console where none is given. Texts of people are left out unless
 * `texts` is true; their length is told.
 */
export function createLoggingPlugin({ log = (event, detail) => console.info("parlor", event, detail), texts = false } = {}) {
  const plain = payload => {
    if (texts || !payload || typeof payload !== "object") return payload;
    const { content, user, ...rest } = payload;
    return { ...rest, ...(typeof content === "string" ? { length: content.length } : {}) };
  };
  return {
    name: "logging",
    onInit: () => log("init"),
    onWidgetMount: () => log("mount"),
    onWidgetUnmount: () => log("unmount"),
    onWidgetOpen: () => log("open"),
    onWidgetClose: () => log("close"),
    onBeforeSend: payload => void log("before-send", plain(payload)),
    onAfterSend: (payload, response) => log("after-send", { payload: plain(payload), response }),
    onSendError: (error, payload) => void log("send-error", { error, payload: plain(payload) }),
    onMessages: messages => void log("messages", { count: messages.length, ids: messages.map(message => message.id) }),
    onConnectionEvent: event => log("connection", event),
    onTelemetry: event => log("telemetry", event),
  };
}

/** A UUIDv4 also where the page is no secure context, and `randomUUID` therefore missing. */
function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/**
 * Gives each message a trace: `metadata.traceId` and `metadata.sentAt` (milliseconds) go to the server with it, come
 * back on it, and are put on the reply to it. `onTrace(traceId, step)` is told of `sent`, `stored` and `answered`.
 */
export function createTracingPlugin({ makeId = uuid, onTrace = () => {} } = {}) {
  const byMessage = new Map(); // message id to trace id
  const answered = new Map();
  const traceOf = message => own(own(message, "metadata"), "traceId");
  return {
    name: "tracing",
    onBeforeSend(payload) {
      const traceId = traceOf(payload) ?? makeId();
      onTrace(traceId, "sent");
      return { payload: { ...payload, metadata: { ...own(payload, "metadata"), traceId, sentAt: Date.now() } } };
    },
    onAfterSend(payload, response) {
      const traceId = traceOf(payload);
      if (!traceId) return;
      for (const part of ["message", "reply"]) {
        const stored = own(response, part);
        for (const name of ["id", "message_id"]) if (own(stored, name)) remember(byMessage, own(stored, name), traceId);
      }
      onTrace(traceId, "stored");
    },
    onMessages(messages) {
      for (const message of messages) if (traceOf(message)) remember(byMessage, message.id, traceOf(message));
      return messages.map(message => {
        const traceId = traceOf(message) ?? byMessage.get(message.id) ?? byMessage.get(own(message, "parent_id"));
        if (!traceId) return message;
        if (own(message, "author") === "bot" && !answered.has(traceId)) {
          remember(answered, traceId, true);
          onTrace(traceId, "answered");
        }
        return { ...message, metadata: { ...own(message, "metadata"), traceId } };
      });
    },
  };
}

const isUnauthorized = error => own(error, "status") === 401 || own(error, "code") === "unauthorized" || /\b401\b/.test(own(error, "message"));

/**
 * Puts a token of the page's into `Authorization` and takes a new one when it is refused. `getToken(refresh)` answers
 * a promise of a token; `refresh` is true when the last one did not hold. Asked once at a time, however many wait.
 */
export function createAuthTokenRefresherPlugin({ getToken, isAuthError = isUnauthorized, waitMs = 0 } = {}) {
  if (typeof getToken !== "function") throw new TypeError("createAuthTokenRefresherPlugin needs getToken");
  let token, asking;
  const take = refresh =>
    (asking ??= Promise.resolve(getToken(refresh)).then(
      fresh => {
        asking = undefined;
        return (token = fresh);
      },
      error => {
        asking = undefined;
        throw error;
      },
    ));
  return {
    name: "auth-token",
    /** What the widget puts behind `Bearer`; `refresh` is true after a 401. */
    authToken: refresh => (token && !refresh ? token : take(Boolean(refresh))),
    async onSendError(error) {
      if (!isAuthError(error)) return undefined;
      token = undefined;
      await take(true);
      return { retry: true, waitMs };
    },
  };
}

const SHIPPED = { createLoggingPlugin, createTracingPlugin, createAuthTokenRefresherPlugin, AbortSendError };
