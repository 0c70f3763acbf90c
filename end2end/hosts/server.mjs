// What a server of a React application does with the package: imports it where there is no window, by both ways in, and
// renders the component. Prints what it rendered.
import { createRequire } from "node:module";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { ChatWidget } from "parlor-widget/react";
import { mount, version } from "parlor-widget";
import { defineElement } from "parlor-widget/element";

const require = createRequire(import.meta.url);
const required = { ...require("parlor-widget"), ...require("parlor-widget/react"), ...require("parlor-widget/element") };
for (const name of ["mount", "rotateIdentity", "createLoggingPlugin", "ChatWidget", "defineElement"]) {
  if (typeof required[name] !== "function" && typeof required[name] !== "object") throw new Error(`require() lacks ${name}`);
}
defineElement();
const props = { apiUrl: "https://chat.example", apiKey: "k" };
const rendered = [ChatWidget, required.ChatWidget].map(component =>
  [{}, { mode: "inline" }].map(more => renderToString(createElement("main", null, createElement(component, { ...props, ...more })))),
);
console.log(JSON.stringify({ version, mount: typeof mount, window: typeof window, rendered }));
