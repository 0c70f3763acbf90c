// Comfort for the pages at /admin; without it they work, too.

// A button that copies the text of another element.
for (const button of document.querySelectorAll("[data-copy]")) {
  const word = button.textContent;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
      button.textContent = "Press Ctrl+C";
    }
    setTimeout(() => (button.textContent = word), 2000);
  });
}

// The preview follows what is typed.
const look = document.querySelector("form[data-section=look]");
const preview = document.getElementById("preview");
if (look && preview) {
  const tried = ["title", "welcome_message", "input_placeholder", "accent_color", "position", "theme", "locale"];
  const base = new URL(preview.src);
  let timer;
  const show = () => {
    const address = new URL(base);
    for (const name of tried) {
      const value = look.elements[name].value.trim();
      if (value) address.searchParams.set(name, value);
    }
    if (address.href !== preview.src) preview.src = address.href;
  };
  look.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(show, 500);
  });
  if (document.querySelector("#look [role=alert]")) show();
}

// A log-in of minutes may have run out while a form was filled in: it is renewed before the form is sent.
for (const form of document.querySelectorAll("form[method=post]")) {
  let renewed = false;
  form.addEventListener("submit", async event => {
    if (renewed) return;
    event.preventDefault();
    await fetch("/auth/refresh", { method: "POST" }).catch(() => {});
    renewed = true;
    form.requestSubmit(event.submitter);
  });
}
