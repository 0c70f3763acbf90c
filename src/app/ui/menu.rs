//! A button that opens a menu, by the pattern of <https://www.w3.org/WAI/ARIA/apg/patterns/menu-button/>.
//!
//! The menu is a popover: it lies above everything, and closes on Esc and on a press beside it.

use super::icon::{Icon, Svg};
use crate::browser;
use leptos::{ev, html, prelude::*, wasm_bindgen::JsCast, web_sys};

/// Closes the menu that an item stands in.
#[derive(Clone, Copy)]
struct CloseMenu(Callback<()>);

/// A menu under its button.
#[component]
pub fn Menu(
    /// The name of the button and the menu.
    #[prop(into)]
    label: Signal<String>,
    /// The id of the menu, unique in the page.
    #[prop(into)]
    id: String,
    /// The classes of the button.
    #[prop(default = "icon-button")]
    class: &'static str,
    /// What the button shows.
    #[prop(into)]
    face: ViewFn,
    /// Whether the button's own text is its name, so that `label` only names the menu.
    #[prop(optional)]
    named_by_face: bool,
    /// [`MenuItem`]s, nothing between or around them.
    children: Children,
) -> impl IntoView {
    let button = NodeRef::<html::Button>::new();
    let menu = NodeRef::<html::Div>::new();
    let open = RwSignal::new(false);

    let show = move |last: bool| {
        let (Some(button), Some(menu)) = (button.get_untracked(), menu.get_untracked()) else { return };
        if menu.show_popover().is_ok() {
            browser::place_below(&menu, &button);
            focus(if last { menu.last_element_child() } else { menu.first_element_child() });
        }
    };
    let close = move || {
        if let Some(menu) = menu.get_untracked() {
            let _ = menu.hide_popover();
        }
        if let Some(button) = button.get_untracked() {
            let _ = button.focus();
        }
    };
    provide_context(CloseMenu(Callback::new(move |()| close())));

    let on_button_key = move |event: ev::KeyboardEvent| {
        let key = event.key();
        if key == "ArrowDown" || key == "ArrowUp" {
            event.prevent_default();
            show(key == "ArrowUp");
        }
    };
    let on_menu_key = move |event: ev::KeyboardEvent| {
        let Some(menu) = menu.get_untracked() else { return };
        let current = document().active_element();
        match event.key().as_str() {
            "ArrowDown" => {
                focus(current.and_then(|item| item.next_element_sibling()).or_else(|| menu.first_element_child()));
            }
            "ArrowUp" => {
                focus(current.and_then(|item| item.previous_element_sibling()).or_else(|| menu.last_element_child()));
            }
            "Home" => focus(menu.first_element_child()),
            "End" => focus(menu.last_element_child()),
            "Escape" => close(),
            "Tab" => {
                let _ = menu.hide_popover();
                return;
            }
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let controls = id.clone();
    view! {
        <button
            type="button"
            class=class
            node_ref=button
            aria-haspopup="menu"
            aria-expanded=move || open.get().to_string()
            aria-controls=controls
            aria-label=move || (!named_by_face).then(|| label.get())
            title=move || (!named_by_face).then(|| label.get())
            on:click=move |_| if open.get_untracked() { close() } else { show(false) }
            on:keydown=on_button_key
        >
            {face.run()}
        </button>
        <div
            class="menu"
            id=id
            role="menu"
            popover="auto"
            aria-label=label
            node_ref=menu
            on:keydown=on_menu_key
            on:toggle=move |event| open.set(browser::toggled_open(&event))
        >
            {children()}
        </div>
    }
}

/// One choice of a [`Menu`].
#[component]
pub fn MenuItem(
    /// Shown before the words.
    icon: Icon,
    /// Takes something away.
    #[prop(optional)]
    danger: bool,
    /// Called when it is chosen, after the menu has closed.
    #[prop(optional, into)]
    on_choose: Option<Callback<()>>,
    /// The page it leads to, instead.
    #[prop(optional, into)]
    href: Option<String>,
    /// The words.
    children: Children,
) -> impl IntoView {
    let close = use_context::<CloseMenu>();
    let choose = move |_: ev::MouseEvent| {
        if let Some(CloseMenu(close)) = close {
            close.run(());
        }
        if let Some(on_choose) = on_choose {
            on_choose.run(());
        }
    };
    let class = if danger { "menu-item danger" } else { "menu-item" };
    match href {
        // The administration is no page of the app: the browser loads it.
        Some(href) => view! {
            <a
                role="menuitem"
                class=class
                tabindex="-1"
                rel=href.starts_with("/admin").then_some("external")
                href=href
                on:click=choose
            ><Svg icon=icon/>{children()}</a>
        }
        .into_any(),
        None => view! {
            <button type="button" role="menuitem" class=class tabindex="-1" on:click=choose>
                <Svg icon=icon/>
                {children()}
            </button>
        }
        .into_any(),
    }
}

fn focus(element: Option<web_sys::Element>) {
    if let Some(element) = element.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = element.focus();
    }
}
