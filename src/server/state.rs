//! What every request can reach. Cheap to clone; each extractor takes only the part it needs.

use super::{
    accounts::Accounts, config::Config, conversation::Conversations, files::Files, generation::Engine, hub::Hub,
    knowledge::Knowledge, lifecycle::Lifecycle, sites::Sites, store::Store, visitors::Visitors,
};
use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use std::sync::Arc;

/// The composition of one server.
#[derive(Clone)]
pub struct AppState {
    /// The settings.
    pub config: Arc<Config>,
    /// Where the bundles are.
    pub leptos: LeptosOptions,
    /// The database.
    pub store: Store,
    /// Wakes readers.
    pub hub: Arc<dyn Hub>,
    /// Accounts and sessions.
    pub accounts: Accounts,
    /// Conversations and messages.
    pub conversations: Conversations,
    /// Replies in the making.
    pub engine: Engine,
    /// What Guide reads.
    pub knowledge: Knowledge,
    /// Websites that embed the widget.
    pub sites: Sites,
    /// Their visitors.
    pub visitors: Visitors,
    /// What visitors send besides words.
    pub files: Files,
    /// Starting and stopping.
    pub lifecycle: Lifecycle,
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}
