//! Light, dark, or as the system has it. The choice is a cookie, so that the server writes it into the first byte of
//! the page and nothing flashes.

use crate::browser;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The name of the cookie.
pub const COOKIE: &str = "parlor_theme";

/// Which colours.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the system has it.
    #[default]
    Auto,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// All, in the order they are offered.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Light, Self::Dark];

    /// The word in the cookie and in forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.as_str() == text)
    }

    /// The value of `data-theme` on `<html>`; without one the system decides.
    pub fn attribute(self) -> Option<&'static str> {
        (self != Self::Auto).then(|| self.as_str())
    }
}

/// The chosen theme. In context of the whole app.
#[derive(Clone, Copy)]
pub struct ChosenTheme(RwSignal<Theme>);

impl ChosenTheme {
    /// Starts with what the server knows.
    pub fn new(theme: Theme) -> Self {
        Self(RwSignal::new(theme))
    }

    /// Which it is.
    pub fn get(&self) -> Theme {
        self.0.get()
    }

    /// Which it is at first.
    pub fn get_untracked(&self) -> Theme {
        self.0.get_untracked()
    }

    /// Shows it at once. Only in the browser.
    pub fn set(&self, theme: Theme) {
        self.0.set(theme);
        browser::set_theme(theme.attribute());
    }
}
