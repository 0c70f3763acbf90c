//! Components without server calls: what they show comes in as properties, what happens goes out as callbacks.
//!
//! Their style is style/ui.css and style/markdown.css, in the order of these modules.

pub mod avatar;
pub mod button;
pub mod clipboard;
pub mod code;
pub mod dialog;
pub mod each;
pub mod element;
pub mod field;
pub mod icon;
pub mod markdown;
pub mod menu;
pub mod skeleton;
pub mod time;
pub mod toast;
