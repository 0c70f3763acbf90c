//! One soft tone for a message that came while nobody looked. Off until the visitor turns it on.

use super::{
    app::App,
    host::{storage, window},
    json,
};
use js_sys::{Array, Function, Reflect};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

const KEPT: &str = "parlor_sound_v1";

/// Whether the visitor has turned it on.
pub fn is_on() -> bool {
    storage().and_then(|storage| storage.get_item(KEPT).ok()?).is_some()
}

/// Rings, where the browser lets it.
pub fn ring() {
    let _ = tone();
}

fn tone() -> Option<()> {
    let get = |object: &JsValue, name: &str| Reflect::get(object, &name.into()).ok();
    let kind: Function = get(&window(), "AudioContext")?.dyn_into().ok()?;
    let context = Reflect::construct(&kind, &Array::new()).ok()?;
    let source = json::call(&context, "createOscillator", &[])?;
    let volume = json::call(&context, "createGain", &[])?;
    let now = get(&context, "currentTime")?.as_f64()?;
    json::call(&get(&source, "frequency")?, "setValueAtTime", &[660.0.into(), now.into()])?;
    let gain = get(&volume, "gain")?;
    json::call(&gain, "setValueAtTime", &[0.06.into(), now.into()])?;
    json::call(&gain, "exponentialRampToValueAtTime", &[0.0001.into(), (now + 0.35).into()])?;
    json::call(&source, "connect", std::slice::from_ref(&volume))?;
    json::call(&volume, "connect", &[get(&context, "destination")?])?;
    json::call(&source, "start", &[])?;
    json::call(&source, "stop", &[(now + 0.4).into()])?;
    Some(())
}

impl App {
    /// Turns the sound on or off, which is kept.
    pub fn toggle_sound(self: &Rc<Self>) {
        let sound = !self.state.borrow().sound;
        self.state.borrow_mut().sound = sound;
        if let Some(storage) = storage() {
            let _ = if sound { storage.set_item(KEPT, "on") } else { storage.remove_item(KEPT) };
        }
        if sound {
            ring();
        }
        self.changed();
    }
}
