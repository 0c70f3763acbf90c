//! `/admin/sites/ID`: everything about one site, a section a form.

use super::{
    demo,
    field::{Form, Values, choice, colour, line, lines, radios, tick, told},
    notice, site_keys, sites,
};
use crate::wire::{error::ApiError, site::Site, time::Timestamp};
use leptos::prelude::*;

/// The sections of the page, by their ids.
pub const SECTIONS: [(&str, &str); 8] = [
    ("tag", "The tag"),
    ("general", "Where and who"),
    ("look", "Look and words"),
    ("answers", "Answers"),
    ("limits", "Limits"),
    ("keys", "Keys"),
    ("secret", "Verified identity"),
    ("delete", "Delete"),
];

/// The tags that a page can carry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tags {
    /// Always the newest widget.
    pub floating: String,
    /// This version, held by its hash; absent where the widget's file cannot be read.
    pub pinned: Option<Pinned>,
}

/// One version of the widget.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pinned {
    /// The tag.
    pub tag: String,
    /// Where the script is.
    pub address: String,
    /// `sha384-…` (Subresource Integrity).
    pub integrity: String,
}

/// What the page shows besides the site.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// All sites, for the list.
    pub all: &'a [Site],
    /// This one.
    pub site: &'a Site,
    /// What the fields hold: as stored, or as typed.
    pub values: &'a Values,
    /// The section that was just saved.
    pub saved: Option<&'a str>,
    /// The section that was not, and why.
    pub fault: Option<(&'a str, &'a ApiError)>,
    /// The secrets that hold, the newest first, with their ends; only when they were asked for.
    pub secrets: &'a [(String, Option<Timestamp>)],
    /// The tags to copy.
    pub tags: &'a Tags,
    /// Whether the server has no model, so that Guide stands in for it.
    pub no_model: bool,
}

impl Shown<'_> {
    fn form(&self, section: &str) -> Form<'_> {
        let fault = self.fault.filter(|(of, _)| *of == section).map(|(_, fault)| fault);
        Form { values: self.values, fault }
    }

    /// A section with what was said about it.
    pub(super) fn section(&self, id: &'static str, about: &'static str, content: AnyView) -> AnyView {
        let title = SECTIONS.iter().find(|(section, _)| *section == id).map(|(_, title)| *title);
        let done = match id {
            "keys" if self.site.keys.len() > 1 => {
                "A new key was made, and the tag above has it. Put that tag on your pages before the old key ends."
            }
            "keys" => "Only the key below holds now. The tag above has it; pages with another key have no chat.",
            "secret" => "The secrets were changed. Show them below: your server has to sign with the newest.",
            _ => "Saved.",
        };
        let saved = (self.saved == Some(id)).then(|| notice::good(done));
        let fault = self.fault.filter(|(of, _)| *of == id);
        let fault = fault.map(|(_, fault)| notice::bad(format!("Nothing was saved. {}", fault.message)));
        view! {
            <section id=id aria-labelledby=format!("{id}-title")>
                <h2 id=format!("{id}-title")>{title}</h2>
                {(!about.is_empty()).then(|| view! { <p class="about">{about}</p> })}
                {saved}
                {fault}
                {content}
            </section>
        }
        .into_any()
    }

    /// A form of a section with a button that saves it.
    fn saving(&self, section: &'static str, fields: AnyView) -> AnyView {
        view! {
            <form class="form" method="post" action=self.action(section) data-section=section>
                {fields}
                <div class="actions"><button class="button primary">"Save"</button></div>
            </form>
        }
        .into_any()
    }

    pub(super) fn action(&self, section: &str) -> String {
        format!("/admin/sites/{}/{section}", self.site.id)
    }
}

/// The page.
pub fn page(shown: &Shown<'_>) -> AnyView {
    let content = view! {
        <header>
            <h1 dir="auto">{shown.site.name.clone()}</h1>
        </header>
        {tag(shown)}
        {general(shown)}
        {look(shown)}
        {answers(shown)}
        {limits(shown)}
        {site_keys::keys(shown)}
        {site_keys::identity(shown)}
        {delete(shown)}
    }
    .into_any();
    sites::layout(shown.all, Some(shown.site), content)
}

pub(super) fn copyable(id: &'static str, text: String) -> AnyView {
    view! {
        <div class="copyable">
            <pre tabindex="0"><code id=id>{text}</code></pre>
            <button type="button" class="button needs-script" data-copy=id>"Copy"</button>
        </div>
    }
    .into_any()
}

fn tag(shown: &Shown<'_>) -> AnyView {
    let pinned = shown.tags.pinned.clone().map(|Pinned { tag, address, integrity }| {
        view! {
            <h3>"This version only"</h3>
            <p class="about">
                "With subresource integrity: the browser refuses the script when it is not exactly this one. After an update of the server the page keeps this version until you copy the tag again."
            </p>
            {copyable("tag-pinned", tag)}
            <dl class="facts">
                <div><dt>"Address"</dt><dd><code>{address}</code></dd></div>
                <div><dt>"Integrity"</dt><dd><code>{integrity}</code></dd></div>
            </dl>
        }
    });
    let demo = demo::address(&[("key", shown.site.keys.first().map(|key| key.key.as_str()).unwrap_or_default())]);
    let settings = &shown.site.settings;
    let nowhere = settings.origins.is_empty().then(|| {
        notice::to_do(
            view! {
                {if settings.loopback {
                    "Only pages of this machine may use this tag yet. Name your website under "
                } else {
                    "No website may use this tag yet. Say which under "
                }}
                <a href="#general">"Where and who"</a>
                "."
            }
            .into_any(),
        )
    });
    let content = view! {
        {nowhere}
        {copyable("tag-floating", shown.tags.floating.clone())}
        <p><a href=demo>"See it on a page of a made-up shop"</a></p>
        {pinned}
    };
    shown.section(
        "tag",
        "Paste this into every page that should have the chat, just before </body>.",
        content.into_any(),
    )
}

fn general(shown: &Shown<'_>) -> AnyView {
    let form = shown.form("general");
    let fields = view! {
        {line(&form, told("name", "Name", "What administrators call it; visitors do not see it."), "")}
        {lines(
            &form,
            told("origins", "Origins", "The websites that may embed the widget, one per line, as browsers write them: scheme, host and the port where it is not the usual one, such as https://shop.example."),
            4,
            true,
        )}
        {tick(
            &form,
            told("loopback", "Pages of the visitor's own machine may, too", "http://localhost and the like, for development."),
            false,
        )}
        {radios(
            &form,
            told("who", "Who may chat", ""),
            &[
                ("anyone", "Every visitor"),
                ("verified", "Visitors with a token that the site's own server signed"),
                ("account", "People who log in to this server in the panel"),
            ],
        )}
    };
    shown.section("general", "", shown.saving("general", fields.into_any()))
}

fn look(shown: &Shown<'_>) -> AnyView {
    let form = shown.form("look");
    let fields = view! {
        {line(&form, told("title", "Title", "The panel's heading."), "Chat with us")}
        {lines(&form, told("welcome_message", "Welcome message", "Said first, by the site. Markdown is allowed."), 3, false)}
        {line(&form, told("input_placeholder", "Placeholder", "In the empty input."), "")}
        {colour(&form, told("accent_color", "Accent colour", "In hexadecimal, such as #0f766e. Where it is pale or dark, the panel takes a readable shade of it for text."), "#1d6b59")}
        {choice(&form, told("position", "Position", ""), &[("", "Right"), ("left", "Left")])}
        {choice(&form, told("theme", "Colours", ""), &[("", "As the visitor's system"), ("light", "Light"), ("dark", "Dark")])}
        {line(&form, told("locale", "Language", "A language tag such as de; empty: the visitor's own, where there is a file for it."), "")}
        {lines(&form, told("suggestions", "Suggested questions", "At most 6, one per line; offered in an empty conversation."), 4, false)}
        {lines(&form, told("away_message", "When a person answers", "In your own words, such as: on weekdays from 9 to 17. Told to visitors who ask for a person."), 2, false)}
        {lines(&form, told("custom_css", "Custom style", "CSS inside the panel; it reaches nothing of the page around it. At most 16 kB."), 5, true)}
    };
    let key = shown.site.keys.first().map(|key| key.key.as_str()).unwrap_or_default();
    let preview = demo::address(&[("key", key), ("preview", "1")]);
    let away = shown.values.get("away_message").cloned().unwrap_or_default();
    let content = view! {
        <div class="beside">
            {shown.saving("look", fields.into_any())}
            <div class="previewing">
                <h3>"Preview"</h3>
                <p class="about without-script">"This is what is saved."</p>
                <p class="about needs-script">"It follows what you type; visitors see what is saved."</p>
                <iframe id="preview" class="preview" src=preview title="Preview of the widget"></iframe>
                <p class="about needs-script">
                    "Who asks for a person reads: " <q id="away" dir="auto">{away}</q>
                </p>
            </div>
        </div>
    };
    shown.section(
        "look",
        "How the panel looks and what it says, unless the tag on a page says otherwise, such as by data-title.",
        content.into_any(),
    )
}

fn answers(shown: &Shown<'_>) -> AnyView {
    let form = shown.form("answers");
    let fields = view! {
        {lines(&form, told("system_prompt", "Instructions", "What the model should know and how it should answer. Visitors do not see it."), 6, false)}
        {line(&form, told("model", "Model", "Its name as the endpoint knows it, or guide for answers from the documents here alone; empty: the server's own."), "")}
    };
    let nobody = (shown.no_model && shown.site.settings.model.is_none()).then(|| {
        notice::to_do(
            view! {
                "No model is set up on this server: visitors of your website read that nothing answers by itself, and that they may ask for a person. "
                <a href="/docs/models">"How to connect one"</a>
                "."
            }
            .into_any(),
        )
    });
    let content = view! {
        {nobody}
        {shown.saving("answers", fields.into_any())}
    };
    shown.section("answers", "", content.into_any())
}

fn limits(shown: &Shown<'_>) -> AnyView {
    let form = shown.form("limits");
    let fields = view! {
        {line(&form, told("messages_per_minute", "Messages per minute", "Of one visitor; empty: 30."), "30")}
        {line(&form, told("messages_per_day", "Messages per day", "Of all visitors of the site together; empty: no limit."), "")}
        {line(&form, told("upload_bytes", "Largest upload", "In MB; 0 turns uploads off; empty: 10."), "10")}
    };
    shown.section(
        "limits",
        "Besides these, the server limits each address. More is refused with the time to wait.",
        shown.saving("limits", fields.into_any()),
    )
}

fn delete(shown: &Shown<'_>) -> AnyView {
    let values = Values::new();
    let form = Form { values: &values, fault: None };
    let content = view! {
        <form class="form" method="post" action=shown.action("delete")>
            {tick(&form, told("sure", "Delete the site with its visitors and all their conversations", "This cannot be undone."), true)}
            <div class="actions"><button class="button danger">"Delete the site"</button></div>
        </form>
    };
    shown.section("delete", "", content.into_any())
}
