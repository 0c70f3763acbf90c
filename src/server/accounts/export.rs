//! What the server knows of an account, for its owner to take along.

use super::{Accounts, rows, session_rows};
use crate::{
    server::{clock::now, error::Result},
    wire::id::{SessionId, UserId, VisitorId},
};
use serde_json::{Value, json};
use uuid::Uuid;

impl Accounts {
    /// As whom the account had conversations at websites that let accounts in.
    pub async fn elsewhere(&self, user: UserId) -> Result<Vec<VisitorId>> {
        Ok(rows::visitors(&self.store, user).await?.into_iter().map(VisitorId).collect())
    }

    /// `{"profile": …, "sessions": […]}`, without any secret. Conversations have an export of their own.
    pub async fn export(&self, user: UserId) -> Result<Value> {
        let profile = self.user(user).await?.viewer();
        let sessions = session_rows::sessions(&self.store, user, SessionId(Uuid::nil()), now()).await?;
        let sessions: Vec<_> = sessions
            .into_iter()
            .map(|session| {
                json!({
                    "id": session.id,
                    "device": session.device,
                    "created_at": session.created_at,
                    "last_seen_at": session.last_seen_at,
                })
            })
            .collect();
        Ok(json!({ "profile": profile, "sessions": sessions }))
    }
}
