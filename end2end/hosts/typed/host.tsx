// What a host may write, and what its compiler tells it not to. Never run: compiled by the strictest settings.
import { useRef } from "react";
import { AbortSendError, createAuthTokenRefresherPlugin, createLoggingPlugin, createTracingPlugin, mount, rotateIdentity, version } from "parlor-widget";
import type { Options, Plugin, Telemetry, Transport, Widget } from "parlor-widget";
import { ChatWidget } from "parlor-widget/react";
import { defineElement, type ParlorChat } from "parlor-widget/element";

const polls: Transport = {
  start({ conversationId, after, token, onEvent, onState }) {
    onState("connecting");
    void fetch(`/events/${conversationId ?? ""}?after=${after.toFixed()}`, { headers: { Authorization: `Bearer ${token}` } })
      .then(answer => answer.json())
      .then((events: unknown[]) => events.forEach(onEvent));
  },
  stop() {},
  send: async message => ({ conversation_id: message.conversation_id, text: message.content.trim() }),
};

const times = new Map<Telemetry["name"], number>();
const plugins: Plugin[] = [
  createTracingPlugin({ onTrace: (id, step) => console.info(id.length, step === "answered") }),
  createLoggingPlugin({ log: (event, detail) => console.info(event, detail), texts: false }),
  createAuthTokenRefresherPlugin({ getToken: async refresh => (refresh ? "new" : "first"), isAuthError: error => error.status === 401 }),
  {
    name: "own",
    onBeforeSend(payload) {
      if (payload.content.length > 1000) throw new AbortSendError("Too long.");
      return { payload: { ...payload, metadata: { ...payload.metadata, page: location.pathname } } };
    },
    onSendError: (error, payload) => (error.status === 422 ? { retry: true, waitMs: 50, payload: { ...payload, content: payload.content.trim() } } : undefined),
    onMessages: messages => messages.filter(message => message.author !== "agent" || message.content !== ""),
    onTelemetry: ({ name, ms }) => void times.set(name, ms),
    async onWidgetOpen() {},
  },
];

const options: Options = {
  apiUrl: "https://chat.example",
  apiKey: "pk",
  theme: "dark",
  position: "left",
  userIdentifier: { email: "ada@example.org", plan: { seats: 3 } },
  userToken: async () => "signed",
  authToken: refresh => (refresh ? Promise.resolve("new") : "first"),
  refreshAuthToken: async () => "new",
  transport: ({ apiUrl, backoffBaseMs }) => (apiUrl.length + (backoffBaseMs ?? 0) > 0 ? polls : polls),
  transportOptions: { backoffMaxMs: 1000, headers: { "X-Shop": "1" } },
  plugins,
};

const widget: Widget = mount("#help", options);
const off: () => void = widget.on("message", ({ id, author, text }) => console.info(id.length, author, text.length));
widget.on("unread", count => count.toFixed());
widget.on("connection", ({ state, transport }) => console.info(state === "live", transport));
widget.on("handoff", ({ answering }) => answering === "paused");
widget.on("identity", ({ clientId }) => clientId.length);
widget.on("telemetry", ({ name, ms, at }) => times.set(name, ms + at));
widget.setUser({ name: "Ada" });
widget.setUser(null);
const taken: Promise<boolean> = widget.send("Hello");
void Promise.all([taken, widget.open(), widget.reset(), rotateIdentity()]).then(all => all.every(Boolean));
off();
widget.destroy();
console.info(version.length);

defineElement();
const element: ParlorChat = document.createElement("parlor-chat");
element.options = { plugins };
void element.open().then(shown => shown && element.toggle());

// @ts-expect-error: the server's address is needed
mount(null, { title: "No address" });
// @ts-expect-error: one of two
mount(null, { apiUrl: "/", position: "top" });
// @ts-expect-error: a name that nothing emits
widget.on("explode", () => undefined);
// @ts-expect-error: a number, not a text
widget.on("unread", (count: string) => count);
// @ts-expect-error: a hook must answer what is read
const wrong: Plugin = { onSendError: () => ({ retry: "yes" }) };
// @ts-expect-error: an element's widget ends with the element
element.destroy();

export function Shop() {
  const chat = useRef<Omit<Widget, "destroy">>(null);
  return (
    <>
      <button onClick={() => void chat.current?.open()}>Help</button>
      <ChatWidget
        ref={chat}
        {...options}
        primaryColor="#7c3aed"
        mode="inline"
        className="help"
        style={{ height: 480 }}
        onUnread={count => console.info(count + 1)}
        onMessage={({ text }) => console.info(text.trim())}
        onTelemetry={({ ms }) => console.info(ms)}
      />
      {/* @ts-expect-error: the address is missing here too */}
      <ChatWidget title="x" />
      {/* @ts-expect-error: the handler gets a number */}
      <ChatWidget apiUrl="/" onUnread={(count: string) => count} />
    </>
  );
}
export { wrong };
