// A program that still says `require`.
import parlor = require("parlor-widget");
import react = require("parlor-widget/react");

export const widget: parlor.Widget = parlor.mount(null, { apiUrl: "https://chat.example" });
export const Component = react.ChatWidget;
