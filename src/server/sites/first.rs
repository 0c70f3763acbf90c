//! The site that is there from the first start on.

use super::{LOCK, Sites, fresh_key, insert, rows};
use crate::{
    server::{clock::now, error::Result},
    wire::site::SiteSettings,
};

impl Sites {
    /// Makes the first site where there is none: with the key and the origins of the settings, else with a fresh key;
    /// pages of the visitor's own machine may use it. Says so where the settings name a key that no site has, since
    /// they count only here.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn ensure_first(&self) -> Result<()> {
        let given = self.config.widget_key.as_ref().map(|key| key.expose().to_owned());
        let mut tx = self.store.begin().await?;
        tx.lock(LOCK).await?;
        if rows::any(&mut tx).await? {
            drop(tx);
            if let Some(key) = given
                && self.by_key(&key).await.is_err()
            {
                tracing::warn!(
                    "WIDGET_API_KEY is not a key of any site: it counts only for the first start; `parlor site` shows the keys"
                );
            }
            return Ok(());
        }
        let settings =
            SiteSettings { origins: self.config.cors_origins.clone(), loopback: true, ..SiteSettings::default() };
        insert(&mut tx, "My site", &settings, &given.unwrap_or_else(fresh_key), now()).await?;
        self.commit(tx).await
    }
}
