//! What a page has to say about what was just done, and pages that say nothing else.

use super::field::Values;
use crate::app::{
    title::PRODUCT,
    ui::icon::{Icon, Svg},
};
use leptos::prelude::*;

/// It went well.
pub fn good(words: impl Into<String>) -> AnyView {
    let words = words.into();
    view! { <p class="notice" role="status"><Svg icon=Icon::Check/><span>{words}</span></p> }.into_any()
}

/// Nothing went wrong, but something is still to do.
pub fn to_do(words: AnyView) -> AnyView {
    view! { <p class="notice to-do"><Svg icon=Icon::Alert/><span>{words}</span></p> }.into_any()
}

/// It did not.
pub fn bad(words: impl Into<String>) -> AnyView {
    let words = words.into();
    view! { <p class="notice bad" role="alert"><Svg icon=Icon::Alert/><span>{words}</span></p> }.into_any()
}

/// A page with one thing to say, such as that there is nothing here.
pub fn only(title: &'static str, words: String) -> AnyView {
    view! {
        <div class="manual">
            <header><a class="product" href="/">{PRODUCT}</a></header>
            <main id="main"><h1>{title}</h1><p class="about">{words}</p><p><a href="/">"Back to the start"</a></p></main>
        </div>
    }
    .into_any()
}

/// The log-in ran out while a form was filled in. The picture, which is nothing to see, lets the browser renew it; the
/// form is there again with all that was typed, for one more press.
pub fn once_more(action: String, typed: &Values) -> AnyView {
    let fields = typed
        .iter()
        .map(|(name, value)| view! { <input type="hidden" name=name.clone() value=value.clone()/> })
        .collect_view();
    view! {
        <div class="manual">
            <header><a class="product" href="/">{PRODUCT}</a></header>
            <main id="main">
                <h1>"One more step"</h1>
                <p class="about">
                    "Your log-in had to be renewed, which has been done now. Nothing that you typed is lost; please send it again."
                </p>
                <form method="post" action=action>
                    {fields}
                    <div class="actions">
                        <button class="button primary">"Send it again"</button>
                        <a class="button quiet" href="/login?next=/admin/sites">"Log in anew"</a>
                    </div>
                </form>
                <img src="/auth/refresh?next=/favicon.svg" alt="" width="1" height="1"/>
            </main>
        </div>
    }
    .into_any()
}
