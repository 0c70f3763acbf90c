// Addresses that a page names itself, `uploadUrl` and `webSocketUrl`. The frame's policy knows only the server, and those
// addresses know the page: so the page asks them, as it would without a frame. `outward` is the page's half; `inward`
// stands in the frame for what the panel asks with, as far as the panel uses it.

/** What the frame may call for these. Ends all with `end`. */
export function outward() {
  const running = new Set();
  return {
    end: () => running.forEach(close => close()),
    reach: {
      /** Sends a file; tells how far it is, and at the end the status and the text of the answer. Answers what ends it. */
      upload(address, file, headers, progress, done) {
        const request = new XMLHttpRequest();
        const form = new FormData();
        const abort = () => request.abort();
        request.open("POST", address);
        for (const [name, value] of headers) request.setRequestHeader(name, value);
        request.upload.onprogress = ({ loaded, total }) => progress(loaded, total).catch(() => {});
        request.onloadend = () => {
          running.delete(abort);
          done(request.status, request.responseText).catch(() => {});
        };
        form.append("file", file, file.name);
        running.add(abort);
        request.send(form);
        return abort;
      },
      /** Opens a socket and tells its events. */
      socket(address, tell) {
        const socket = new WebSocket(address);
        const close = () => socket.close();
        running.add(close);
        socket.onopen = () => tell("open").catch(() => {});
        socket.onmessage = ({ data }) => tell("message", data).catch(() => {});
        socket.onclose = () => {
          running.delete(close);
          tell("close").catch(() => {});
        };
        return { send: text => socket.send(text), close };
      },
    },
  };
}

const event = (name, fields) => Object.assign(new Event(name), fields);

/** Puts the stand-ins in the place of the browser's own. */
export function inward({ uploadUrl, transportOptions }, reach) {
  if (uploadUrl) {
    window.XMLHttpRequest = class extends EventTarget {
      upload = new EventTarget();
      status = 0;
      responseText = "";
      headers = [];
      open() {}
      setRequestHeader(...header) {
        this.headers.push(header);
      }
      send(form) {
        const progress = (loaded, total) => void this.upload.dispatchEvent(event("progress", { loaded, total }));
        const done = (status, responseText) => {
          Object.assign(this, { status, responseText });
          this.dispatchEvent(event("loadend"));
        };
        this.begun = reach.upload(uploadUrl, form.get("file"), this.headers, progress, done);
        this.begun.catch(() => done(0, ""));
      }
      abort() {
        this.begun?.then(end => end()).catch(() => {});
      }
    };
  }
  if (transportOptions?.webSocketUrl) {
    window.WebSocket = class extends EventTarget {
      constructor(address) {
        super();
        this.begun = reach.socket(address, (name, data) => void this.dispatchEvent(event(name, { data })));
        this.begun.catch(() => this.dispatchEvent(event("close")));
      }
      send(text) {
        this.begun.then(socket => socket.send(text)).catch(() => {});
      }
      close() {
        this.begun.then(socket => socket.close()).catch(() => {});
      }
    };
  }
}
