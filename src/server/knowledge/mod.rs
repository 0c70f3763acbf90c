//! Knowledge: documents, cut into passages, found by words.
//!
//! [`Knowledge::load_manual`] brings in the manual that is embedded in the program; operators add documents of their
//! own. Reading order: [`passages`] (cutting), [`words`] (what is searched for), [`search`] (what is best), `rows`.

pub mod passages;
mod rows;
pub mod search;
pub mod stem;
pub mod words;

use super::{
    error::{Error, Result},
    store::Store,
};
use crate::wire::time::Timestamp;
use include_dir::{Dir, include_dir};
use search::{Hit, Weighted};
use sha2::{Digest, Sha256};

static MANUAL: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/docs");

/// The longest text of a document, in bytes.
pub const MAX_DOCUMENT: usize = 1024 * 1024;
/// The longest slug, in bytes.
pub const MAX_SLUG: usize = 80;
/// The longest title, in characters.
pub const MAX_TITLE: usize = 200;
/// How many passages the index proposes.
const CANDIDATES: i64 = 40;

/// Where a document comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The product's manual, replaced with each version.
    Manual,
    /// Added by an operator.
    Operator,
}

impl Origin {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Operator => "operator",
        }
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Manual, Self::Operator].into_iter().find(|origin| origin.as_str() == text)
    }
}

/// A document as a page shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Document {
    /// Its name in addresses.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// Where it comes from.
    pub origin: Origin,
    /// The whole text. Links between pages of the manual are `/docs/<slug>#<anchor>`, anchors as
    /// [`outline`](crate::markdown::anchors::outline) makes them.
    pub markdown: String,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A document as a list shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DocumentInfo {
    /// Its name in addresses.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// Where it comes from.
    pub origin: Origin,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// How many passages it is cut into.
    pub passages: u64,
}

/// The documents that Guide reads. Cheap to clone.
#[derive(Clone)]
pub struct Knowledge {
    store: Store,
}

impl Knowledge {
    /// Over a database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Brings the embedded manual into the database where it changed, and takes out what is no longer part of it.
    /// Several processes may do so at once. How many documents were written or removed.
    pub async fn load_manual(&self) -> Result<usize> {
        self.load(&manual()).await
    }

    /// The same for any set of `(slug, markdown)`: afterwards the manual is exactly that set, but for slugs that an
    /// operator's document has.
    pub async fn load(&self, manual: &[(String, String)]) -> Result<usize> {
        let known = rows::hashes(&self.store, Origin::Manual).await?;
        let gone = known.iter().filter(|(slug, _)| manual.iter().all(|(other, _)| other != slug));
        let gone: Vec<&str> = gone.map(|(slug, _)| slug.as_str()).collect();
        let mut changed: Vec<_> = manual
            .iter()
            .map(|(slug, markdown)| (slug, passages::title(markdown).unwrap_or_else(|| slug.clone()), markdown))
            .map(|(slug, title, markdown)| (slug, hash(&title, markdown), title, markdown))
            .filter(|(slug, hash, ..)| !known.iter().any(|(other, old)| other == *slug && old == hash))
            .collect();
        if gone.is_empty() && changed.is_empty() {
            return Ok(0);
        }
        // One order for all processes, so that none waits for one that waits for it.
        changed.sort_by_key(|(slug, ..)| *slug);
        let mut count = 0;
        let mut tx = self.store.begin().await?;
        for (slug, hash, title, markdown) in changed {
            if let Some(id) = rows::upsert(&mut tx, slug, &title, Origin::Manual, markdown, &hash).await? {
                rows::replace_passages(&mut tx, id, &passages::cut(&title, markdown)).await?;
                count += 1;
            }
        }
        for slug in gone {
            count += usize::from(rows::delete(&mut tx, slug, Origin::Manual).await?);
        }
        tx.commit().await?;
        Ok(count)
    }

    /// Adds an operator's document, or replaces the one with the same slug.
    ///
    /// # Errors
    /// When slug, title or text are not allowed, or the slug is one of the manual's.
    pub async fn put_document(&self, slug: &str, title: &str, markdown: &str) -> Result<()> {
        let title = title.trim();
        check(slug, title, markdown)?;
        let mut tx = self.store.begin().await?;
        let hash = hash(title, markdown);
        if let Some(id) = rows::upsert(&mut tx, slug, title, Origin::Operator, markdown, &hash).await? {
            rows::replace_passages(&mut tx, id, &passages::cut(title, markdown)).await?;
        } else if rows::origin(&mut tx, slug).await? == Some(Origin::Manual) {
            return Err(Error::conflict(format!("The manual has a page named {slug}. Choose another name.")));
        }
        Ok(tx.commit().await?)
    }

    /// Removes an operator's document.
    ///
    /// # Errors
    /// Not found, which the manual's pages are here too.
    pub async fn remove_document(&self, slug: &str) -> Result<()> {
        let mut tx = self.store.begin().await?;
        if !rows::delete(&mut tx, slug, Origin::Operator).await? {
            return Err(Error::not_found("document"));
        }
        Ok(tx.commit().await?)
    }

    /// All documents, by slug.
    pub async fn list_documents(&self) -> Result<Vec<DocumentInfo>> {
        rows::list(&self.store).await
    }

    /// One document, whole.
    pub async fn document(&self, slug: &str) -> Result<Option<Document>> {
        rows::document(&self.store, slug).await
    }

    /// The passages that answer a question best, the best first, at most `limit`. Any text is a question; what has no
    /// word in it, or only such that say nothing, finds nothing.
    pub async fn search(&self, question: &str, limit: usize) -> Result<Vec<Hit>> {
        let terms = words::terms(question);
        if terms.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let all = rows::count(&self.store).await?;
        let mut weighted = Vec::with_capacity(terms.len());
        for term in terms {
            let stems: Vec<String> = term.stems().collect();
            let passages = rows::count_with(&self.store, &stems).await?;
            weighted.push(Weighted::new(term, passages, all));
        }
        let asked = search::selective(&weighted, all);
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let found = rows::find(&self.store, &asked, CANDIDATES).await?;
        let mut hits = search::rank(&weighted, found);
        hits.truncate(limit);
        Ok(hits)
    }
}

/// The embedded manual: `(slug, markdown)` of each page, its links made those of this server.
pub fn manual() -> Vec<(String, String)> {
    let files = || MANUAL.files().filter(|file| file.path().extension().is_some_and(|ending| ending == "md"));
    let slug = |file: &include_dir::File<'_>| file.path().file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let slugs: Vec<String> = files().filter_map(slug).collect();
    let pages = files().filter_map(|file| Some((slug(file)?, file.contents_utf8()?.to_owned())));
    let mut pages: Vec<_> = pages
        .map(|(slug, markdown)| {
            let linked = link(&slug, &markdown, &slugs);
            (slug, linked)
        })
        .collect();
    pages.sort();
    pages
}

/// `](page.md#part)` becomes `](/docs/page#part)`, and `](#part)` too: a quote stands on another page.
fn link(own: &str, markdown: &str, slugs: &[String]) -> String {
    let text = markdown.replace("](#", &format!("](/docs/{own}#"));
    slugs.iter().fold(text, |text, slug| text.replace(&format!("]({slug}.md"), &format!("](/docs/{slug}")))
}

fn hash(title: &str, markdown: &str) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update([passages::VERSION]);
    hash.update(title.as_bytes());
    hash.update([0]);
    hash.update(markdown.as_bytes());
    hash.finalize().to_vec()
}

fn check(slug: &str, title: &str, markdown: &str) -> Result<()> {
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if slug.is_empty() || slug.len() > MAX_SLUG || !slug.bytes().all(letters) {
        return Err(Error::invalid(format!("A document's name has 1 to {MAX_SLUG} of a to z, 0 to 9 and -.")));
    }
    if title.is_empty() || title.chars().count() > MAX_TITLE || title.chars().any(char::is_control) {
        return Err(Error::invalid(format!("A document's title has 1 to {MAX_TITLE} characters on one line.")));
    }
    if markdown.trim().is_empty() || markdown.len() > MAX_DOCUMENT || markdown.contains('\0') {
        return Err(Error::invalid("A document has 1 byte to 1 MiB of text, without NUL characters."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_is_embedded_and_its_links_lead_somewhere() {
        let pages = manual();
        assert!(pages.len() >= 11, "{}", pages.len());
        for (slug, markdown) in &pages {
            assert!(passages::title(markdown).is_some(), "{slug} has no title");
            for target in markdown.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                if target.starts_with("https://") {
                    continue;
                }
                let Some(path) = target.strip_prefix("/docs/") else {
                    assert!(target.starts_with("http://127.0.0.1"), "{slug}: {target}");
                    continue;
                };
                let (page, anchor) = path.split_once('#').unwrap_or((path, ""));
                let found = pages.iter().find(|(other, _)| other == page);
                let cut = found.map(|(other, markdown)| passages::cut(other, markdown)).unwrap_or_default();
                assert!(cut.iter().any(|p| anchor.is_empty() || p.anchor == anchor), "{slug}: {target}");
            }
        }
    }

    #[test]
    fn links_between_pages_become_addresses() {
        let slugs = ["models".to_owned()];
        let linked = link("chat", "[a](models.md#ollama) [b](https://x/models.md) [c](#part)", &slugs);
        assert_eq!(linked, "[a](/docs/models#ollama) [b](https://x/models.md) [c](/docs/chat#part)");
    }
}
