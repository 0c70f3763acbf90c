//! Lists whose rows stay what they are while others come and go.

use leptos::prelude::*;

/// A row: its key, unique in the list, and how it is drawn once it is new.
pub struct Item {
    key: String,
    draw: Box<dyn FnOnce() -> AnyView + Send>,
}

/// A row with a key.
pub fn item<V: IntoView + 'static>(key: impl ToString, draw: impl FnOnce() -> V + Send + 'static) -> Item {
    Item { key: key.to_string(), draw: Box::new(move || draw().into_any()) }
}

/// A list that is drawn again, by the keys of its rows, when what `items` reads has changed.
///
/// All lists share the one `<For>` in here: each of its own types is 10 kB of code.
pub fn each(items: impl Fn() -> Vec<Item> + Send + 'static) -> AnyView {
    list(Box::new(items))
}

// Not in `each`: what is written in a generic function is made again for each of its types, closures too.
fn list(items: Box<dyn Fn() -> Vec<Item> + Send>) -> AnyView {
    view! { <For each=items key=|item| item.key.clone() children=|item: Item| (item.draw)()/> }.into_any()
}
