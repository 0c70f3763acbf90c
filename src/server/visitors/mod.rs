//! Visitors of websites: who they are, how far that is known, and the tokens they speak with.
//!
//! A browser keeps a random id, and whoever has it is that visitor: it is stored as a hash only, and its place at a
//! site is one row. What the page says of them ([`Level::Claimed`]) changes nothing about what they may read. A visitor
//! whom the site's own server vouches for, or who is logged in to this server, is another row, found by that subject
//! from every browser; what the same browser has said before, proved by its id, is handed over to it. So an unverified
//! visitor never reads what a verified one wrote.

mod client;
pub mod post;
mod rows;
mod session;
mod speak;
pub mod token;
mod vouched;

use super::{
    accounts::Accounts,
    clock::now,
    conversation::Conversations,
    error::{Error, Result},
    files::Files,
    secrets::Secrets,
    sites::{Sites, known::ActiveSite, limit::Act},
    store::Store,
};
use crate::wire::{
    error::{ApiError, Code},
    id::{SessionId, VisitorId},
    json::Json,
    site::WhoMayChat,
    time::Timestamp,
    visitor::{Level, MAX_CLAIMS},
};
pub use client::{ClientId, session_is_secret};
use std::{net::IpAddr, sync::Arc};
use token::Tokens;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The use cases of visitors. Cheap to clone.
#[derive(Clone)]
pub struct Visitors {
    store: Store,
    sites: Sites,
    accounts: Accounts,
    conversations: Conversations,
    files: Files,
    tokens: Arc<Tokens>,
    sockets: Arc<Semaphore>,
}

/// A visitor who has proved to be one.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Who.
    pub id: VisitorId,
    /// Where, with its settings as they were when the request came.
    pub site: Arc<ActiveSite>,
    /// How far they are known.
    pub level: Level,
    /// The account's session, where they are logged in to this server.
    pub session: Option<SessionId>,
    /// The site's key that their token was given for.
    key: Arc<str>,
    /// When the token ends; `None` for whoever shows their secret id itself, which has no end.
    expires_at: Option<Timestamp>,
    /// The page they speak from, where a browser said so.
    origin: Option<Arc<str>>,
}

impl Visitor {
    /// The same on a page of this origin, which the site allows now. Should it stop to, they are heard and told no more.
    #[must_use]
    pub fn on_page(mut self, origin: Option<&str>) -> Self {
        self.origin = origin.map(Into::into);
        self
    }

    /// When the token ends; `None` for whoever shows their secret id itself.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// Whether a site is theirs and allows the page they are on.
    fn is_at(&self, site: &ActiveSite) -> bool {
        site.id == self.site.id && self.origin.as_deref().is_none_or(|origin| site.allows(origin))
    }
}

impl Visitors {
    /// Over a database, sites, accounts, conversations and files; `sockets` at once at most.
    pub fn new(
        store: Store,
        sites: Sites,
        accounts: Accounts,
        conversations: Conversations,
        files: Files,
        secrets: &Secrets,
        sockets: usize,
    ) -> Self {
        let (tokens, sockets) = (Arc::new(Tokens::new(secrets)), Arc::new(Semaphore::new(sockets)));
        Self { store, sites, accounts, conversations, files, tokens, sockets }
    }

    /// The right to keep one more socket: an upgraded connection is no longer among those that the accept loop counts.
    ///
    /// # Errors
    /// Unavailable when there are as many as the settings allow.
    pub fn socket_place(&self) -> Result<OwnedSemaphorePermit> {
        self.sockets.clone().try_acquire_owned().map_err(|_| {
            let message = "The server has as many open sockets as it can keep. Please use another transport.";
            Error::Api(ApiError { retry_after: Some(30), ..ApiError::new(Code::Unavailable, message) })
        })
    }

    /// The visitor of a token, while its site is there, the key it was given for holds, and the account it is bound to,
    /// where there is one, is logged in.
    ///
    /// # Errors
    /// Unauthenticated.
    pub async fn authenticate(&self, token: &str) -> Result<Visitor> {
        let says = self.tokens.read(token).ok_or_else(ended)?;
        let site = self.sites.by_key(&says.key).await?;
        let visitor = Visitor {
            id: says.visitor,
            level: says.level,
            session: says.session,
            key: says.key.into(),
            expires_at: Some(says.expires_at),
            origin: None,
            site,
        };
        let stands = visitor.site.id == says.site && self.logged_in(&visitor).await?;
        stands.then_some(visitor).ok_or_else(ended)
    }

    /// Whether a visitor who reads may go on: asked every few seconds, without a look at the token, which ends earlier.
    pub async fn stands(&self, visitor: &Visitor) -> Result<bool> {
        match self.sites.by_key(&visitor.key).await {
            Ok(site) if visitor.is_at(&site) => self.logged_in(visitor).await,
            Ok(_) => Ok(false),
            Err(Error::Api(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn logged_in(&self, visitor: &Visitor) -> Result<bool> {
        match visitor.session {
            Some(session) => self.accounts.session_stands(session).await,
            None => Ok(true),
        }
    }

    /// Whether a visitor may speak now: the site may have changed since they opened their session.
    ///
    /// # Errors
    /// Unauthenticated when their token has ended, its key was taken back, the site no longer allows their page, or it
    /// asks for more than they showed.
    pub async fn may_speak(&self, visitor: &Visitor) -> Result<Arc<ActiveSite>> {
        if visitor.expires_at.is_some_and(|end| end <= now()) {
            return Err(ended());
        }
        let site = self.sites.by_key(&visitor.key).await?;
        if !visitor.is_at(&site) || !self.logged_in(visitor).await? {
            return Err(ended());
        }
        permits(site.settings.who, visitor.level, visitor.session.is_some())?;
        Ok(site)
    }

    /// The visitor to whom a client id belongs that comes without a session, where there is one.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn find(&self, site: &Arc<ActiveSite>, key: &str, client: &ClientId) -> Result<Option<Visitor>> {
        let row = rows::find(&self.store, site.id, &client.hash()).await?;
        Ok(row.map(|row| unvouched(VisitorId(row.id), site, key, row.level())))
    }

    /// The same, made where there is none. With `claims` they are claimed. Becoming a visitor, and other claims than
    /// before, count against the share of the address: nobody fills the table faster than they may open sessions.
    ///
    /// # Errors
    /// Unauthenticated where the site asks for more than a client id; invalid for claims that are no object; too many.
    pub async fn of_client(
        &self,
        site: &Arc<ActiveSite>,
        key: &str,
        client: &ClientId,
        address: IpAddr,
        claims: Option<&Json>,
    ) -> Result<Visitor> {
        let claims = claims.map(|claims| object(claims, "userIdentifier")).transpose()?;
        let level = if claims.is_some() { Level::Claimed } else { Level::Anonymous };
        permits(site.settings.who, level, false)?;
        if let Some(row) = rows::find(&self.store, site.id, &client.hash()).await?
            && claims.is_none_or(|claims| row.claims == claims)
        {
            return Ok(unvouched(VisitorId(row.id), site, key, row.level()));
        }
        self.sites.admit(site, None, address, Act::Session).await?;
        let mut tx = self.store.begin().await?;
        let seen = rows::Seen { hash: client.hash(), level, subject: None, claims, context: None };
        let row = rows::upsert(&mut tx, site.id, &seen, now()).await?;
        tx.commit().await?;
        Ok(unvouched(VisitorId(row.id), site, key, row.level()))
    }
}

/// A visitor known by nothing but a secret id.
fn unvouched(id: VisitorId, site: &Arc<ActiveSite>, key: &str, level: Level) -> Visitor {
    Visitor { id, site: site.clone(), level, session: None, key: key.into(), expires_at: None, origin: None }
}

/// Whether a site lets visitors chat who are known so far.
fn permits(who: WhoMayChat, level: Level, logged_in: bool) -> Result<()> {
    let message = match who {
        WhoMayChat::Anyone => return Ok(()),
        WhoMayChat::Verified if level == Level::Verified => return Ok(()),
        WhoMayChat::Account if logged_in => return Ok(()),
        WhoMayChat::Verified => {
            "This site lets only visitors chat whom its own server vouches for. Log in to the site and try again."
        }
        WhoMayChat::Account => "Log in to chat here.",
    };
    Err(Error::Api(ApiError::new(Code::Unauthenticated, message)))
}

/// The token does not hold, or no longer.
pub fn ended() -> Error {
    let message = "This visitor's token does not hold, or has ended. Open the session again.";
    Error::Api(ApiError::new(Code::Unauthenticated, message))
}

/// The text of a JSON object of at most [`MAX_CLAIMS`] bytes.
///
/// # Errors
/// Invalid, pinned to the field.
pub fn object<'a>(json: &'a Json, field: &str) -> Result<&'a str> {
    let text = json.as_str().trim();
    if !text.starts_with('{') {
        return Err(Error::Api(ApiError::new(Code::Invalid, format!("{field} is a JSON object.")).on(field)));
    }
    if text.len() > MAX_CLAIMS {
        let message = format!("{field} is too large: at most {} KiB of JSON fit.", MAX_CLAIMS / 1024);
        return Err(Error::Api(ApiError::new(Code::TooLarge, message).on(field)));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;

    #[test]
    fn a_site_lets_in_whom_it_says() {
        use Level::{Anonymous, Claimed, Verified};
        for level in [Anonymous, Claimed, Verified] {
            for logged_in in [false, true] {
                let permits = |who| permits(who, level, logged_in).is_ok();
                assert!(permits(WhoMayChat::Anyone));
                assert_eq!(permits(WhoMayChat::Verified), level == Verified);
                assert_eq!(permits(WhoMayChat::Account), logged_in);
            }
        }
    }

    #[test]
    fn claims_are_a_small_object() {
        let json = |text: &str| Json::parse(text).unwrap();
        assert_eq!(object(&json(r#" {"a":1} "#), "user").unwrap(), r#"{"a":1}"#);
        assert!(object(&json("[1]"), "user").is_err() && object(&json("null"), "user").is_err());
        assert!(object(&json(&format!(r#"{{"a":"{}"}}"#, "x".repeat(MAX_CLAIMS))), "user").is_err());
    }
}
