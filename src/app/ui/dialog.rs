//! Modal dialogs, on the browser's own element: it keeps the focus inside and closes on Esc.

use crate::app::reactive::effect;
use leptos::{
    __reexports::send_wrapper::SendWrapper, ev, html, prelude::*, wasm_bindgen::JsCast, web_sys::HtmlElement,
};

/// A modal dialog. It closes on Esc, on a press beside it, and when `open` becomes false; the focus then returns to
/// what had it before.
#[component]
pub fn Dialog(
    /// Whether it is open; set it to open or close.
    open: RwSignal<bool>,
    /// The heading.
    #[prop(into)]
    title: Signal<String>,
    /// The id of the heading, unique in the page.
    id: &'static str,
    /// The rest; put the buttons into `<div class="actions">`.
    children: Children,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    // Wrapped, since what a page holds is dropped on any thread of the server; there it is never filled.
    let opener = StoredValue::new(None::<SendWrapper<HtmlElement>>);

    effect(move |_| {
        let open = open.get();
        let Some(dialog) = dialog.get() else { return };
        if open && !dialog.open() {
            let focused = document().active_element().and_then(|element| element.dyn_into().ok());
            opener.set_value(focused.map(SendWrapper::new));
            // It fails only where the element is not in the document any more.
            let _ = dialog.show_modal();
        } else if !open && dialog.open() {
            dialog.close();
        }
    });

    let on_close = move |_: ev::Event| {
        open.set(false);
        if let Some(opener) = opener.try_update_value(Option::take).flatten() {
            let _ = opener.focus();
        }
    };
    // A press on the backdrop has the dialog itself as its target; one inside has a descendant.
    let on_press = move |event: ev::MouseEvent| {
        if event.target() == event.current_target() {
            open.set(false);
        }
    };

    view! {
        <dialog class="dialog" node_ref=dialog aria-labelledby=id on:close=on_close on:mousedown=on_press>
            <h2 id=id>{title}</h2>
            {children()}
        </dialog>
    }
}
