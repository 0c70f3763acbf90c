//! What stands between the panel and the page: elements, listeners, time, storage, and the end after a panic.

use js_sys::{Date, Function, Math, Promise};
use std::{cell::RefCell, panic, pin::Pin, rc::Rc};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, Event, EventTarget, HtmlElement, Node, Storage, Window};

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

/// The page's window.
#[expect(clippy::expect_used, reason = "the module is loaded by a page, and a page has a window")]
pub fn window() -> Window {
    web_sys::window().expect("a window")
}

/// Milliseconds since 1970.
pub fn now() -> f64 {
    Date::now()
}

/// Evenly from 0 to 1.
pub fn chance() -> f64 {
    Math::random()
}

/// Whether the tab is out of sight.
pub fn hidden() -> bool {
    window().document().is_some_and(|document| document.hidden())
}

/// A listener that is taken off when it is dropped.
pub struct Listener {
    target: EventTarget,
    event: &'static str,
    closure: Closure<dyn FnMut(Event)>,
}

impl Listener {
    /// Calls `act` on each `event` at `target`.
    pub fn new(target: &EventTarget, event: &'static str, act: impl FnMut(Event) + 'static) -> Self {
        Self::boxed(target, event, Box::new(act))
    }

    fn boxed(target: &EventTarget, event: &'static str, act: Box<dyn FnMut(Event)>) -> Self {
        let closure = Closure::wrap(act);
        let _ = target.add_event_listener_with_callback(event, closure.as_ref().unchecked_ref());
        Self { target: target.clone(), event, closure }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.target.remove_event_listener_with_callback(self.event, self.closure.as_ref().unchecked_ref());
    }
}

/// Something that is waited for and may be ended early by [`wake`](Self::wake).
#[derive(Clone, Default)]
pub struct Alarm(Rc<RefCell<Vec<Function>>>);

impl Alarm {
    /// Waits so many milliseconds, or until it is woken.
    pub fn sleep(&self, millis: u32) -> Work<Result<JsValue, JsValue>> {
        let sleepers = self.0.clone();
        let mut own = None;
        let promise = Promise::new(&mut |resolve, _| {
            let millis = i32::try_from(millis).unwrap_or(i32::MAX);
            let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, millis);
            own = Some(resolve.clone());
            sleepers.borrow_mut().push(resolve);
        });
        Box::pin(async move {
            let slept = wait(promise.into()).await;
            // Who looks every second for days would leave one behind each time.
            sleepers.borrow_mut().retain(|other| own.as_ref() != Some(other));
            slept
        })
    }

    /// Ends all waits.
    pub fn wake(&self) {
        for resolve in self.0.take() {
            let _ = resolve.call0(&JsValue::UNDEFINED);
        }
    }
}

/// Calls `act` once after so many milliseconds.
pub fn later(millis: i32, act: Box<dyn FnOnce()>) {
    let act = Closure::once_into_js(act);
    let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(act.unchecked_ref(), millis);
}

/// Calls `act` before the next frame; in a hidden tab, which has none, soon.
pub fn next_frame(act: Box<dyn FnOnce()>) {
    if hidden() {
        return later(50, act);
    }
    let act = Closure::once_into_js(act);
    let _ = window().request_animation_frame(act.unchecked_ref());
}

/// Work of any kind. Boxed, so that the code that runs it is there once and not once for each kind.
pub type Work<T> = Pin<Box<dyn Future<Output = T>>>;

/// Does work on the side.
pub fn spawn(work: impl Future<Output = ()> + 'static) {
    fn boxed(work: Work<()>) {
        wasm_bindgen_futures::spawn_local(work);
    }
    boxed(Box::pin(work));
}

/// Waits for a promise, of whatever type: the code that waits is there once.
pub fn wait(promise: JsValue) -> Work<Result<JsValue, JsValue>> {
    Box::pin(JsFuture::<JsValue>::from(Promise::<JsValue>::resolve(&promise)))
}

/// Work as a promise.
pub fn promise(work: Work<Result<JsValue, JsValue>>) -> Promise {
    wasm_bindgen_futures::future_to_promise(work)
}

/// What this origin keeps; `None` where the visitor forbids it.
pub fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// A new element with its attributes, at the end of `parent`.
pub fn element<T: JsCast>(parent: &Node, name: &str, attributes: &[(&str, &str)]) -> T {
    make(parent, name, attributes, None).unchecked_into()
}

/// A new element that holds only text.
pub fn text(parent: &Node, name: &str, attributes: &[(&str, &str)], text: &str) -> HtmlElement {
    make(parent, name, attributes, Some(text)).unchecked_into()
}

fn make(parent: &Node, name: &str, attributes: &[(&str, &str)], text: Option<&str>) -> Element {
    let Some(Ok(child)) = parent.owner_document().map(|page| page.create_element(name)) else { never() };
    for (attribute, value) in attributes {
        set(&child, attribute, value);
    }
    if text.is_some() {
        child.set_text_content(text);
    }
    let _ = parent.append_child(&child);
    child
}

/// Sets an attribute. Ours have names that no browser refuses.
pub fn set(element: &Element, name: &str, value: &str) {
    let _ = element.set_attribute(name, value);
}

/// A button with a drawing and a name for those who listen.
pub fn icon_button(parent: &Node, class: &str, act: &str, label: &str, line: &str) -> HtmlElement {
    let about = [("type", "button"), ("class", class), ("data-act", act), ("aria-label", label), ("title", label)];
    let button: HtmlElement = element(parent, "button", &about);
    icon(&button, line);
    button
}

/// A drawing of one line, 24 units wide and high, hidden from those who listen: its button has the name.
pub fn icon(parent: &Node, line: &str) {
    const SVG: Option<&str> = Some("http://www.w3.org/2000/svg");
    let Some(page) = parent.owner_document() else { never() };
    let (Ok(svg), Ok(path)) = (page.create_element_ns(SVG, "svg"), page.create_element_ns(SVG, "path")) else {
        never()
    };
    for (name, value) in [("viewBox", "0 0 24 24"), ("class", "icon"), ("aria-hidden", "true")] {
        set(&svg, name, value);
    }
    set(&path, "d", line);
    let _ = svg.append_child(&path);
    let _ = parent.append_child(&svg);
}

/// No browser comes here.
fn never() -> ! {
    wasm_bindgen::throw_str("no element")
}
