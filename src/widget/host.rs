//! What stands between the panel and the page: the loader's options, elements, listeners, and the end after a panic.

use js_sys::Function;
use std::{cell::RefCell, panic};
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{Document, Event, EventTarget, HtmlElement, Node};

#[wasm_bindgen]
extern "C" {
    /// What the loader hands over: the tag's `data-` attributes and two functions.
    pub type Options;

    /// The panel's heading, from `data-title`.
    #[wasm_bindgen(method, getter)]
    pub fn title(this: &Options) -> String;

    /// The origin of the server, from `data-api-url` or the loader's own address.
    #[wasm_bindgen(method, getter, js_name = apiUrl)]
    pub fn api_url(this: &Options) -> String;

    /// The site's public key, from `data-api-key`; empty where none is given.
    #[wasm_bindgen(method, getter, js_name = apiKey)]
    pub fn api_key(this: &Options) -> String;

    /// Called with `true` when the panel has opened and `false` when it has closed.
    #[wasm_bindgen(method, getter)]
    pub fn toggled(this: &Options) -> Function;

    /// Called once when this instance cannot go on.
    #[wasm_bindgen(method, getter)]
    pub fn failed(this: &Options) -> Function;
}

thread_local! {
    static FAILED: RefCell<Option<Function>> = const { RefCell::new(None) };
}

/// Tells the loader about a panic. Replaces the standard hook, whose formatting of the message the bundle need not carry.
pub fn call_on_panic(failed: Function) {
    FAILED.set(Some(failed));
    panic::set_hook(Box::new(|_| {
        if let Some(failed) = FAILED.take() {
            let _ = failed.call0(&JsValue::UNDEFINED);
        }
    }));
}

/// A listener that is taken off when it is dropped.
pub struct Listener {
    target: EventTarget,
    event: &'static str,
    closure: Closure<dyn FnMut(Event)>,
}

impl Listener {
    /// Calls `act` on each `event` at `target`.
    pub fn new(target: &EventTarget, event: &'static str, act: impl FnMut(Event) + 'static) -> Result<Self, JsValue> {
        let closure = Closure::<dyn FnMut(Event)>::new(act);
        target.add_event_listener_with_callback(event, closure.as_ref().unchecked_ref())?;
        Ok(Self { target: target.clone(), event, closure })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.target.remove_event_listener_with_callback(self.event, self.closure.as_ref().unchecked_ref());
    }
}

/// A new element with its attributes, at the end of `parent`.
pub fn element<T: JsCast>(parent: &Node, name: &str, attributes: &[(&str, &str)]) -> Result<T, JsValue> {
    let child = document(parent)?.create_element(name)?;
    for (attribute, value) in attributes {
        child.set_attribute(attribute, value)?;
    }
    parent.append_child(&child)?;
    Ok(child.unchecked_into())
}

/// A new element that holds only text.
pub fn text(parent: &Node, name: &str, attributes: &[(&str, &str)], text: &str) -> Result<HtmlElement, JsValue> {
    let child: HtmlElement = element(parent, name, attributes)?;
    child.set_text_content(Some(text));
    Ok(child)
}

/// A drawing of one line, 24 units wide and high, hidden from those who listen: its button has the name.
pub fn icon(parent: &Node, line: &str) -> Result<(), JsValue> {
    const SVG: Option<&str> = Some("http://www.w3.org/2000/svg");
    let document = document(parent)?;
    let svg = document.create_element_ns(SVG, "svg")?;
    svg.set_attribute("viewBox", "0 0 24 24")?;
    svg.set_attribute("class", "icon")?;
    svg.set_attribute("aria-hidden", "true")?;
    let path = document.create_element_ns(SVG, "path")?;
    path.set_attribute("d", line)?;
    svg.append_child(&path)?;
    parent.append_child(&svg)?;
    Ok(())
}

fn document(node: &Node) -> Result<Document, JsValue> {
    node.owner_document().ok_or(JsValue::NULL)
}
