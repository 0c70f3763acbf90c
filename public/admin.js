// Comfort for the pages at /admin; without it they work, too.

// Of many sites, the one that is shown is in sight in the list.
document.querySelector(".sites li:has([aria-current])")?.scrollIntoView({ block: "nearest" });

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

// A colour can be chosen instead of typed.
for (const picker of document.querySelectorAll("input[type=color][data-for]")) {
  const text = document.getElementById(picker.dataset.for);
  picker.addEventListener("input", () => {
    text.value = picker.value;
    text.dispatchEvent(new Event("input", { bubbles: true }));
  });
  text.addEventListener("input", () => {
    if (/^#[\da-f]{6}$/i.test(text.value)) picker.value = text.value;
  });
}

// The preview follows what is typed: it reads this form by itself, see preview.js.
const look = document.querySelector("form[data-section=look]");
const preview = document.getElementById("preview");
const away = document.getElementById("away");
if (look && preview && away) {
  let timer;
  const tell = () => {
    const words = look.elements.away_message.value.trim();
    away.textContent = words || "We do not know when somebody will read it.";
  };
  tell();
  look.addEventListener("input", () => {
    tell();
    clearTimeout(timer);
    timer = setTimeout(() => preview.contentWindow.location.reload(), 500);
  });
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
