//! Effects, memos and texts that share their code.
//!
//! `Effect::new` and `Memo::new` are made again for each closure they are called with, 1 kB each time. Behind a box all
//! closures are one. What a view shows and says is made again for each type: so text that changes is a `String`, also
//! where it could be borrowed.

use leptos::prelude::*;

/// Runs in the browser once the page is drawn, and again when what it reads has changed; with what it returned before.
pub fn effect<T: 'static>(mut run: impl FnMut(Option<T>) -> T + 'static) {
    let mut before = None;
    boxed_effect(Box::new(move || before = Some(run(before.take()))));
}

fn boxed_effect(mut run: Box<dyn FnMut()>) {
    Effect::new(move |_| run());
}

/// A value that is made again when what it reads has changed, and that tells only of one that is different.
pub fn memo<T: PartialEq + Send + Sync + 'static>(make: impl Fn() -> T + Send + Sync + 'static) -> Memo<T> {
    boxed_memo(Box::new(make))
}

fn boxed_memo<T: PartialEq + Send + Sync + 'static>(make: Box<dyn Fn() -> T + Send + Sync>) -> Memo<T> {
    Memo::new(move |_| make())
}

/// The value of an attribute, or a text, that is there only at times.
pub fn text_if(there: bool, text: &str) -> Option<String> {
    there.then(|| text.to_owned())
}
