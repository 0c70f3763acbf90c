//! The sites in memory.

use super::{SiteSecret, rows};
use crate::{
    server::{
        clock::now,
        config::{Config, Secret},
        error::{Error, Result},
        origin,
        store::Store,
    },
    wire::{
        error::{ApiError, Code},
        id::SiteId,
        site::{SiteSettings, WhoMayChat},
        time::Timestamp,
    },
};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use subtle::ConstantTimeEq;
use tokio::sync::RwLock;

/// How long the memory counts without a look at the database. A key that another process took back is dead after it.
const FRESH: Duration = Duration::from_secs(2);
/// No key is longer, in bytes; what is longer is not even hashed.
const LONGEST_KEY: usize = 256;

/// A site as requests need it.
#[derive(Debug)]
pub struct ActiveSite {
    /// Which.
    pub id: SiteId,
    /// What administrators call it.
    pub name: String,
    /// What its owner set.
    pub settings: SiteSettings,
    /// The site's own server signs its visitors' tokens with them; the newest first, see [`Self::secrets`].
    secrets: Vec<SiteSecret>,
    own: Arc<[String]>,
    public: bool,
}

impl ActiveSite {
    /// The secrets that hold now, the newest first; two while a rotation is under way.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let at = now();
        let holds = move |known: &&SiteSecret| known.expires_at.is_none_or(|end| end > at);
        self.secrets.iter().filter(holds).map(|known| &known.secret)
    }

    /// Whether a text is a secret of the site; takes as long for a wrong one.
    pub fn is_secret(&self, text: &str) -> bool {
        let same = |secret: &Secret| bool::from(secret.expose().as_bytes().ct_eq(text.as_bytes()));
        self.secrets().fold(false, |found, secret| found | same(secret))
    }

    /// Whether pages of this origin may use the site: this server's own pages, those that its owner listed, and where
    /// they said so those of the visitor's own machine. Compared letter by letter, as the browser sent it.
    pub fn allows(&self, origin: &str) -> bool {
        self.own.iter().any(|own| own == origin)
            || self.settings.origins.iter().any(|listed| listed == origin || (listed == "*" && !self.public))
            || self.settings.loopback && origin::is_loopback(origin)
    }
}

/// All sites, read when the database says that they changed.
pub struct Known {
    store: Store,
    own: Arc<[String]>,
    public: bool,
    seen: RwLock<Option<Seen>>,
    stale: AtomicBool,
}

struct Seen {
    change: i64,
    checked: Instant,
    sites: Vec<Arc<ActiveSite>>,
    keys: HashMap<[u8; 32], Key>,
}

struct Key {
    text: String,
    site: Arc<ActiveSite>,
    expires_at: Option<Timestamp>,
}

impl Known {
    /// Nothing yet.
    pub fn new(store: Store, config: &Config) -> Self {
        let own = config.own_origins().into();
        Self { store, own, public: config.is_public(), seen: RwLock::new(None), stale: AtomicBool::new(false) }
    }

    /// The next question asks the database.
    pub fn forget(&self) {
        self.stale.store(true, Ordering::Release);
    }

    pub(super) async fn by_key(&self, key: &str) -> Result<Arc<ActiveSite>> {
        if key.is_empty() || key.len() > LONGEST_KEY {
            return Err(unknown_key());
        }
        let hash = super::hash(key);
        self.with(|seen| {
            let known = seen.keys.get(&hash)?;
            let same: bool = known.text.as_bytes().ct_eq(key.as_bytes()).into();
            let holds = known.expires_at.is_none_or(|end| end > now());
            (same && holds).then(|| known.site.clone())
        })
        .await?
        .ok_or_else(unknown_key)
    }

    pub(super) async fn by_id(&self, id: SiteId) -> Result<Option<Arc<ActiveSite>>> {
        self.with(|seen| seen.sites.iter().find(|site| site.id == id).cloned()).await
    }

    pub(super) async fn any_allows(&self, origin: &str) -> Result<bool> {
        self.with(|seen| seen.sites.iter().any(|site| site.allows(origin))).await
    }

    pub(super) async fn any_logs_in(&self, origin: &str) -> Result<bool> {
        let logs_in = |site: &Arc<ActiveSite>| site.settings.who == WhoMayChat::Account && site.allows(origin);
        self.with(|seen| seen.sites.iter().any(logs_in)).await
    }

    /// Looks at the sites as they are now, or were two seconds ago.
    async fn with<T>(&self, look: impl FnOnce(&Seen) -> T) -> Result<T> {
        let is_fresh = |seen: &Seen| seen.checked.elapsed() < FRESH && !self.stale.load(Ordering::Acquire);
        {
            let seen = self.seen.read().await;
            if let Some(seen) = seen.as_ref().filter(|seen| is_fresh(seen)) {
                return Ok(look(seen));
            }
        }
        let mut seen = self.seen.write().await;
        // Whoever waited for the lock finds what the one before has read.
        if !seen.as_ref().is_some_and(is_fresh) {
            self.stale.store(false, Ordering::Release);
            let renewed = self.renew(seen.take()).await;
            if renewed.is_err() {
                self.stale.store(true, Ordering::Release);
            }
            *seen = Some(renewed?);
        }
        seen.as_ref().map(look).ok_or_else(|| Error::Internal("the sites were not read".to_owned()))
    }

    async fn renew(&self, before: Option<Seen>) -> Result<Seen> {
        let checked = Instant::now();
        let mut tx = self.store.snapshot().await?;
        let change = rows::changes(&mut tx).await?;
        if let Some(before) = before.filter(|before| before.change == change) {
            return Ok(Seen { checked, ..before });
        }
        let (mut sites, mut keys) = (Vec::new(), HashMap::new());
        let at = now();
        for row in rows::sites(&mut tx).await? {
            sites.push(Arc::new(ActiveSite {
                id: SiteId(row.id),
                settings: row.settings()?,
                secrets: row.secrets(at),
                name: row.name,
                own: self.own.clone(),
                public: self.public,
            }));
        }
        for row in rows::keys(&mut tx).await? {
            let site = sites.iter().find(|site| site.id.0 == row.site_id);
            if let (Some(site), Ok(hash)) = (site, <[u8; 32]>::try_from(row.key_hash)) {
                keys.insert(hash, Key { text: row.key, site: site.clone(), expires_at: row.expires_at.map(Timestamp) });
            }
        }
        Ok(Seen { change, checked, sites, keys })
    }
}

/// The same words for a key that nobody has and one that was taken back.
pub fn unknown_key() -> Error {
    let message = "This site key is unknown or no longer holds. The site's page in the administration shows the key.";
    Error::Api(ApiError::new(Code::Unauthenticated, message))
}
