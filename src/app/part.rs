//! Parts: pages whose code is a file of its own, which comes with the first page that needs it, or on the way there.
//!
//! What a part may be called by stands in its folder's `part.rs`; the build (`.ci/parts.cjs`) puts what only those
//! functions reach into the part's file. Development builds are not cut, and then every part is there.

use crate::{app::session::here, browser};
use leptos::{prelude::*, task::spawn_local};
use leptos_router::hooks::use_location;

/// The name of a part: that of its folder in `src/app`, and of its file.
pub type Name = &'static str;

/// The part that a page needs from the start, by its path: the server names its file in the document.
pub fn of(path: &str) -> Option<Name> {
    match path.split('/').find(|segment| !segment.is_empty())? {
        "login" | "signup" => Some("auth"),
        "settings" => Some("settings"),
        "docs" => Some("docs"),
        _ => None,
    }
}

/// Shows a page of a part, as soon as the part is there. `view` is a function of the part's `part.rs`.
///
/// A page that the server rendered has its part before it hydrates; after that the part may have to be fetched. Where
/// that fails, the server is asked for the page: it may be another version by now.
pub fn page(part: Name, view: fn() -> AnyView) -> AnyView {
    let Some(fetched) = browser::part(part) else { return view() };
    let arrived = RwSignal::new(false);
    let location = use_location();
    spawn_local(async move {
        if fetched.await {
            arrived.try_set(true);
        } else if !arrived.is_disposed() {
            let of = |what: Memo<String>| what.try_get_untracked().unwrap_or_default();
            browser::leave_for(&here(&of(location.pathname), &of(location.search)));
        }
    });
    (move || arrived.get().then(view)).into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_in_the_parts_of_their_folders() {
        assert_eq!(of("/login"), Some("auth"));
        assert_eq!(of("/signup"), Some("auth"));
        assert_eq!(of("/settings"), Some("settings"));
        assert_eq!(of("/settings/data"), Some("settings"));
        assert_eq!(of("/docs/limits"), Some("docs"));
        assert_eq!(of("//docs/"), Some("docs"));
        for path in ["", "/", "/chat/new", "/settingsx", "/nothing/docs"] {
            assert_eq!(of(path), None, "{path}");
        }
    }
}
