//! Accounts: who may come in, and as whom.

use super::{
    config::Config,
    error::{Error, Result},
    store::Store,
};
use crate::wire::{
    account::{LogIn, Role, SessionInfo, SignUp, Viewer},
    id::{SessionId, UserId},
};
use std::{net::IpAddr, sync::Arc};

/// The use cases of accounts. Cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    store: Store,
    config: Arc<Config>,
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
    /// Over a database, with settings.
    pub fn new(store: Store, config: Arc<Config>) -> Self {
        Self { store, config }
    }

    /// Makes an account and logs it in. The first account is the administrator.
    pub async fn sign_up(&self, _form: SignUp, _client: &Client) -> Result<LoggedIn> {
        let _ = (&self.store, &self.config);
        Err(Error::Internal("not yet".into()))
    }

    /// Makes an account with a role, whoever may sign up; for the command line.
    pub async fn create_user(&self, _form: SignUp, _role: Role) -> Result<Viewer> {
        Err(Error::Internal("not yet".into()))
    }

    /// Every account, the oldest first.
    pub async fn list_users(&self) -> Result<Vec<Viewer>> {
        Ok(Vec::new())
    }

    /// Gives an account a new password and ends its sessions.
    pub async fn set_password(&self, _login: &str, _new: &str) -> Result<Viewer> {
        Err(Error::Internal("not yet".into()))
    }

    /// Gives an account a role.
    pub async fn set_role(&self, _login: &str, _role: Role) -> Result<Viewer> {
        Err(Error::Internal("not yet".into()))
    }

    /// Logs in by e-mail address or username.
    pub async fn log_in(&self, _form: LogIn, _client: &Client) -> Result<LoggedIn> {
        Err(Error::Internal("not yet".into()))
    }

    /// The caller of an access token, while its session stands.
    pub async fn authenticate(&self, _access: &str) -> Result<Caller> {
        Err(Error::unauthenticated())
    }

    /// Rotates a refresh token.
    pub async fn refresh(&self, _refresh: &str) -> Result<LoggedIn> {
        Err(Error::unauthenticated())
    }

    /// Ends a session of the account.
    pub async fn end_session(&self, _user: UserId, _session: SessionId) -> Result<()> {
        Ok(())
    }

    /// Ends all sessions but one.
    pub async fn end_other_sessions(&self, _user: UserId, _keep: SessionId) -> Result<()> {
        Ok(())
    }

    /// The account's live sessions, the latest used first.
    pub async fn sessions(&self, _user: UserId, _current: SessionId) -> Result<Vec<SessionInfo>> {
        Ok(Vec::new())
    }

    /// Whether a session still stands; for open streams.
    pub async fn session_stands(&self, _session: SessionId) -> Result<bool> {
        Ok(true)
    }

    /// Changes names.
    pub async fn rename(&self, _user: UserId, _first: &str, _last: &str) -> Result<Viewer> {
        Err(Error::Internal("not yet".into()))
    }

    /// Changes the password and ends the other sessions.
    pub async fn change_password(&self, _caller: &Caller, _old: &str, _new: &str) -> Result<()> {
        Ok(())
    }

    /// Deletes the account with all that is its own.
    pub async fn delete(&self, _user: UserId, _password: &str) -> Result<()> {
        Ok(())
    }
}
