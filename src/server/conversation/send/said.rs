//! What somebody says, whether it can be stored, and what became of it.

use crate::{
    server::{
        error::{Error, Result},
        store::{Tx, on},
    },
    wire::{
        conversation::{MessageRef, ReplyRef, SendMessage, Sent},
        error::{ApiError, Code},
        id::{GenerationId, MessageId},
        json::Json,
        message::{MAX_CLIENT_ID, MAX_CONTENT},
        rich::{FileRef, Rich},
    },
};
use uuid::Uuid;

/// What somebody says.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// Their own id of it.
    pub client_id: String,
    /// The text; may be empty when there are files.
    pub content: String,
    /// Files of theirs.
    pub files: Vec<FileRef>,
    /// For programs.
    pub metadata: Option<Json>,
    /// A visitor asks for a person with it.
    pub person: bool,
}

impl From<SendMessage> for Said {
    fn from(message: SendMessage) -> Self {
        Self { client_id: message.client_id, content: message.content, ..Self::default() }
    }
}

/// What became of it.
pub struct Stored {
    /// The message.
    pub message: MessageRef,
    /// The reply that is being written; absent while a person answers.
    pub reply: Option<ReplyRef>,
}

impl Stored {
    /// In a chat, where nobody but the model answers.
    pub(super) fn answered(self) -> Result<Sent> {
        let Self { message, reply } = self;
        let missing = || Error::Internal(format!("message {} was stored without its reply", message.id));
        Ok(Sent { reply: reply.ok_or_else(missing)?, message })
    }
}

/// Whether what is said can be stored.
pub(in crate::server::conversation) fn check(said: &Said) -> Result<()> {
    let field = |field: &str, text: String| Err(Error::Api(ApiError::new(Code::Invalid, text).on(field)));
    if said.content.trim().is_empty() && said.files.is_empty() {
        return field("content", "The message is empty. Write something first.".to_owned());
    }
    if said.content.len() > MAX_CONTENT {
        let text = format!("The message is too long: at most {} KiB fit.", MAX_CONTENT / 1024);
        return Err(Error::Api(ApiError::new(Code::TooLarge, text).on("content")));
    }
    if said.content.contains('\0') {
        return field("content", "The message contains a NUL character, which cannot be stored.".to_owned());
    }
    if said.client_id.is_empty() || said.client_id.len() > MAX_CLIENT_ID || said.client_id.contains('\0') {
        return field("client_id", format!("A client_id has 1 to {MAX_CLIENT_ID} bytes."));
    }
    Ok(())
}

pub(in crate::server::conversation) fn rich_of(files: &[FileRef]) -> Result<Option<Json>> {
    if files.is_empty() {
        return Ok(None);
    }
    let rich = Json::of(&Rich::Files { files: files.to_vec() });
    rich.map(Some).map_err(|error| Error::Internal(format!("writing files: {error}")))
}

/// What the message that came with the same `client_id` before was answered.
pub(super) async fn stored_before(tx: &mut Tx, asked: Uuid, said: &Said) -> Result<Stored> {
    let (content, rich): (String, Option<String>) = on!(&mut *tx, |db| {
        sqlx::query_as("SELECT content, rich FROM messages WHERE id = $1").bind(asked).fetch_one(db).await
    })?;
    if content != said.content || rich.as_deref() != rich_of(&said.files)?.as_ref().map(Json::as_str) {
        return Err(Error::conflict(
            "This client_id was already used for another message of this chat. Use a new one for a new message.",
        ));
    }
    let reply: Option<(Uuid, Uuid)> = on!(&mut *tx, |db| {
        sqlx::query_as(
            "SELECT r.id, g.id FROM messages r JOIN generations g ON g.message_id = r.id
             WHERE r.parent_id = $1 AND r.author = 'bot' ORDER BY r.id, g.id LIMIT 1",
        )
        .bind(asked)
        .fetch_optional(db)
        .await
    })?;
    Ok(Stored {
        message: MessageRef { id: MessageId(asked) },
        reply: reply.map(|(id, generation)| ReplyRef { id: MessageId(id), generation_id: GenerationId(generation) }),
    })
}
