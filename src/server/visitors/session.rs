//! Opening a session: what a browser has and what others say of its visitor, for a token.

use super::{
    ClientId, Visitors, object, permits,
    rows::{self, Seen},
    token::{LIFE, Says},
    vouched,
};
use crate::{
    server::{
        accounts::{self, Caller},
        clock::now,
        error::Result,
        sites::{known::ActiveSite, limit::Act},
        store::Tx,
    },
    wire::{
        event::Event,
        id::{ConversationId, VisitorId},
        time::Timestamp,
        visitor::{Level, OpenSession, VisitorSession},
    },
};
use std::net::IpAddr;

/// Whom a browser brings.
enum Bearer {
    /// Nobody whom anyone vouches for.
    Visitor,
    /// Somebody whom the site's server vouches for.
    Vouched(vouched::Vouched),
    /// Somebody who is logged in to this server.
    Account(Caller),
}

impl Visitors {
    /// Opens a session of a browser at a site, with the site's key. `account` is who is logged in to this server; it
    /// counts where the site asks for accounts.
    ///
    /// # Errors
    /// Invalid; unauthenticated when the site's token is refused, or the site asks for more than the browser has.
    pub async fn open(
        &self,
        site: &ActiveSite,
        key: &str,
        account: Option<Caller>,
        address: IpAddr,
        ask: OpenSession,
    ) -> Result<VisitorSession> {
        self.sites.admit(site, None, address, Act::Session).await?;
        let client = ClientId::parse(&ask.client_id, "client_id")?;
        // An old record that is corrupt has nothing to bring along.
        let previous = ask.previous_client_id.as_deref().and_then(|id| ClientId::parse(id, "").ok());
        let user = ask.user.as_ref().map(|user| object(user, "user")).transpose()?;
        let context = ask.context.as_ref().map(|context| object(context, "context")).transpose()?;
        let now = now();
        let bearer = match (account, &ask.user_token) {
            (Some(caller), _) => Bearer::Account(caller),
            (None, Some(token)) => Bearer::Vouched(vouched::read_with(token, site.secrets(), now)?),
            (None, None) => Bearer::Visitor,
        };
        let (level, logged_in) = match &bearer {
            Bearer::Account(_) => (Level::Verified, true),
            Bearer::Vouched(_) => (Level::Verified, false),
            Bearer::Visitor => (if user.is_some() { Level::Claimed } else { Level::Anonymous }, false),
        };
        permits(site.settings.who, level, logged_in)?;

        let mut tx = self.store.begin().await?;
        let mut told = Vec::new();
        let browser = self.browser(&mut tx, site, &client, previous, &mut told).await?;
        let mut expires_at = Timestamp(now.0 + i64::from(LIFE) * 1000);
        let mut session = None;
        let row = match &bearer {
            Bearer::Visitor => {
                let seen = Seen { hash: client.hash(), level, subject: None, claims: user, context };
                rows::upsert(&mut tx, site.id, &seen, now).await?
            }
            Bearer::Vouched(vouched) => {
                expires_at = expires_at.min(vouched.until);
                let subject = format!("user:{}", vouched.subject);
                let claims = Some(vouched.claims.as_str());
                self.known(&mut tx, site, &subject, claims, context, browser, &mut told).await?
            }
            Bearer::Account(caller) => {
                session = Some(caller.session);
                let subject = accounts::subject(caller.viewer.id);
                self.known(&mut tx, site, &subject, None, context, browser, &mut told).await?
            }
        };
        self.conversations.commit(tx, told).await?;

        let visitor = VisitorId(row.id);
        let says = Says { visitor, site: site.id, key: key.to_owned(), level: row.level(), session, expires_at };
        let conversation_id = self.conversations.latest(visitor).await?;
        let unread = match conversation_id {
            Some(id) => self.conversations.unread(visitor, id).await?,
            None => 0,
        };
        Ok(VisitorSession {
            token: self.tokens.write(&says)?,
            expires_in: u32::try_from((expires_at.0 - now.0) / 1000).unwrap_or_default(),
            visitor_id: visitor,
            level: says.level,
            conversation_id,
            unread,
        })
    }

    /// The row of the browser, where it has one. With an id that took the place of another, what stands under the old
    /// one comes along.
    async fn browser(
        &self,
        tx: &mut Tx,
        site: &ActiveSite,
        client: &ClientId,
        previous: Option<ClientId>,
        told: &mut Vec<(ConversationId, Event)>,
    ) -> Result<Option<VisitorId>> {
        let old = match previous {
            Some(previous) => rows::hold(tx, site.id, &previous.hash()).await?,
            None => None,
        };
        let current = rows::hold(tx, site.id, &client.hash()).await?;
        match (old, current) {
            (Some(old), Some(current)) if old != current => {
                told.extend(self.conversations.hand_over(tx, old, current).await?);
                Ok(Some(current))
            }
            (Some(old), None) => {
                rows::rename(tx, old, &client.hash()).await?;
                Ok(Some(old))
            }
            (_, current) => Ok(current),
        }
    }

    /// The row of somebody whom others vouch for, with what their browser said before anyone did.
    #[expect(clippy::too_many_arguments, reason = "one step of `open`, whose values they are")]
    async fn known(
        &self,
        tx: &mut Tx,
        site: &ActiveSite,
        subject: &str,
        claims: Option<&str>,
        context: Option<&str>,
        browser: Option<VisitorId>,
        told: &mut Vec<(ConversationId, Event)>,
    ) -> Result<rows::VisitorRow> {
        let hash = ClientId::of_subject(subject).hash();
        let seen = Seen { hash, level: Level::Verified, subject: Some(subject), claims, context };
        let row = rows::upsert(tx, site.id, &seen, now()).await?;
        if let Some(browser) = browser {
            told.extend(self.conversations.hand_over(tx, browser, VisitorId(row.id)).await?);
        }
        Ok(row)
    }
}
