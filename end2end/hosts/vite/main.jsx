// A React application that renders its widget twice a second with objects and functions made anew each time, as
// applications do. The address of the server and the key come from the page's own address, and as JSON more props;
// `window.rerender` gives it other ones.
import { StrictMode, useEffect, useRef, useState } from "react";
import { createRoot } from "react-dom/client";
import { ChatWidget } from "parlor-widget/react";

const asked = new URLSearchParams(location.search);
const told = (window.told = { init: 0, mount: 0, unread: [], renders: 0, events: [] });
const events = ["Ready", "Open", "Close", "Message", "Sent", "Error", "Connection", "Unread", "Identity", "Handoff", "Telemetry"];

function Shop() {
  const [count, setCount] = useState(0);
  const [more, setMore] = useState(JSON.parse(asked.get("props") ?? "{}"));
  window.rerender = props => setMore(before => ({ ...before, ...props }));
  const chat = useRef(null);
  useEffect(() => {
    const timer = setInterval(() => setCount(before => before + 1), 500);
    return () => clearInterval(timer);
  }, []);
  told.renders++;
  window.chat = chat.current;
  return (
    <>
      <h1>A React shop</h1>
      <p>
        Rendered <output>{count}</output> times
      </p>
      <ChatWidget
        ref={chat}
        apiUrl={asked.get("api")}
        apiKey={asked.get("key")}
        title="Ask the shop"
        primaryColor="#7c3aed"
        userIdentifier={{ email: "ada@example.org", plan: { name: "pro" } }}
        transportOptions={{ backoffBaseMs: 200 }}
        plugins={[{ name: "count", onInit: () => void told.init++, onWidgetMount: () => void told.mount++ }]}
        {...Object.fromEntries(events.map(name => [`on${name}`, detail => void told.events.push([name, detail, count])]))}
        {...more}
      />
    </>
  );
}

const app = <Shop />;
createRoot(document.getElementById("app")).render(asked.has("strict") ? <StrictMode>{app}</StrictMode> : app);
