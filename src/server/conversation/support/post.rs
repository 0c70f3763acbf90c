//! What a program of the site says in a visitor's conversation, and what the visitor chose of it.

use super::{Conversations, missing, rows};
use crate::{
    server::{
        clock::{new_id, now},
        conversation::{
            attach::attach,
            rich::{chosen, picture, pressed},
            send::rich_of,
        },
        error::{Error, Result},
        store::Tx,
        thread::{self, conversations, messages, owner::Owner},
    },
    wire::{
        conversation::MessageRef,
        event::Change,
        id::{ConversationId, FileId, MessageId, SiteId, VisitorId},
        json::Json,
        message::{Author, MAX_CLIENT_ID, MAX_CONTENT, Message, State},
        rich::{FileRef, Rich},
    },
};
use serde_json::Value;

/// Messages that are looked through for what a visitor may have chosen.
const LOOKED_AT: i64 = 12;

/// What a program says. It stands in the model's place, and the model does not answer it.
pub struct Posted {
    /// The program's own id of it.
    pub client_id: String,
    /// The text; may be empty where there is something to show.
    pub content: String,
    /// What it shows, as [`rich::read`](crate::server::conversation::rich::read) checked it.
    pub rich: Option<Rich>,
    /// Files, where it shows nothing else.
    pub files: Vec<FileRef>,
    /// For programs.
    pub metadata: Option<Json>,
}

impl Conversations {
    /// Stores a message of the site's own program. The same `client_id` again is the same message.
    ///
    /// # Errors
    /// Invalid; conflict when the `client_id` came with something else before; not found.
    pub async fn post(&self, visitor: VisitorId, id: ConversationId, posted: Posted) -> Result<MessageRef> {
        check(&posted)?;
        let owner = Owner::Visitor(visitor);
        let shown = match &posted.rich {
            Some(rich) => Some(Json::of(rich).map_err(|error| Error::Internal(format!("writing a message: {error}")))?),
            None => rich_of(&posted.files)?,
        };
        let mut tx = self.store.begin().await?;
        conversations::lock(&mut tx, owner, id).await?.ok_or_else(missing)?;
        let (newest, before) = rows::newest_and_same(&mut tx, id, &posted.client_id).await?;
        if let Some(before) = before {
            let (content, rich) = rows::content(&mut tx, before).await?;
            if content != posted.content || rich.as_deref() != shown.as_ref().map(Json::as_str) {
                return Err(Error::conflict("This messageId came with another message before. Use a new one."));
            }
            return Ok(MessageRef { id: MessageId(before) });
        }
        let at = now();
        let message = Message {
            id: MessageId(new_id()),
            parent_id: newest,
            client_id: Some(posted.client_id),
            author: Author::Bot,
            content: posted.content,
            state: State::Complete,
            error: None,
            generation_id: None,
            model: None,
            sources: Vec::new(),
            rich: shown,
            metadata: posted.metadata,
            rating: 0,
            created_at: at,
            finished_at: Some(at),
            input_tokens: None,
            output_tokens: None,
        };
        let made = MessageRef { id: message.id };
        messages::insert(&mut tx, id.0, &message).await?;
        attach(&mut tx, owner, made.id, &posted.files).await?;
        if let Some(picture) = posted.rich.as_ref().and_then(picture) {
            attach_picture(&mut tx, visitor, made.id, picture).await?;
        }
        let told = Change::MessageCreated { message: Box::new(message), replaces: None };
        let events = thread::append_all(&mut tx, id, [told], Some(at.0)).await?;
        tx.commit().await?;
        self.tell(id, events);
        Ok(made)
    }

    /// What a visitor chose by saying this, see [`chosen`]. Asked before it is stored.
    pub async fn chosen(&self, visitor: VisitorId, id: ConversationId, said: &str) -> Result<Option<Value>> {
        let shown = rows::shown(&self.store, visitor, id, LOOKED_AT).await?;
        Ok(chosen(&shown, said))
    }

    /// What a visitor chose by pressing the button of a message that sends `value`; nothing where that is not so.
    pub async fn pressed(
        &self,
        visitor: VisitorId,
        id: ConversationId,
        of: MessageId,
        value: &str,
    ) -> Result<Option<Value>> {
        let rich = rows::rich(&self.store, visitor, id, of).await?;
        Ok(rich.and_then(|rich| pressed(&of.to_string(), &rich, value)))
    }

    /// Whose a conversation of a site is.
    pub async fn visitor_of(&self, site: SiteId, id: ConversationId) -> Result<Option<VisitorId>> {
        Ok(rows::visitor_of(&self.store, site, id).await?)
    }
}

/// A picture of this server stays as long as the message does. Several messages may show the same one.
async fn attach_picture(tx: &mut Tx, visitor: VisitorId, message: MessageId, file: FileId) -> Result<()> {
    if rows::keep(tx, visitor, message, file).await? {
        return Ok(());
    }
    Err(Error::Api(
        crate::wire::error::ApiError::new(
            crate::wire::error::Code::Invalid,
            "This picture is none of this visitor's files, or is gone. Upload it for them first.",
        )
        .on("imageUrl"),
    ))
}

fn check(posted: &Posted) -> Result<()> {
    if posted.content.trim().is_empty() && posted.rich.is_none() && posted.files.is_empty() {
        return Err(Error::invalid("The message is empty. Send a text, something to show, or files."));
    }
    if posted.content.len() > MAX_CONTENT {
        return Err(Error::invalid(format!("The text is too long: at most {} KiB fit.", MAX_CONTENT / 1024)));
    }
    if posted.content.contains('\0') {
        return Err(Error::invalid("The text contains a NUL character, which cannot be stored."));
    }
    if posted.rich.is_some() && !posted.files.is_empty() {
        return Err(Error::invalid("Files go with a message of type text. Send them in one of their own."));
    }
    if posted.client_id.is_empty() || posted.client_id.len() > MAX_CLIENT_ID || posted.client_id.contains('\0') {
        return Err(Error::invalid(format!("A messageId has 1 to {MAX_CLIENT_ID} bytes.")));
    }
    Ok(())
}
