// <parlor-chat api-url="https://chat.example" api-key="…"></parlor-chat>: the attributes of the tag without `data-`, and
// events of the same names as those of `on`, such as `message`. It floats; with mode="inline" it fills its place.
import { attach } from "./index.js";

const EVENTS = ["ready", "open", "close", "message", "sent", "error", "connection", "unread", "identity", "handoff", "telemetry"];
const FUNCTIONS = ["open", "close", "toggle", "send", "setUser", "setContext", "on", "off", "reset"];

const camel = attribute => attribute.replace(/-(.)/g, (_, letter) => letter.toUpperCase());

export class ParlorChat extends (globalThis.HTMLElement ?? class {}) {
  /** The running widget, while the element is on a page. */
  widget;
  /** What attributes cannot say, such as plugins; set it before the element is on the page. */
  options;

  connectedCallback() {
    // One that a script tag or `mount` has made is theirs.
    if (this.widget || this.shadowRoot) return;
    const said = this.getAttributeNames().map(name => [camel(name), this.getAttribute(name) || (name === "default-open" ? "on" : null)]);
    try {
      this.widget = attach(this, { ...Object.fromEntries(said), ...this.options });
    } catch (error) {
      console.warn(String(error));
      return;
    }
    for (const name of EVENTS) this.widget.on(name, detail => this.dispatchEvent(new CustomEvent(name, { detail })));
  }

  disconnectedCallback() {
    // A move within the page takes it off and puts it on again at once.
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.widget?.destroy();
      this.widget = undefined;
    });
  }
}

for (const name of FUNCTIONS) {
  ParlorChat.prototype[name] = function (...values) {
    return this.widget?.[name](...values);
  };
}

/** Registers the element; done by importing this module in a browser. */
export function defineElement(name = "parlor-chat") {
  if (globalThis.customElements && !customElements.get(name)) customElements.define(name, ParlorChat);
}
defineElement();
