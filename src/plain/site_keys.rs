//! What a site's page says of its keys and its secret, and the forms that change them.

use super::site::{Shown, copyable};
use crate::wire::{site::SiteKey, time::Timestamp};
use leptos::prelude::*;

/// What breaks pages that work, one step further away than the rest.
fn at_once(when: &'static str, about: &'static str, form: AnyView) -> AnyView {
    view! { <details class="at-once"><summary>{when}</summary><p class="about">{about}</p>{form}</details> }.into_any()
}

/// The section of the keys.
pub fn keys(shown: &Shown<'_>) -> AnyView {
    let row = |key: &SiteKey| {
        let end = key.expires_at.map(|end| format!("Holds until {}", minute(&end.to_string())));
        let made = format!("Made {}", minute(&key.created_at.to_string()));
        let is_in_tag = (shown.site.keys.len() > 1 && key.expires_at.is_none())
            .then(|| view! { <span class="badge">"In the tag"</span> });
        let revoke = key.expires_at.is_some().then(|| {
            view! {
                <form method="post" action=shown.action("revoke")>
                    <button class="button danger" name="key" value=key.key.clone()>"End now"</button>
                </form>
            }
        });
        view! {
            <li>
                <div class="what">
                    <p class="device"><code>{key.key.clone()}</code>{is_in_tag}</p>
                    <p class="when">{end.unwrap_or(made)}</p>
                </div>
                {revoke}
            </li>
        }
    };
    let content = view! {
        <ul role="list" class="rows">{shown.site.keys.iter().map(row).collect_view()}</ul>
        <form class="form" method="post" action=shown.action("keys")>
            <div class="actions"><button class="button" name="when" value="later">"Make a new key"</button></div>
            <p class="about">
                "With a new key, the one before holds for another 24 hours, so that you can change the tag on your pages in between."
            </p>
        </form>
        {at_once(
            "If the key is misused",
            "Every page loses the chat until it has the new tag.",
            view! {
                <form method="post" action=shown.action("keys")>
                    <button class="button danger" name="when" value="now">"Make a new key and end the others now"</button>
                </form>
            }
            .into_any(),
        )}
    };
    let about = "The key stands in the page's source, so everybody can read it: it says which site speaks, and the origins say which pages may.";
    shown.section("keys", about, content.into_any())
}

/// The section of the secret.
pub fn identity(shown: &Shown<'_>) -> AnyView {
    let secret = |(at, (secret, end)): (usize, &(String, Option<Timestamp>))| {
        let until = end.map(|end| {
            view! { <p class="about">{format!("The one before, which holds until {}:", minute(&end.to_string()))}</p> }
        });
        view! { {until} {copyable(if at == 0 { "secret-text" } else { "secret-before" }, secret.clone())} }
    };
    let secrets = shown.secrets.iter().enumerate().map(secret).collect_view();
    let end = (shown.secrets.len() > 1).then(|| {
        view! { <button class="button danger" name="what" value="end">"End the one before now"</button> }
    });
    let content = view! {
        {secrets}
        <form class="form" method="post" action=shown.action("secret")>
            <div class="actions">
                <button class="button" name="what" value="show">"Show the secret"</button>
                <button class="button" name="what" value="rotate">"Make a new secret"</button>
                {end}
            </div>
            <p class="about">
                "With a new secret, the one before holds for another 24 hours, so that you can change your server in between."
            </p>
        </form>
        {at_once(
            "If the secret is known to others",
            "No token of your server is believed until it signs with the new secret.",
            view! {
                <form method="post" action=shown.action("secret")>
                    <button class="button danger" name="what" value="rotate-now">
                        "Make a new secret and end the others now"
                    </button>
                </form>
            }
            .into_any(),
        )}
    };
    let about = "With this secret your own server signs tokens (JWT, HS256) that say who a visitor is, and speaks in their conversations (POST /v1/site/messages). It belongs into that server and nowhere else, never into a page.";
    shown.section("secret", about, content.into_any())
}

/// `2026-11-21T07:30:00.000Z` as people read it.
fn minute(time: &str) -> String {
    time.get(..16).unwrap_or(time).replace('T', " ") + " UTC"
}
