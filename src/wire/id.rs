//! Ids: UUIDv7 (RFC 9562), so that they sort by the time they were made. An id is a name, never a secret:
//! every look-up also asks whose the thing is.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        described! {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::from_str(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// An account of the app.
    UserId,
    /// One log-in of one user in one browser or program; the family of its refresh tokens.
    SessionId,
    /// A thread: a chat of a user, or a support conversation of a visitor.
    ConversationId,
    /// One message of a conversation.
    MessageId,
    /// One model reply in the making. Never the id of its conversation or message.
    GenerationId,
    /// A website that embeds the widget.
    SiteId,
    /// One visitor of one site, as the server knows them. Never the id that their browser keeps, which is a secret.
    VisitorId,
    /// An uploaded file.
    FileId,
}
