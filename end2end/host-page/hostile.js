// What scripts of real pages do to the prototypes of everything.
for (const [name, value] of Object.entries({
  theme: "dark", position: "left", mode: "inline", title: "polluted", target: "#nowhere", launcher: "off", upload: "off",
  signal: "polluted", apiUrl: "https://polluted.example", apiKey: "polluted", userToken: "polluted", plugins: [{ onInit() { window.spoiled = true; } }],
  abort: true, once: true, capture: true, method: "DELETE", credentials: "include", headers: { polluted: "1" },
  branding: { title: "polluted" }, default: () => {}, destroy: () => {}, isIntersecting: true, polluted: 1,
})) {
  Object.defineProperty(Object.prototype, name, { value, writable: true, configurable: true, enumerable: true });
}
// Prototype.js of 2007, which turns a list into a text where JSON wants a list.
Array.prototype.toJSON = function () {
  return "[polluted]";
};
String.prototype.toJSON = function () {
  return "polluted";
};
Array.prototype.last = function () {
  return this[this.length - 1];
};
