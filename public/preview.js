// The preview of a site's page in the administration: what is typed there stands in the place of what is saved. Only a
// page of this server can frame it, and nothing is taken from the address.

const typed = () => {
  try {
    return parent === window ? null : parent.document.querySelector("form[data-section=look]");
  } catch {
    return null;
  }
};

const branding = form => {
  const value = name => form.elements[name].value.trim() || undefined;
  const colour = value("accent_color");
  const questions = form.elements.suggestions.value.split("\n").map(line => line.trim());
  return {
    title: value("title"),
    welcome_message: value("welcome_message"),
    input_placeholder: value("input_placeholder"),
    accent_color: /^#([\da-f]{3}|[\da-f]{6})$/i.test(colour) ? colour : undefined,
    position: value("position"),
    theme: value("theme"),
    locale: value("locale"),
    suggestions: questions.filter(Boolean).slice(0, 6),
    away_message: value("away_message"),
    custom_css: value("custom_css"),
  };
};

const ask = window.fetch;
window.fetch = async (...request) => {
  const answer = await ask(...request);
  const form = typed();
  const path = new URL(answer.url || location.href).pathname;
  const changes = {
    "/v1/widget/config": body => ({ ...body, branding: branding(form) }),
    person: body => ({ ...body, away_message: branding(form).away_message ?? null }),
  };
  const change = changes[path] ?? (path.endsWith("/person") ? changes.person : undefined);
  if (!form || !change || !answer.ok) return answer;
  return Response.json(change(await answer.json()));
};
