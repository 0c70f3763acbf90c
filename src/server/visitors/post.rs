//! What a site's own server does in the conversations of its visitors.

use super::{ClientId, Visitors, object, rows};
use crate::{
    server::{
        conversation::{MAX_SESSION_KEY, Posted, rich},
        error::{Error, Result},
        files::LARGEST,
        sites::known::ActiveSite,
    },
    wire::{
        conversation::MessageRef,
        error::{ApiError, Code},
        id::{ConversationId, FileId, VisitorId},
        json::Json,
        rich::FileRef,
    },
};
use bytes::Bytes;
use futures::stream::BoxStream;
use std::io;

/// Whose conversation is meant, in one of four ways.
#[derive(Clone, Debug, Default)]
pub struct To {
    /// By its id.
    pub conversation: Option<ConversationId>,
    /// The latest of a visitor whom the site vouches for, by the `sub` of their tokens.
    pub user: Option<String>,
    /// Of a browser's secret id: the one called `session`, else the latest.
    pub client_id: Option<String>,
    /// With a client id see there; alone, a session that is its own secret.
    pub session: Option<String>,
}

/// A message of the site's own server, as it came.
pub struct Message {
    /// Its own id of it.
    pub client_id: String,
    /// See [`rich::KINDS`].
    pub kind: String,
    /// The text.
    pub text: String,
    /// What the type shows.
    pub payload: Option<Json>,
    /// Files that were uploaded for the visitor.
    pub files: Vec<FileId>,
    /// For programs, an object.
    pub metadata: Option<Json>,
}

/// A conversation of a site, found.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Whose it is.
    pub visitor: VisitorId,
    /// Which.
    pub conversation: ConversationId,
}

impl Visitors {
    /// Finds a conversation of a site.
    ///
    /// # Errors
    /// Invalid unless it is named in one way; not found, also for one of another site.
    pub async fn place(&self, site: &ActiveSite, to: &To) -> Result<Place> {
        let missing = || Error::not_found("conversation");
        let by = |given: bool| u8::from(given);
        let session_alone = to.session.is_some() && to.client_id.is_none();
        let ways =
            by(to.conversation.is_some()) + by(to.user.is_some()) + by(to.client_id.is_some()) + by(session_alone);
        if ways != 1 {
            return Err(Error::invalid(
                "Whose conversation? Send one of conversationId, user, clientId (with sessionId or without) or sessionId.",
            ));
        }
        if let Some(conversation) = to.conversation {
            let visitor = self.conversations.visitor_of(site.id, conversation).await?.ok_or_else(missing)?;
            return Ok(Place { visitor, conversation });
        }
        let client = match (&to.user, &to.client_id, &to.session) {
            (Some(user), ..) => ClientId::of_subject(&format!("user:{user}")),
            (None, Some(client_id), _) => ClientId::parse(client_id, "clientId")?,
            (None, None, session) => ClientId::of_session(session.as_deref().unwrap_or_default())?,
        };
        let row = rows::find(&self.store, site.id, &client.hash()).await?.ok_or_else(missing)?;
        let visitor = VisitorId(row.id);
        let conversation = match &to.session {
            Some(session) if session.len() <= MAX_SESSION_KEY => {
                self.conversations.find_session(visitor, session).await?
            }
            Some(_) => None,
            None => self.conversations.latest(visitor).await?,
        };
        Ok(Place { visitor, conversation: conversation.ok_or_else(missing)? })
    }

    /// Stores a message of the site's own server. The same `client_id` again is the same message.
    ///
    /// # Errors
    /// Invalid, with the field; conflict; not found.
    pub async fn post(&self, place: Place, message: Message) -> Result<MessageRef> {
        let shown = rich::read(&message.kind, message.payload.as_ref())?;
        if let Some(metadata) = &message.metadata {
            object(metadata, "metadata")?;
        }
        let files = self.files.of_visitor(place.visitor, &message.files).await?;
        let posted = Posted {
            client_id: message.client_id,
            content: message.text,
            rich: shown,
            files,
            metadata: message.metadata,
        };
        self.conversations.post(place.visitor, place.conversation, posted).await
    }

    /// Takes a file of the site's own server for a message to a visitor. It counts among that visitor's files; how large
    /// an upload the site allows is said to visitors, and the server's own limit holds here.
    ///
    /// # Errors
    /// As [`Files::take`](crate::server::files::Files::take).
    pub async fn take(
        &self,
        site: &ActiveSite,
        place: Place,
        name: &str,
        declared: Option<&str>,
        bytes: BoxStream<'_, io::Result<Bytes>>,
    ) -> Result<FileRef> {
        self.files.take(site.id, place.visitor, name, declared, LARGEST, bytes).await
    }
}

/// The credential of a site's own server does not hold.
pub fn not_the_site() -> Error {
    let message = "This is not the site's secret, and no token of an administrator. `parlor site secret` and the site's \
                   page in the administration show the secret.";
    Error::Api(ApiError::new(Code::Unauthenticated, message))
}
