//! Whose a conversation is.

use crate::wire::id::{UserId, VisitorId};
use uuid::Uuid;

/// The one who a conversation belongs to: an account of the app, or a visitor of a website.
///
/// A query by primary key names both columns, `$2 IN (owner_user_id, owner_visitor_id)`: ids are random, so that the
/// id of an account is never that of a visitor. A list has a query for each, since each has its index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner {
    /// An account; its conversations are of kind `chat`.
    User(UserId),
    /// A visitor; theirs are of kind `support`.
    Visitor(VisitorId),
}

impl Owner {
    /// Their id.
    pub fn id(self) -> Uuid {
        match self {
            Self::User(id) => id.0,
            Self::Visitor(id) => id.0,
        }
    }

    /// What people call such a conversation, for errors.
    pub fn thread(self) -> &'static str {
        match self {
            Self::User(_) => "chat",
            Self::Visitor(_) => "conversation",
        }
    }
}

impl From<UserId> for Owner {
    fn from(id: UserId) -> Self {
        Self::User(id)
    }
}

impl From<VisitorId> for Owner {
    fn from(id: VisitorId) -> Self {
        Self::Visitor(id)
    }
}
