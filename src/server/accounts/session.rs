//! Sessions: a log-in, its credentials, and how they are renewed.
//!
//! A session is a family of refresh tokens, one after the other. The newest is the head. Whoever presents
//! - the head, gets the next one;
//! - the head's parent, while the head is unused or for ten seconds after its first use, gets the head itself once more:
//!   the answer was lost, or two tabs asked at once;
//! - any older one holds a copy of what was replaced long ago, and the family ends.
//!
//! A head is used as soon as it, or the access token that came with it, is presented: then its answer has arrived.

use super::{
    Accounts, Caller, Client, LoggedIn, device,
    rows::{self, UserRow},
    session_rows::{self, TokenRow},
    token::{Access, Refresh, digest},
};
use crate::{
    server::{
        clock::now,
        error::{Error, Result},
        store::Tx,
    },
    wire::{
        account::SessionInfo,
        id::{SessionId, UserId},
        time::Timestamp,
    },
};
use std::time::Duration;

/// Milliseconds for which a parent is accepted after the first use of the head.
const GRACE: i64 = 10_000;

/// What is done with a refresh token that we once issued.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    /// The next one.
    Rotate,
    /// The head once more.
    Repeat,
    /// The family ends: this is a copy of an old token.
    Reused,
    /// The family ends: nobody came for too long.
    Idle,
}

fn judge(presented: i64, head: &TokenRow, now: i64) -> Verdict {
    let fresh = head.first_used_at.is_none_or(|used| now - used <= GRACE);
    match head.counter - presented {
        0 | 1 if head.idle_until <= now => Verdict::Idle,
        0 => Verdict::Rotate,
        1 if fresh => Verdict::Repeat,
        _ => Verdict::Reused,
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

impl Accounts {
    /// Begins a session inside the transaction that let the user in.
    pub(super) async fn begin_session(&self, tx: &mut Tx, user: &UserRow, client: &Client) -> Result<LoggedIn> {
        let now = now();
        let viewer = user.viewer();
        let ends = now.0 + millis(self.config.session_absolute);
        let session =
            session_rows::insert_session(tx, viewer.id, client.browser, &device::name(&client.agent), now, ends)
                .await?;
        let refresh = self.insert_token(tx, viewer.id, Refresh { session, counter: 0 }, ends, now).await?;
        let says = Access { user: viewer.id, session, counter: 0 };
        Ok(LoggedIn {
            access: self.tokens.access(says, now, self.config.access_ttl)?,
            device: client.browser.then(|| device::issue(&self.devices, viewer.id)),
            viewer,
            session,
            refresh,
        })
    }

    async fn insert_token(
        &self,
        tx: &mut Tx,
        user: UserId,
        says: Refresh,
        ends: i64,
        now: Timestamp,
    ) -> Result<String> {
        let token = self.tokens.refresh(says);
        let row = TokenRow {
            token_hash: digest(&token),
            counter: says.counter,
            idle_until: ends.min(now.0 + millis(self.config.session_idle)),
            first_used_at: None,
        };
        session_rows::insert_token(tx, (says.session, user), &row, now).await?;
        Ok(token)
    }

    /// The caller of an access token, while its session stands. The account is looked up each time, so that an ended
    /// session and a changed role act at once.
    ///
    /// # Errors
    /// Unauthenticated.
    pub async fn authenticate(&self, access: &str) -> Result<Caller> {
        let says = self.tokens.read_access(access).ok_or_else(Error::unauthenticated)?;
        let now = now();
        let standing = session_rows::standing(&self.store, says, now).await?;
        let standing = standing.ok_or_else(Error::unauthenticated)?;
        // The first token of a family has no parent that its use could retire.
        if says.counter > 0 && standing.unused {
            let mut tx = self.store.begin().await?;
            session_rows::mark_used(&mut tx, says.session, says.counter, now).await?;
            tx.commit().await?;
        }
        Ok(Caller { viewer: standing.user.viewer(), session: says.session })
    }

    /// Rotates a refresh token, in one transaction.
    ///
    /// # Errors
    /// Unauthenticated: forged, expired, of an ended session, or a copy of an old one, which also ends the session.
    pub async fn refresh(&self, refresh: &str) -> Result<LoggedIn> {
        let presented = self.tokens.read_refresh(refresh).ok_or_else(Error::unauthenticated)?;
        let (session, now) = (presented.session, now());
        let mut tx = self.store.begin().await?;
        let held = session_rows::hold_session(&mut tx, session, now).await?.ok_or_else(Error::unauthenticated)?;
        let user = rows::user_now(&mut tx, held.user_id).await?.ok_or_else(Error::unauthenticated)?;
        let tokens = session_rows::newest_tokens(&mut tx, session).await?;
        let head = tokens.first().ok_or_else(|| Error::Internal("a session without a token".into()))?;
        let viewer = user.viewer();
        let counter = match judge(presented.counter, head, now.0) {
            Verdict::Rotate => {
                session_rows::mark_used(&mut tx, session, presented.counter, now).await?;
                let next = Refresh { session, counter: presented.counter + 1 };
                self.insert_token(&mut tx, viewer.id, next, held.expires_at, now).await?;
                next.counter
            }
            Verdict::Repeat => head.counter,
            verdict @ (Verdict::Reused | Verdict::Idle) => {
                session_rows::end_session(&mut tx, viewer.id, session, now).await?;
                tx.commit().await?;
                if verdict == Verdict::Reused {
                    tracing::warn!(%session, user = %viewer.id, "refresh_reuse: an old refresh token came back");
                }
                return Err(Error::unauthenticated());
            }
        };
        tx.commit().await?;
        let life = if held.kind == "program" { self.config.access_ttl_refreshed } else { self.config.access_ttl };
        let left = Duration::from_millis(u64::try_from(held.expires_at - now.0).unwrap_or_default());
        let says = Access { user: viewer.id, session, counter };
        Ok(LoggedIn {
            viewer,
            session,
            access: self.tokens.access(says, now, life.min(left))?,
            refresh: self.tokens.refresh(Refresh { session, counter }),
            device: None,
        })
    }

    /// Whether an access token was made by us and has not expired; its session may have ended.
    pub fn fresh(&self, access: &str) -> bool {
        self.tokens.read_access(access).is_some()
    }

    /// Ends a session of the account.
    ///
    /// # Errors
    /// Not found: there is none, or it is another account's.
    pub async fn end_session(&self, user: UserId, session: SessionId) -> Result<()> {
        let mut tx = self.store.begin().await?;
        let ended = session_rows::end_session(&mut tx, user, session, now()).await?;
        tx.commit().await?;
        if ended { Ok(()) } else { Err(Error::not_found("session")) }
    }

    /// Ends the session that a refresh token belongs to, however old the token is.
    ///
    /// # Errors
    /// Unauthenticated: it is not one of ours.
    pub async fn log_out(&self, refresh: &str) -> Result<()> {
        let Refresh { session, .. } = self.tokens.read_refresh(refresh).ok_or_else(Error::unauthenticated)?;
        let mut tx = self.store.begin().await?;
        if let Some(held) = session_rows::hold_session(&mut tx, session, now()).await? {
            session_rows::end_session(&mut tx, UserId(held.user_id), session, now()).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Ends all sessions but one.
    pub async fn end_other_sessions(&self, user: UserId, keep: SessionId) -> Result<()> {
        let mut tx = self.store.begin().await?;
        session_rows::end_sessions(&mut tx, user, Some(keep), now()).await?;
        Ok(tx.commit().await?)
    }

    /// The account's live sessions, the latest used first.
    pub async fn sessions(&self, user: UserId, current: SessionId) -> Result<Vec<SessionInfo>> {
        Ok(session_rows::sessions(&self.store, user, current, now()).await?)
    }

    /// Whether a session still stands; for open streams, which ask for the session and not for the token.
    pub async fn session_stands(&self, session: SessionId) -> Result<bool> {
        Ok(session_rows::stands(&self.store, session, now()).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_of_rotation() {
        let head = |first_used_at| TokenRow { token_hash: Vec::new(), counter: 7, idle_until: 100_000, first_used_at };
        for (presented, used, now, verdict) in [
            (7, None, 50_000, Verdict::Rotate),
            (7, Some(1), 99_999, Verdict::Rotate),
            (7, None, 100_000, Verdict::Idle),
            (6, None, 99_999, Verdict::Repeat),
            (6, None, 100_000, Verdict::Idle),
            (6, Some(50_000), 60_000, Verdict::Repeat),
            (6, Some(50_000), 60_001, Verdict::Reused),
            (5, None, 50_000, Verdict::Reused),
            (0, None, 200_000, Verdict::Reused),
            (8, None, 50_000, Verdict::Reused),
        ] {
            assert_eq!(judge(presented, &head(used), now), verdict, "{presented} {used:?} {now}");
        }
    }
}
