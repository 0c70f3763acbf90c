//! The server functions of the manual. They answer everyone: nothing in it is about anybody.
#![expect(
    missing_docs,
    reason = "the fields of what #[server(output = Answer)] makes are the arguments of its function"
)]

use crate::app::error::Answer;
use crate::markdown::anchors::outline;
use crate::wire::error::ApiError;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// A page of the manual.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Page {
    /// Its title.
    pub title: String,
    /// The id of the title; may be empty.
    pub id: String,
    /// Its text below the title.
    pub markdown: String,
    /// The ids of the text's blocks, by their index: headings have one, the others an empty text.
    pub ids: Vec<String>,
}

impl Page {
    /// Of a whole document. Its first heading of level 1 is the title, which the page shows by itself.
    pub fn new(title: String, markdown: &str) -> Self {
        let mut headings = outline(markdown);
        let titled = headings.first().is_some_and(|first| first.block == 0 && first.level == 1);
        let first = titled.then(|| headings.remove(0));
        let (from, id) = first.map(|first| (first.range.end, first.anchor)).unwrap_or_default();
        let mut ids = vec![String::new(); headings.last().map_or(0, |last| last.block + 1)];
        for heading in headings {
            ids[heading.block] = heading.anchor;
        }
        if titled {
            ids = ids.split_off(ids.len().min(1));
        }
        Self { title, id, markdown: markdown[from..].to_owned(), ids }
    }
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
    Ok(page.map(|page| Page::new(page.title, &page.markdown)))
}

#[cfg(test)]
mod tests {
    use super::Page;

    fn page(markdown: &str) -> (String, String, Vec<String>) {
        let Page { id, markdown, ids, .. } = Page::new("T".to_owned(), markdown);
        (id, markdown, ids)
    }

    #[test]
    fn only_the_first_heading_is_the_title() {
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let whole = page("# Backup\n\nText.\n\n# More\n## Backup");
        assert_eq!(
            whole,
            ("backup".to_owned(), "\nText.\n\n# More\n## Backup".to_owned(), ids(&["", "more", "backup-1"]))
        );
        assert_eq!(page("# Backup"), ("backup".to_owned(), String::new(), ids(&[])));
        let untitled = page("## Not a title\n# Later");
        assert_eq!(untitled, (String::new(), "## Not a title\n# Later".to_owned(), ids(&["not-a-title", "later"])));
        assert_eq!(page("#hash\ntext"), (String::new(), "#hash\ntext".to_owned(), ids(&[])));
    }
}
