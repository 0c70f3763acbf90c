//! Websites that embed the widget: their keys, the origins that may use them, and what their owners set.
//!
//! Every request of a widget asks for its site, so sites are kept in memory ([`known`]); a counter in the database says
//! when they changed, and is looked at every two seconds. What one process changes, it sees at once.

pub mod check;
pub mod first;
pub mod form;
pub mod known;
pub mod limit;
mod rows;

use super::{
    clock::{new_id, now},
    config::{Config, Secret},
    error::{Error, Result},
    limits::{Limits, LocalLimits},
    secrets::random_text,
    store::{Store, Tx},
};
use crate::wire::{
    id::SiteId,
    message::MAX_CONTENT,
    site::{Site, SiteKey, SiteSettings, WidgetConfig},
    time::Timestamp,
};
use known::{ActiveSite, Known};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// How long the key or secret before holds while a rotation is under way, in milliseconds: a day.
pub const ROTATION: i64 = 24 * 3_600_000;
/// The largest upload where a site sets none, in bytes.
pub const UPLOAD_BYTES: u64 = 10 * 1024 * 1024;
/// What may be uploaded.
pub const UPLOAD_TYPES: [&str; 7] =
    ["image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain", "text/csv"];

/// A secret of a site.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SiteSecret {
    /// It.
    pub secret: Secret,
    /// When it stops to hold; absent: not.
    pub expires_at: Option<Timestamp>,
}

/// The use cases of sites. Cheap to clone.
#[derive(Clone)]
pub struct Sites {
    store: Store,
    config: Arc<Config>,
    known: Arc<Known>,
    limits: Arc<dyn Limits>,
}

impl Sites {
    /// Over a database; limits are counted in this process.
    pub fn new(store: Store, config: Arc<Config>) -> Self {
        let known = Arc::new(Known::new(store.clone(), &config));
        Self { store, config, known, limits: Arc::new(LocalLimits::default()) }
    }

    /// With limits that replicas share.
    #[must_use]
    pub fn with_limits(mut self, limits: Arc<dyn Limits>) -> Self {
        self.limits = limits;
        self
    }

    /// The site that a request speaks for.
    ///
    /// # Errors
    /// Unauthenticated when nobody has this key, or it was taken back.
    pub async fn by_key(&self, key: &str) -> Result<Arc<ActiveSite>> {
        self.known.by_key(key).await
    }

    /// A site, where it is still there.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn by_id(&self, id: SiteId) -> Result<Option<Arc<ActiveSite>>> {
        self.known.by_id(id).await
    }

    /// Whether any site allows pages of this origin: what a preflight, which has no key, is answered by.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn any_allows(&self, origin: &str) -> Result<bool> {
        self.known.any_allows(origin).await
    }

    /// Whether a site whose visitors log in to this server allows pages of this origin.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn any_logs_in(&self, origin: &str) -> Result<bool> {
        self.known.any_logs_in(origin).await
    }

    /// All sites, the oldest first.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn list(&self) -> Result<Vec<Site>> {
        let mut tx = self.store.snapshot().await?;
        let sites = rows::sites(&mut tx).await?;
        let keys = rows::keys(&mut tx).await?;
        let at = now();
        sites.into_iter().map(|site| site.show(&keys, at)).collect()
    }

    /// One site.
    ///
    /// # Errors
    /// Not found.
    pub async fn show(&self, id: SiteId) -> Result<Site> {
        let mut tx = self.store.snapshot().await?;
        shown(&mut tx, id).await
    }

    /// Makes a site with a fresh key.
    ///
    /// # Errors
    /// Invalid, with the field that is wrong.
    pub async fn create(&self, name: &str, settings: SiteSettings) -> Result<Site> {
        let name = check::name(name)?;
        let settings = check::settings(settings, self.config.is_public())?;
        let mut tx = self.store.begin().await?;
        let id = insert(&mut tx, &name, &settings, &fresh_key(), now()).await?;
        let site = shown(&mut tx, id).await?;
        self.commit(tx).await?;
        Ok(site)
    }

    /// Changes the name or the settings: `change` is given both as they are, inside the transaction, so that two who
    /// change different things at once lose nothing.
    ///
    /// # Errors
    /// Not found; invalid, with the field that is wrong; whatever `change` says.
    pub async fn change(
        &self,
        id: SiteId,
        change: impl FnOnce(&mut String, &mut SiteSettings) -> Result<()> + Send,
    ) -> Result<Site> {
        let mut tx = self.store.begin().await?;
        tx.lock(LOCK).await?;
        let Site { mut name, mut settings, .. } = shown(&mut tx, id).await?;
        change(&mut name, &mut settings)?;
        let name = check::name(&name)?;
        let settings = check::settings(settings, self.config.is_public())?;
        rows::update(&mut tx, id, &name, &write(&settings)?, now()).await?;
        let site = shown(&mut tx, id).await?;
        self.commit(tx).await?;
        Ok(site)
    }

    /// Gives the site a new key. The others hold for another day, or with `at_once` no longer.
    ///
    /// # Errors
    /// Not found.
    pub async fn rotate(&self, id: SiteId, at_once: bool) -> Result<Site> {
        let mut tx = self.store.begin().await?;
        tx.lock(LOCK).await?;
        shown(&mut tx, id).await?;
        let at = now();
        let end = if at_once { at.0 } else { at.0 + ROTATION };
        rows::end_keys(&mut tx, id, Timestamp(end)).await?;
        rows::prune_keys(&mut tx, id, at).await?;
        rows::insert_key(&mut tx, id, &fresh_key(), at).await?;
        let site = shown(&mut tx, id).await?;
        self.commit(tx).await?;
        Ok(site)
    }

    /// Takes one key back, at once, while another holds.
    ///
    /// # Errors
    /// Not found; a conflict for the only key that holds without an end.
    pub async fn revoke(&self, id: SiteId, key: &str) -> Result<Site> {
        let mut tx = self.store.begin().await?;
        tx.lock(LOCK).await?;
        let site = shown(&mut tx, id).await?;
        if !site.keys.iter().any(|known| known.key == key) {
            return Err(Error::not_found("key"));
        }
        if site.keys.iter().filter(|known| known.key != key).all(|known| known.expires_at.is_some()) {
            let message = "This is the key that pages use. Make a new one, which can take it back at once.";
            return Err(Error::conflict(message));
        }
        rows::delete_key(&mut tx, id, key).await?;
        let site = shown(&mut tx, id).await?;
        self.commit(tx).await?;
        Ok(site)
    }

    /// The newest secret with which the site's own server signs its visitors' tokens.
    ///
    /// # Errors
    /// Not found.
    pub async fn secret(&self, id: SiteId) -> Result<Secret> {
        let newest = self.secrets(id).await?.into_iter().next();
        newest.map(|newest| newest.secret).ok_or_else(|| Error::not_found("site"))
    }

    /// The secrets that hold now, the newest first; two while a rotation is under way.
    ///
    /// # Errors
    /// Not found.
    pub async fn secrets(&self, id: SiteId) -> Result<Vec<SiteSecret>> {
        let mut tx = self.store.snapshot().await?;
        let site = rows::site(&mut tx, id).await?.ok_or_else(|| Error::not_found("site"))?;
        Ok(site.secrets(now()))
    }

    /// Makes another secret. The one before holds for another day, or with `at_once` no longer; one before that ends.
    ///
    /// # Errors
    /// Not found.
    pub async fn rotate_secret(&self, id: SiteId, at_once: bool) -> Result<Vec<SiteSecret>> {
        let mut tx = self.store.begin().await?;
        tx.lock(LOCK).await?;
        shown(&mut tx, id).await?;
        let at = now();
        rows::set_secret(&mut tx, id, &fresh_secret(), Timestamp(at.0 + ROTATION), at).await?;
        if at_once {
            rows::end_previous_secret(&mut tx, id, at).await?;
        }
        self.commit(tx).await?;
        self.secrets(id).await
    }

    /// Ends the secret before the newest one, at once.
    ///
    /// # Errors
    /// Not found.
    pub async fn end_previous_secret(&self, id: SiteId) -> Result<()> {
        let mut tx = self.store.begin().await?;
        tx.lock(LOCK).await?;
        shown(&mut tx, id).await?;
        rows::end_previous_secret(&mut tx, id, now()).await?;
        self.commit(tx).await
    }

    /// Deletes a site with its visitors and their conversations.
    ///
    /// # Errors
    /// Not found.
    pub async fn delete(&self, id: SiteId) -> Result<()> {
        let mut tx = self.store.begin().await?;
        tx.lock(LOCK).await?;
        if !rows::delete(&mut tx, id).await? {
            return Err(Error::not_found("site"));
        }
        self.commit(tx).await
    }

    /// Commits a change of sites, and lets this process see it at once; others see it within two seconds.
    async fn commit(&self, mut tx: Tx) -> Result<()> {
        rows::note_change(&mut tx).await?;
        tx.commit().await?;
        self.known.forget();
        Ok(())
    }
}

/// What the widget is told of a site before a visitor acts. Pure.
pub fn widget_config(settings: &SiteSettings) -> WidgetConfig {
    WidgetConfig {
        who: settings.who,
        branding: settings.branding.clone(),
        upload_bytes: settings.limits.upload_bytes.unwrap_or(UPLOAD_BYTES),
        upload_types: UPLOAD_TYPES.map(str::to_owned).to_vec(),
        message_bytes: MAX_CONTENT as u64,
    }
}

/// Held by whoever changes sites.
const LOCK: &str = "sites";

async fn shown(tx: &mut Tx, id: SiteId) -> Result<Site> {
    let site = rows::site(tx, id).await?.ok_or_else(|| Error::not_found("site"))?;
    let keys = rows::keys_of(tx, id).await?;
    site.show(&keys, now())
}

async fn insert(tx: &mut Tx, name: &str, settings: &SiteSettings, key: &str, at: Timestamp) -> Result<SiteId> {
    let id = SiteId(new_id());
    rows::insert(tx, id, name, &write(settings)?, &fresh_secret(), at).await?;
    rows::insert_key(tx, id, key, at).await?;
    Ok(id)
}

fn write(settings: &SiteSettings) -> Result<String> {
    serde_json::to_string(settings).map_err(|error| Error::Internal(format!("settings of a site: {error}")))
}

/// `pk_` and 22 characters.
fn fresh_key() -> String {
    format!("pk_{}", random_text())
}

/// 44 characters, 256 bits.
fn fresh_secret() -> String {
    format!("{}{}", random_text(), random_text())
}

fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

impl rows::SiteRow {
    fn show(self, keys: &[rows::KeyRow], at: Timestamp) -> Result<Site> {
        let settings = self.settings()?;
        let mut keys: Vec<SiteKey> = keys
            .iter()
            .filter(|key| key.site_id == self.id && key.holds(at))
            .map(|key| SiteKey {
                key: key.key.clone(),
                created_at: Timestamp(key.created_at),
                expires_at: key.expires_at.map(Timestamp),
            })
            .collect();
        keys.sort_by_key(|key| (key.expires_at.is_some(), std::cmp::Reverse(key.created_at)));
        Ok(Site { id: SiteId(self.id), name: self.name, settings, keys, created_at: Timestamp(self.created_at) })
    }
}
