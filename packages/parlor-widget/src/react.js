"use client";
// The widget as a React component. A page may render it as often as it likes, with objects and functions made anew each
// time: what counts is what is in them.
import { createElement, forwardRef, useEffect, useImperativeHandle, useRef } from "react";
import { mount } from "./index.js";

/** Options that say which widget it is: other values make another one. Objects are compared by what they hold. */
const DECISIVE = [
  "apiUrl", "apiKey", "title", "welcomeMessage", "inputPlaceholder", "position", "theme", "primaryColor", "accentColor",
  "locale", "transportOptions", "pollIntervalMs", "upload", "uploadUrl", "mode", "launcher", "wasmUrl", "laterUrl",
];
/** Functions that are called later, and always the ones of the last rendering. */
const CALLED = ["userToken", "authToken", "refreshAuthToken", "transport"];
const EVENTS = ["ready", "open", "close", "message", "sent", "error", "connection", "unread", "identity", "handoff", "telemetry"];
const handler = event => "on" + event[0].toUpperCase() + event.slice(1);

/** What two values that hold the same have in common, whatever the order of their keys. */
function written(value) {
  return JSON.stringify(value, (_, part) =>
    part && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : typeof part === "function" ? "function" : part,
  );
}

export const ChatWidget = forwardRef(function ChatWidget(props, ref) {
  const latest = useRef(props);
  latest.current = props;
  const place = useRef(null);
  const widget = useRef(null);
  const wasOpen = useRef(false);
  const seen = useRef({});

  const decisive = written([...DECISIVE, ...CALLED.filter(name => typeof props[name] !== "function")
    .filter(name => name !== "userToken")].map(name => [name, props[name]]));

  useEffect(() => {
    const now = latest.current;
    const options = {};
    for (const name of [...DECISIVE, ...CALLED, "userIdentifier", "context", "plugins", "defaultOpen"]) {
      if (now[name] !== undefined) options[name] = now[name];
    }
    for (const name of CALLED) {
      if (typeof now[name] === "function") options[name] = (...values) => latest.current[name](...values);
    }
    // A widget that takes the place of an open one is open.
    if (wasOpen.current) options.defaultOpen = true;
    const inline = now.mode === "inline";
    const made = mount(inline ? place.current : null, { ...options, mode: inline ? "inline" : "floating" });
    widget.current = made;
    seen.current = { userIdentifier: written(now.userIdentifier), userToken: now.userToken, context: written(now.context) };
    for (const event of EVENTS) made.on(event, detail => latest.current[handler(event)]?.(detail));
    made.on("open", () => (wasOpen.current = true));
    made.on("close", () => (wasOpen.current = false));
    return () => {
      const open = wasOpen.current;
      made.destroy();
      wasOpen.current = open;
      widget.current = null;
    };
  }, [decisive]);

  // What can be told to a running widget is told, and only when it is something else.
  const userIdentifier = written(props.userIdentifier);
  const context = written(props.context);
  const { userToken } = props;
  useEffect(() => {
    const before = seen.current;
    if (before.userIdentifier !== userIdentifier) widget.current?.setUser(latest.current.userIdentifier ?? null);
    if (typeof userToken === "string" && before.userToken !== userToken) widget.current?.setUser(userToken);
    if (before.context !== context) widget.current?.setContext(latest.current.context);
    seen.current = { userIdentifier, userToken, context };
  }, [userIdentifier, userToken, context]);

  useImperativeHandle(ref, () => {
    const names = ["open", "close", "toggle", "send", "setUser", "setContext", "on", "off", "reset"];
    return Object.fromEntries(names.map(name => [name, (...values) => widget.current?.[name](...values)]));
  }, []);

  return props.mode === "inline" ? createElement("div", { ref: place, className: props.className, style: props.style }) : null;
});
