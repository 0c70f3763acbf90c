//! Whether anybody has signed up yet: the first one may, whatever the settings say.

use super::{Accounts, rows};
use crate::server::error::Result;

impl Accounts {
    /// Whether there is no account at all.
    pub async fn is_empty(&self) -> Result<bool> {
        Ok(!rows::any_user(&self.store).await?)
    }
}
