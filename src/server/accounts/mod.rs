//! Accounts: who may come in, and as whom.
//!
//! [`sign_up`] makes accounts, [`session`] keeps people in, [`manage`] is what they do with their account. Each change
//! is one transaction; the queries stand in `rows.rs` and `session_rows.rs`.

pub mod device;
pub mod export;
pub mod manage;
pub mod password;
mod rows;
pub mod session;
mod session_rows;
pub mod sign_up;
pub mod sweep;
mod throttle;
pub mod token;
pub mod username;

pub mod first;

use super::{
    config::Config,
    error::{Error, Result},
    limits::{Limits, LocalLimits},
    secrets::{Key, Secrets},
    store::Store,
};
use crate::wire::{
    account::{LogIn, Viewer},
    error::{ApiError, Code},
    id::{SessionId, UserId},
};
use password::{Hasher, Match};
use std::{net::IpAddr, sync::Arc};
use token::Tokens;

/// The use cases of accounts. Cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    store: Store,
    config: Arc<Config>,
    tokens: Arc<Tokens>,
    devices: Key,
    hasher: Hasher,
    limits: Arc<dyn Limits>,
}

/// Where a log-in comes from.
#[derive(Clone, Debug)]
pub struct Client {
    /// The caller's address, behind trusted proxies already resolved.
    pub address: IpAddr,
    /// The `User-Agent` header; may be empty.
    pub agent: String,
    /// Whether it keeps its tokens in cookies (a browser) or itself (a program).
    pub browser: bool,
    /// The value by which a browser is known again, from [`LoggedIn::device`].
    pub device: Option<String>,
}

/// Fresh credentials.
pub struct LoggedIn {
    /// The account.
    pub viewer: Viewer,
    /// The session.
    pub session: SessionId,
    /// The access JWT.
    pub access: String,
    /// The refresh token.
    pub refresh: String,
    /// After a log-in of a browser: by what it is known again, so that guesses of others do not make it wait.
    pub device: Option<String>,
}

/// An authenticated caller.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The account.
    pub viewer: Viewer,
    /// The session that the credential belongs to.
    pub session: SessionId,
}

impl Accounts {
    /// Over a database, with settings and the server's secret; limits are counted in this process.
    pub fn new(store: Store, config: Arc<Config>, secrets: &Secrets) -> Self {
        Self {
            store,
            config,
            tokens: Arc::new(Tokens::new(secrets)),
            devices: secrets.key("device"),
            hasher: Hasher::default(),
            limits: Arc::new(LocalLimits::default()),
        }
    }

    /// With limits that replicas share.
    #[must_use]
    pub fn with_limits(mut self, limits: Arc<dyn Limits>) -> Self {
        self.limits = limits;
        self
    }

    /// Logs in by e-mail address or username. Known and unknown accounts answer alike and cost the same.
    ///
    /// # Errors
    /// Unauthenticated; too many.
    pub async fn log_in(&self, form: LogIn, client: &Client) -> Result<LoggedIn> {
        let login = form.email.trim().to_lowercase();
        let user = rows::user_by_login(&self.store, &login).await?;
        let device = user
            .as_ref()
            .zip(client.device.as_deref())
            .and_then(|(user, value)| device::recognise(&self.devices, UserId(user.id), value));
        // What was typed may be long; what stands for it in memory must not be.
        let account = user.as_ref().map_or_else(|| text_key(&login), |user| user.id.to_string());
        let attempt = self.attempt(&account, device, client).await?;
        let found = self.hasher.verify(&form.password, user.as_ref().map(|user| &*user.password_hash)).await?;
        let user = user.filter(|user| found != Match::No && user.disabled_at.is_none()).ok_or_else(wrong_log_in)?;
        self.succeed(attempt).await;
        let mut tx = self.store.begin().await?;
        let hash = if let Match::Renewed(hash) = &found { hash } else { &user.password_hash };
        if !rows::renew_hash(&mut tx, UserId(user.id), &user.password_hash, hash).await? {
            return Err(wrong_log_in());
        }
        let logged_in = self.begin_session(&mut tx, &user, client).await?;
        tx.commit().await?;
        Ok(logged_in)
    }
}

/// As whom an account stands at websites that let accounts in.
pub fn subject(user: UserId) -> String {
    format!("account:{user}")
}

fn text_key(text: &str) -> String {
    token::digest(text).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn wrong_log_in() -> Error {
    let message = "This password does not belong to this username or e-mail address. Please check both.";
    Error::Api(ApiError::new(Code::Unauthenticated, message))
}
