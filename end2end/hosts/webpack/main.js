// A page without a framework, bundled by webpack: the function and the element.
import { mount, rotateIdentity, version } from "parlor-widget";
import "parlor-widget/element";

const asked = new URLSearchParams(location.search);
const options = { apiUrl: asked.get("api"), apiKey: asked.get("key"), title: "By function" };
window.version = version;
window.rotateIdentity = rotateIdentity;
window.chat = mount("#place", { ...options, mode: "inline" });

const element = document.createElement("parlor-chat");
for (const [name, value] of [["api-url", options.apiUrl], ["api-key", options.apiKey], ["title", "By element"]]) {
  element.setAttribute(name, value);
}
window.heard = [];
window.hooks = [];
element.options = { plugins: [{ onInit: () => void window.hooks.push("init"), onWidgetOpen: () => void window.hooks.push("open") }] };
for (const event of ["open", "close"]) element.addEventListener(event, () => window.heard.push(event));
document.body.append(element);
