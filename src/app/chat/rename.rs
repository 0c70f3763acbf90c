//! Renaming and deleting a chat, from the list and from its own header.

use super::{list::Chats, remote};
use crate::app::reactive::effect;
use crate::{
    app::{
        call::tell,
        ui::{
            icon::{Icon, Svg},
            menu::{Menu, MenuItem},
            toast::Toasts,
        },
    },
    wire::{conversation::MAX_TITLE, id::ConversationId},
};
use leptos::{ev, html, prelude::*, server_fn::ServerFn, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use std::sync::Arc;

/// The chat whose title is being edited in the list. In context of the layout.
#[derive(Clone, Copy)]
pub struct Renaming(pub RwSignal<Option<ConversationId>>);

/// A title as it is sent: one line, without spaces around it, at most [`MAX_TITLE`] characters; nothing when empty.
pub fn cleaned(title: &str) -> Option<String> {
    let line = title.split_whitespace().collect::<Vec<_>>().join(" ");
    (!line.is_empty()).then(|| line.chars().take(MAX_TITLE).collect())
}

/// Gives a chat another title: shown at once, taken back if the server refuses.
pub fn rename(chats: Chats, toasts: Toasts, id: ConversationId, title: &str) {
    let Some(title) = cleaned(title) else { return };
    let before = chats.title(id);
    if before.as_deref() == Some(&title) {
        return;
    }
    let show = move |title: &str| {
        chats.retitle(id, title);
        chats.renamed.set(Some((id, title.to_owned())));
    };
    show(&title);
    spawn_local(async move {
        if let Err(error) = tell(remote::RenameChat { id, title }).await {
            show(&before.unwrap_or_default());
            toasts.show(error.message);
        }
    });
}

/// Deletes a chat, with a way back. `leave` leads away from it where it is open, and back.
pub fn delete(chats: Chats, toasts: Toasts, id: ConversationId, leave: Option<Leave>) {
    let row = chats.take(id);
    if let Some(leave) = &leave {
        leave(true);
    }
    let put_back = move |row: &Option<(usize, super::list::Row)>| {
        if let Some((at, row)) = row.clone() {
            chats.put_back(at, row);
        }
    };
    spawn_local(async move {
        if let Err(error) = tell(remote::DeleteChat { id }).await {
            put_back(&row);
            toasts.show(error.message);
            return;
        }
        toasts.offer("Chat deleted", "Undo", move || {
            let (row, leave) = (row.clone(), leave.clone());
            spawn_local(async move {
                match tell(remote::RestoreChat { id }).await {
                    Ok(_) => {
                        put_back(&row);
                        if let Some(leave) = leave {
                            leave(false);
                        }
                    }
                    Err(error) => toasts.show(error.message),
                }
            });
        });
    });
}

/// Leads away from a chat (`true`), and back. It outlives the page that made it, which a `Callback` would not.
pub type Leave = Arc<dyn Fn(bool) + Send + Sync>;

/// For a chat that is deleted, and whose deletion is undone.
pub fn leaving(id: ConversationId) -> Leave {
    let navigate = use_navigate();
    Arc::new(move |away| {
        let path = if away { "/chat/new".to_owned() } else { format!("/chat/{id}") };
        navigate(&path, NavigateOptions { replace: away, ..NavigateOptions::default() });
    })
}

/// The field that a title is edited in. Enter and leaving it save, Esc does not.
#[component]
pub fn TitleField(
    /// The title before.
    title: String,
    /// Called at the end, with the new title unless it was given up.
    done: Callback<Option<String>>,
) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    let over = StoredValue::new(false);
    effect(move |_| {
        if let Some(field) = field.get() {
            let _ = field.focus();
            field.select();
        }
    });
    let end = move |title: Option<String>| {
        // Removing the field takes the focus from it, when all this is gone already.
        if over.try_get_value() == Some(false) {
            over.set_value(true);
            done.run(title);
        }
    };
    let value = move || field.try_get_untracked().flatten().map(|field| field.value());
    let on_key = move |event: ev::KeyboardEvent| match event.key().as_str() {
        "Enter" if !event.is_composing() => {
            event.prevent_default();
            end(value());
        }
        "Escape" => {
            event.prevent_default();
            event.stop_propagation();
            end(None);
        }
        _ => {}
    };
    view! {
        <input
            class="title-field"
            aria-label="Title of the chat"
            value=title
            maxlength=MAX_TITLE
            dir="auto"
            autocomplete="off"
            node_ref=field
            on:keydown=on_key
            on:blur=move |_| end(value())
        />
    }
}

/// What can be done with the open chat.
#[component]
pub fn HeaderMenu(id: ConversationId) -> impl IntoView {
    let (chats, toasts) = (expect_context::<Chats>(), expect_context::<Toasts>());
    let Renaming(renaming) = expect_context();
    let leave = StoredValue::new(leaving(id));
    let start = move |()| {
        if crate::browser::chat::matches("(max-width: 720px)") {
            chats.sheet.set(true);
        }
        renaming.set(Some(id));
    };
    view! {
        <div class="needs-script">
            <Menu label="This chat" id=format!("menu-head-{id}") face=|| view! { <Svg icon=Icon::More/> }>
                <MenuItem icon=Icon::Edit on_choose=Callback::new(start)>"Rename"</MenuItem>
                <MenuItem icon=Icon::Trash danger=true on_choose=Callback::new(move |()| delete(chats, toasts, id, Some(leave.get_value())))>
                    "Delete"
                </MenuItem>
            </Menu>
        </div>
        <noscript inner_html=plain_forms(id)></noscript>
    }
}

/// The same for a browser without script. Only paths of ours and the id go into the markup.
fn plain_forms(id: ConversationId) -> String {
    format!(
        "<details class=\"plain-menu\"><summary class=\"button quiet\">Change</summary>\
         <form method=\"post\" action=\"{rename}\"><input type=\"hidden\" name=\"id\" value=\"{id}\">\
         <input class=\"input\" name=\"title\" aria-label=\"New title\" placeholder=\"New title\" required maxlength=\"{MAX_TITLE}\">\
         <button class=\"button\">Rename</button></form>\
         <form method=\"post\" action=\"{delete}\"><input type=\"hidden\" name=\"id\" value=\"{id}\">\
         <button class=\"button danger\">Delete this chat</button></form></details>",
        rename = remote::RenameChat::PATH,
        delete = remote::DeleteChat::PATH,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_short_line() {
        assert_eq!(cleaned("  Retry \n policy "), Some("Retry policy".to_owned()));
        assert_eq!(cleaned(" \n"), None);
        assert_eq!(cleaned(&"é".repeat(300)).map(|title| title.chars().count()), Some(MAX_TITLE));
    }
}
