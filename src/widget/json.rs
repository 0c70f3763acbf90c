//! JSON through the browser's own parser, and fields of objects that may come from a page with a polluted prototype:
//! only what an object itself has is read.

use super::core::{outbox::quote, read::Value};
use js_sys::{Array, Date, Function, JSON, Object, Reflect};
use wasm_bindgen::prelude::*;

impl Value for JsValue {
    fn get(&self, name: &str) -> Option<Self> {
        // Not asked by `instanceof`: what has no prototype is of no class.
        if !self.is_object() {
            return None;
        }
        let name = JsValue::from_str(name);
        if !Object::has_own(self.unchecked_ref::<Object>(), &name) {
            return None;
        }
        Reflect::get(self, &name).ok().filter(|value| !value.is_null() && !value.is_undefined())
    }

    fn text(&self) -> Option<String> {
        self.as_string()
    }

    fn number(&self) -> Option<f64> {
        self.as_f64()
    }

    fn items(&self) -> Vec<Self> {
        if Array::is_array(self) { self.unchecked_ref::<Array>().iter().collect() } else { Vec::new() }
    }

    fn json(&self) -> String {
        let mut out = String::new();
        write(self, &mut out, 0);
        out
    }
}

/// Not by the browser: a page may have given lists a `toJSON` of its own, as Prototype.js did.
fn write(value: &JsValue, out: &mut String, depth: u32) {
    if let Some(text) = value.as_string() {
        quote(&text, out);
    } else if depth > 16 || !value.is_object() || value.is_instance_of::<Date>() {
        let text = if depth > 16 { None } else { JSON::stringify(value).ok().and_then(|text| text.as_string()) };
        out.push_str(text.as_deref().unwrap_or("null"));
    } else if Array::is_array(value) {
        out.push('[');
        for (index, item) in value.items().iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            write(item, out, depth + 1);
        }
        out.push(']');
    } else {
        out.push('{');
        let start = out.len();
        for key in Object::keys(value.unchecked_ref::<Object>()).iter() {
            let held = Reflect::get(value, &key).unwrap_or_default();
            if held.is_undefined() || held.is_function() {
                continue;
            }
            if out.len() > start {
                out.push(',');
            }
            quote(&key.as_string().unwrap_or_default(), out);
            out.push(':');
            write(&held, out, depth + 1);
        }
        out.push('}');
    }
}

/// Parses a text; `undefined` where it is no JSON.
pub fn parse(text: &str) -> JsValue {
    JSON::parse(text).unwrap_or_default()
}

/// An object without a prototype.
pub fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let object: Object = Object::create(JsValue::NULL.unchecked_ref::<Object>());
    for (name, value) in fields {
        let _ = Reflect::set(&object, &JsValue::from_str(name), value);
    }
    object.into()
}

/// Calls a method, which may be inherited; `None` where there is none or it throws.
pub fn call(object: &JsValue, name: &str, arguments: &[JsValue]) -> Option<JsValue> {
    let method: Function = Reflect::get(object, &JsValue::from_str(name)).ok()?.dyn_into().ok()?;
    method.apply(object, &arguments.iter().collect::<Array>()).ok()
}

/// Calls a function that a page gave; `None` where it is none or throws.
pub fn tell(function: &JsValue, arguments: &[JsValue]) -> Option<JsValue> {
    function.dyn_ref::<Function>()?.apply(&JsValue::UNDEFINED, &arguments.iter().collect::<Array>()).ok()
}
