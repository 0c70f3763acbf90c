//! The panel: a dialog with a heading, the conversation's place and the input. It holds no conversation yet.

use super::host::{Listener, Options, element, icon, text};
use js_sys::Function;
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{Element, Event, HtmlDialogElement, HtmlElement, KeyboardEvent, ShadowRoot, window};

/// Up to this width the panel covers the page, as the style says too, and the page behind it is inert.
const PHONE: &str = "(max-width: 480px)";

/// A mounted panel.
#[wasm_bindgen]
pub struct Panel {
    view: View,
    /// Taken off when the panel is dropped.
    _listeners: [Listener; 3],
}

/// The handles that listeners share.
#[derive(Clone)]
struct View {
    dialog: HtmlDialogElement,
    root: ShadowRoot,
    toggled: Function,
}

#[wasm_bindgen]
impl Panel {
    /// Builds it, closed.
    pub(super) fn new(root: &ShadowRoot, options: &Options) -> Result<Self, JsValue> {
        let dialog: HtmlDialogElement =
            element(root, "dialog", &[("class", "panel"), ("aria-labelledby", "title"), ("tabindex", "-1")])?;

        let head: Element = element(&dialog, "header", &[("class", "head")])?;
        text(&head, "h2", &[("id", "title"), ("dir", "auto")], &options.title())?;
        let close: HtmlElement = element(&head, "button", &[("type", "button"), ("aria-label", "Close")])?;
        icon(&close, "m6 6 12 12M18 6 6 18")?;

        let log: Element = element(&dialog, "div", &[("class", "log"), ("role", "log"), ("tabindex", "0")])?;
        log.set_attribute("aria-labelledby", "title")?;
        text(&log, "p", &[("class", "note"), ("id", "note")], "Messages cannot be sent from here yet.")?;

        let mut md = super::markdown::Markdown::new(&log)?;
        md.set(&options.title(), false)?;
        md.set(&options.api_key(), true)?;
        std::mem::forget(md);

        let foot: Element = element(&dialog, "form", &[("class", "foot")])?;
        let label = [("rows", "1"), ("aria-label", "Message"), ("aria-describedby", "note"), ("disabled", "")];
        let input: Element = element(&foot, "textarea", &label)?;
        input.set_attribute("placeholder", "Type your question")?;
        let send = [("class", "send"), ("type", "submit"), ("aria-label", "Send"), ("disabled", "")];
        let send: Element = element(&foot, "button", &send)?;
        icon(&send, "M12 19V5M6 11l6-6 6 6")?;

        let view = View { dialog, root: root.clone(), toggled: options.toggled() };
        let listeners = [
            Listener::new(&close, "click", view.acting(|view, _| view.close()))?,
            Listener::new(&view.dialog, "keydown", view.acting(View::key))?,
            // A modal dialog is closed by the browser itself on Escape or a phone's back gesture.
            Listener::new(
                &view.dialog,
                "cancel",
                view.acting(|view, event| {
                    event.prevent_default();
                    view.close();
                }),
            )?,
        ];
        Ok(Self { view, _listeners: listeners })
    }

    /// Shows it and moves the focus into it.
    pub fn open(&self) -> Result<(), JsValue> {
        self.view.open()
    }

    /// Hides it and gives the focus back to the launcher.
    pub fn close(&self) {
        self.view.close();
    }

    /// Whether it is shown.
    pub fn is_open(&self) -> bool {
        self.view.dialog.open()
    }

    /// Takes it off the page with all its listeners.
    pub fn destroy(self) {
        self.view.dialog.remove();
    }
}

impl View {
    /// A listener that acts on this view.
    fn acting(&self, act: impl Fn(&Self, Event) + 'static) -> impl FnMut(Event) + 'static {
        let view = self.clone();
        move |event| act(&view, event)
    }

    fn open(&self) -> Result<(), JsValue> {
        if self.dialog.open() {
            return Ok(());
        }
        let phone = window().and_then(|window| window.match_media(PHONE).ok().flatten()).is_some_and(|is| is.matches());
        if phone {
            self.dialog.show_modal()?;
        } else {
            self.dialog.show();
        }
        self.dialog.focus()?;
        let _ = self.toggled.call1(&JsValue::UNDEFINED, &JsValue::TRUE);
        Ok(())
    }

    fn close(&self) {
        if !self.dialog.open() {
            return;
        }
        self.dialog.close();
        // First the launcher has to be there again: on a phone it hides behind the panel.
        let _ = self.toggled.call1(&JsValue::UNDEFINED, &JsValue::FALSE);
        if let Ok(Some(launcher)) = self.root.query_selector(".launch") {
            let _ = launcher.unchecked_into::<HtmlElement>().focus();
        }
    }

    fn key(&self, event: Event) {
        if event.unchecked_ref::<KeyboardEvent>().key() == "Escape" {
            // The page may close something of its own on Escape; this one was meant for the panel.
            event.stop_propagation();
            event.prevent_default();
            self.close();
        }
    }
}
