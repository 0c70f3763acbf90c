//! Whether anybody has signed up yet: the first one may, whatever the settings say.

use super::Accounts;
use crate::{on, server::error::Result};

impl Accounts {
    /// Whether there is no account at all.
    pub async fn is_empty(&self) -> Result<bool> {
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM users)";
        Ok(on!(self.store.read(), |db| sqlx::query_scalar(sql).fetch_one(db).await)?)
    }
}
