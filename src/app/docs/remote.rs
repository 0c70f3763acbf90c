//! The server functions of the manual. They answer everyone: nothing in it is about anybody.
#![expect(
    missing_docs,
    reason = "the fields of what #[server(output = Answer)] makes are the arguments of its function"
)]

use crate::app::error::Answer;
use crate::wire::error::ApiError;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// A page of the manual.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Page {
    /// Its title.
    pub title: String,
    /// Its whole text.
    pub markdown: String,
}

/// A page as the list shows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PageInfo {
    /// Its name in addresses.
    pub slug: String,
    /// Its title.
    pub title: String,
}

/// All pages, by title.
#[server(output = Answer)]
pub async fn documents() -> Result<Vec<PageInfo>, ApiError> {
    use crate::server::http::caller;
    let all = caller::answer(caller::state()?.knowledge.list_documents().await)?;
    Ok(all.into_iter().map(|page| PageInfo { slug: page.slug, title: page.title }).collect())
}

/// One page; nothing where there is none.
#[server(output = Answer)]
pub async fn document(slug: String) -> Result<Option<Page>, ApiError> {
    use crate::server::http::caller;
    let page = caller::answer(caller::state()?.knowledge.document(&slug).await)?;
    Ok(page.map(|page| Page { title: page.title, markdown: page.markdown }))
}
