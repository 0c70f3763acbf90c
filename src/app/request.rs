//! What the server knows about a request when it renders a page. The browser gets the same in the page's own data, so
//! that its first render is the server's.

use crate::{
    app::theme::Theme,
    wire::{account::Viewer, error::ApiError},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Who asks, and what holds for them. The server provides it as context around every page.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
pub struct Seed {
    /// The account that is logged in.
    pub viewer: Option<Viewer>,
    /// The colours they chose.
    pub theme: Theme,
    /// Who can make an account.
    pub sign_up: SignUpMode,
    /// The fewest characters of a password.
    pub password_min: u32,
    /// What the form that was sent before, without JavaScript, has to say.
    pub flash: Option<Flash>,
    /// Why the server cannot tell who asks.
    pub fault: Option<ApiError>,
}

/// Who can make an account.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub enum SignUpMode {
    /// Anyone.
    #[default]
    Open,
    /// Whoever has a code.
    Invite,
    /// Nobody.
    Closed,
}

/// The outcome of a form that was sent without JavaScript, for the page that follows. It travels in a cookie that only
/// the server reads and writes, so that no link can put words into a page.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Flash {
    /// The name of the form's server function.
    pub form: String,
    /// What went wrong.
    pub error: Option<ApiError>,
    /// What went well.
    pub notice: Option<String>,
    /// What was typed, by field, never a password.
    pub typed: Vec<(String, String)>,
}

impl Flash {
    /// What was typed into a field.
    pub fn typed(&self, field: &str) -> Option<&str> {
        self.typed.iter().find(|(name, _)| name == field).map(|(_, text)| text.as_str())
    }
}

/// Sets the status of the page that is being rendered. Only on the server.
#[derive(Clone)]
pub struct SetStatus(pub Arc<dyn Fn(u16) + Send + Sync>);

/// The flash, until the form that it belongs to has taken it.
#[derive(Clone, Copy)]
struct PendingFlash(StoredValue<Option<Flash>>);

/// Reads the seed, and makes it the context of the app.
pub fn provide_seed() -> Seed {
    let seed = SharedValue::new(|| use_context::<Seed>().unwrap_or_default()).into_inner();
    provide_context(PendingFlash(StoredValue::new(seed.flash.clone())));
    provide_context(seed.clone());
    seed
}

/// The flash of one form, once. The server renders one page, and what waits for data several times; the browser, which
/// goes on to other pages, forgets it when it was shown.
pub fn take_flash(form: &str) -> Option<Flash> {
    let PendingFlash(pending) = use_context::<PendingFlash>()?;
    let mine = pending.with_value(|flash| flash.clone().filter(|flash| flash.form == form))?;
    crate::app::reactive::effect(move |_| pending.set_value(None));
    Some(mine)
}
