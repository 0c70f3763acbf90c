//! The list of chats, and the account at its end. On a phone it is a sheet over the page.

use super::{
    list::{Chats, Row},
    remote::ChatList,
    rename::{Renaming, TitleField, delete, leaving, rename},
    title,
};
use crate::app::reactive::{effect, memo, text_if};
use crate::{
    app::{
        call::Load,
        ui::{
            each::{each, item},
            icon::{Icon, Svg},
            menu::{Menu, MenuItem},
            skeleton::Skeleton,
            toast::Toasts,
        },
    },
    browser::{self, chat::when_visible},
    wire::id::ConversationId,
};
use leptos::{
    __reexports::send_wrapper::SendWrapper, ev, html, prelude::*, task::spawn_local, wasm_bindgen::JsCast,
    web_sys::HtmlElement,
};
use leptos_router::hooks::use_location;

/// The sidebar.
#[component]
pub fn Sidebar(
    /// The first page of the list.
    list: Load<ChatList>,
) -> impl IntoView {
    let chats = expect_context::<Chats>();
    let path = use_location().pathname;
    let current = memo(move || path.with(|path| path.strip_prefix("/chat/")?.parse::<ConversationId>().ok()));
    let nav = NodeRef::<html::Nav>::new();
    // A sheet is closed by what leads away from it.
    effect(move |before: Option<String>| {
        let path = path.get();
        if before.is_some_and(|before| before != path) {
            chats.sheet.set(false);
        }
        path
    });
    trap_focus(chats.sheet, nav);
    let close = move |event: ev::MouseEvent| {
        event.prevent_default();
        chats.sheet.set(false);
    };
    view! {
        <nav
            class="chats"
            id="chats"
            aria-label="Chats"
            class:open=move || chats.sheet.get()
            node_ref=nav
            on:keydown=move |event| {
                if event.key() == "Escape" && chats.sheet.get_untracked() && !event.default_prevented() {
                    event.prevent_default();
                    chats.sheet.set(false);
                }
            }
        >
            <div class="chats-brand">
                <a href="/chat/new" class="clip">"Parlor"</a>
                <a class="icon-button only-narrow" href="#main" role="button" aria-label="Close the list" on:click=close>
                    <Svg icon=Icon::Close/>
                </a>
            </div>
            <a class="chats-new" href="/chat/new" aria-current=move || text_if(path.get() == "/chat/new", "page")>
                <Svg icon=Icon::Plus/>
                "New chat"
            </a>
            <div class="chats-list">
                <Suspense fallback=|| view! { <div class="late"><Skeleton lines=6/></div> }>
                    {move || Suspend::new(async move {
                        match list.await {
                            Ok(list) => {
                                chats.fill(list);
                                view! { <Groups current=current/> }.into_any()
                            }
                            Err(error) => view! { <p class="chats-empty">{error.message}</p> }.into_any(),
                        }
                    })}
                </Suspense>
            </div>
            <super::account::AccountMenu/>
        </nav>
        <a class="chats-scrim" href="#main" tabindex="-1" aria-hidden="true" on:click=close></a>
    }
}

/// While the sheet is open the page behind it is inert, so that the focus stays inside; then it returns.
fn trap_focus(open: RwSignal<bool>, nav: NodeRef<html::Nav>) {
    effect(move |before: Option<bool>| {
        let open = open.get();
        let (Some(nav), Some(was)) = (nav.get_untracked(), before) else { return open };
        if open == was {
            return open;
        }
        if let Ok(Some(main)) = document().query_selector("main") {
            let _ = main.toggle_attribute_with_force("inert", open);
        }
        if open {
            // Not before it is drawn: what is hidden takes no focus.
            request_animation_frame(move || {
                // A title that is being edited there has asked for the focus itself.
                let first = [".title-field", "[aria-current=page], a, button"]
                    .iter()
                    .find_map(|wanted| nav.query_selector(wanted).ok().flatten());
                if let Some(first) = first.and_then(|first| first.dyn_into::<HtmlElement>().ok()) {
                    let _ = first.focus();
                }
            });
        } else {
            request_animation_frame(|| {
                if let Some(opener) = document().get_element_by_id("open-chats") {
                    let _ = opener.unchecked_into::<HtmlElement>().focus();
                }
            });
        }
        open
    });
}

/// The chats under their headings, and what leads further back.
#[component]
fn Groups(current: Memo<Option<ConversationId>>) -> impl IntoView {
    let chats = expect_context::<Chats>();
    // The first render is the server's; from here on the days are the reader's.
    effect(move |_| {
        let now = browser::now();
        chats.clock.set((now, browser::chat::utc_offset(now)));
    });
    let groups = memo(move || chats.grouped());
    let group = move |heading: String| {
        let rows = {
            let heading = heading.clone();
            move || {
                groups.with(|groups| {
                    let group = groups.iter().find(|(name, _)| *name == heading);
                    group.map(|(_, rows)| rows.clone()).unwrap_or_default()
                })
            }
        };
        view! {
            <h2>{heading}</h2>
            <ul role="list">
                {each(move || {
                    let rows = rows().into_iter();
                    rows.map(|row| item(row.id, move || view! { <ChatRow row=row current=current/> })).collect()
                })}
            </ul>
        }
    };
    let headings = move || groups.with(|groups| groups.iter().map(|(heading, _)| heading.clone()).collect::<Vec<_>>());
    view! {
        {each(move || {
            let headings = headings().into_iter();
            headings.map(|heading| item(heading.clone(), move || group(heading))).collect()
        })}
        {move || groups.with(Vec::is_empty).then(|| view! { <p class="chats-empty">"Your chats will be listed here."</p> }.into_any())}
        {move || chats.next.get().map(|_| view! { <More/> }.into_any())}
    }
}

/// Loads the next page when it comes into view, or when it is pressed.
#[component]
fn More() -> impl IntoView {
    let (chats, toasts) = (expect_context::<Chats>(), expect_context::<Toasts>());
    let busy = RwSignal::new(false);
    let button = NodeRef::<html::Button>::new();
    let load = move || {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            if let Err(error) = chats.more().await {
                toasts.show(error.message);
            }
            busy.try_set(false);
        });
    };
    let watch = StoredValue::new(None::<SendWrapper<browser::chat::Watch>>);
    effect(move |_| {
        if let Some(button) = button.get() {
            watch.set_value(when_visible(&button, load).map(SendWrapper::new));
        }
    });
    on_cleanup(move || {
        watch.try_update_value(Option::take);
    });
    view! {
        <button type="button" class="chats-more needs-script" node_ref=button on:click=move |_| load()>
            {move || String::from(if busy.get() { "Loading…" } else { "Show more" })}
        </button>
    }
}

/// One chat.
#[component]
fn ChatRow(row: Row, current: Memo<Option<ConversationId>>) -> impl IntoView {
    let (chats, toasts) = (expect_context::<Chats>(), expect_context::<Toasts>());
    let Renaming(renaming) = expect_context();
    let id = row.id;
    let link = NodeRef::<html::A>::new();
    let title = row.title;
    let name = {
        let title = title.clone();
        Signal::derive(move || title.with(|title| title::shown(title)))
    };
    let leave = StoredValue::new(leaving(id));
    let is_current = move || current.get() == Some(id);
    let done = Callback::new(move |new: Option<String>| {
        renaming.set(None);
        if let Some(new) = new {
            rename(chats, toasts, id, &new);
        }
        request_animation_frame(move || {
            if let Some(link) = link.try_get_untracked().flatten() {
                let _ = link.focus();
            }
        });
    });
    let delete_it = move |()| {
        let leave = (current.get_untracked() == Some(id)).then(|| leave.get_value());
        delete(chats, toasts, id, leave);
    };
    let on_key = move |event: ev::KeyboardEvent| {
        if event.key() == "F2" {
            event.prevent_default();
            renaming.set(Some(id));
        }
    };
    view! {
        <li class="chats-row" class:current=is_current>
            {move || {
                if renaming.get() == Some(id) {
                    view! { <TitleField title=title.get_untracked() done=done/> }.into_any()
                } else {
                    view! {
                        <a
                            class="clip"
                            href=format!("/chat/{id}")
                            title=name
                            dir="auto"
                            aria-current=move || text_if(is_current(), "page")
                            aria-keyshortcuts="F2"
                            node_ref=link
                            on:keydown=on_key
                        >
                            {name}
                        </a>
                    }.into_any()
                }
            }}
            <div class="needs-script">
                <Menu
                    label=Signal::derive(move || format!("Menu of {}", name.get()))
                    id=format!("menu-{id}")
                    face=|| view! { <Svg icon=Icon::More/> }
                >
                    <MenuItem icon=Icon::Edit on_choose=Callback::new(move |()| renaming.set(Some(id)))>"Rename"</MenuItem>
                    <MenuItem icon=Icon::Trash danger=true on_choose=Callback::new(delete_it)>"Delete"</MenuItem>
                </Menu>
            </div>
        </li>
    }
}
