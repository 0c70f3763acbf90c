//! Speaking in a conversation: send, regenerate, continue, stop.
//!
//! A send writes the message, its reply, the reply's generation and the events in one transaction, and only then starts
//! the model. What was acknowledged stands, whatever happens to this process.

use super::{Conversations, context, support};
use crate::{
    server::{
        clock::{new_id, now},
        error::{Error, Result},
        generation::{self, Job, Place},
        store::{Tx, on},
        thread::{
            self,
            conversations::{self, Begun, Held},
            messages::{self, MessageRow},
            owner::Owner,
            turn::{self, Entered, Lease},
        },
    },
    wire::{
        conversation::{Answering, MessageRef, ReplyRef, SendMessage, Sent},
        error::{ApiError, Code},
        event::{Change, Event},
        id::{ConversationId, GenerationId, MessageId, UserId},
        json::Json,
        message::{Author, MAX_CLIENT_ID, MAX_CONTENT, Message, State},
        rich::{FileRef, Rich},
        time::Timestamp,
    },
};
use tracing::Instrument;
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
    fn answered(self) -> Result<Sent> {
        let Self { message, reply } = self;
        let missing = || Error::Internal(format!("message {} was stored without its reply", message.id));
        Ok(Sent { reply: reply.ok_or_else(missing)?, message })
    }
}

impl Conversations {
    /// Stores a message and starts its reply; the same `client_id` again gets the same answer.
    ///
    /// # Errors
    /// [`Code::Conflict`] when the `client_id` came with another text before.
    pub async fn send(&self, owner: UserId, id: ConversationId, message: SendMessage) -> Result<Sent> {
        let said = Said::from(message);
        check(&said)?;
        let chats = self.clone();
        to_the_end(async move {
            let tx = chats.store.begin().await?;
            chats.send_in(tx, owner.into(), id, said).await?.answered()
        })
        .await
    }

    /// Begins a chat with its first message; the same `client_id` again gets the same chat and answer. A chat whose
    /// first message is refused is not made.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn begin(&self, owner: UserId, message: SendMessage) -> Result<(ConversationId, Sent)> {
        let said = Said::from(message);
        check(&said)?;
        let chats = self.clone();
        to_the_end(async move {
            let mut tx = chats.store.begin().await?;
            let new = ConversationId(new_id());
            let id = conversations::begin(&mut tx, Begun::Chat(owner, &said.client_id), new, now().0).await?;
            Ok((id, chats.send_in(tx, owner.into(), id, said).await?.answered()?))
        })
        .await
    }

    /// Stores what the owner says and, where the model answers, starts its reply.
    pub(super) async fn send_in(&self, mut tx: Tx, owner: Owner, id: ConversationId, said: Said) -> Result<Stored> {
        let at = now();
        let author = match owner {
            Owner::User(_) => Author::User,
            Owner::Visitor(_) => Author::Visitor,
        };
        let entered = turn::enter(&mut tx, owner, id, (author, &said.client_id), at.0).await?;
        let Entered { answering, seq, newest, same } = entered.ok_or_else(|| Error::not_found(owner.thread()))?;
        if let Some(before) = same {
            // What the transaction made so far, such as the numbers it took, is nothing.
            return stored_before(&mut tx, before, &said).await;
        }
        let place = match answering {
            Answering::Bot => Some(self.engine.place()?),
            Answering::Human | Answering::Paused => None,
        };
        let question = Message {
            id: MessageId(new_id()),
            parent_id: newest,
            client_id: Some(said.client_id),
            author,
            content: said.content,
            state: State::Complete,
            error: None,
            generation_id: None,
            model: None,
            sources: Vec::new(),
            rich: rich_of(&said.files)?,
            metadata: said.metadata,
            rating: 0,
            created_at: at,
            finished_at: Some(at),
            input_tokens: None,
            output_tokens: None,
        };
        let message = MessageRef { id: question.id };
        let Some(place) = place else {
            messages::insert(&mut tx, id.0, &question).await?;
            support::attach(&mut tx, owner, message.id, &said.files).await?;
            let told = Change::MessageCreated { message: Box::new(question), replaces: None };
            let events = thread::append_after(&mut tx, id, seq, [told]).await?;
            tx.commit().await?;
            self.tell(id, events);
            return Ok(Stored { message, reply: None });
        };
        let (reply, begun) = self.new_reply(Some(message.id), at);
        let lease = Lease { owner: self.engine.owner(), until: self.engine.lease_until() };
        let events = turn::ask(&mut tx, id, seq, (question, begun), &reply, lease).await?;
        support::attach(&mut tx, owner, message.id, &said.files).await?;
        tx.commit().await?;
        self.go(place, (owner, id), &reply, None, events).await?;
        Ok(Stored { message, reply: Some(reply) })
    }

    /// Writes a reply anew, as a sibling (Regenerate, and Retry after an error). What followed it goes out of sight.
    ///
    /// # Errors
    /// [`Code::Conflict`] while the reply is still being written, or a person answers.
    pub async fn regenerate(&self, owner: impl Into<Owner>, reply: MessageId) -> Result<ReplyRef> {
        let (chats, owner) = (self.clone(), owner.into());
        to_the_end(async move { chats.regenerate_now(owner, reply).await }).await
    }

    async fn regenerate_now(&self, owner: Owner, reply: MessageId) -> Result<ReplyRef> {
        let mut tx = self.store.begin().await?;
        let (id, held, old) = self.own_reply(&mut tx, owner, reply).await?;
        if !old.active {
            // A second click: the sibling is there already.
            return sibling(&mut tx, id, &old).await?.ok_or_else(|| Error::not_found("reply"));
        }
        refuse_silenced(&held)?;
        refuse_streaming(&old)?;
        let place = self.engine.place()?;
        on!(&mut tx, |db| {
            sqlx::query("UPDATE messages SET active = $3 WHERE conversation_id = $1 AND active AND id >= $2")
                .bind(id.0)
                .bind(old.id)
                .bind(false)
                .execute(db)
                .await
                .map(drop)
        })?;
        let (new, begun) = self.begin_reply(&mut tx, id, old.parent_id.map(MessageId), Some(reply)).await?;
        let event = thread::append(&mut tx, id, begun).await?;
        tx.commit().await?;
        self.go(place, (owner, id), &new, None, [event]).await?;
        Ok(new)
    }

    /// Goes on with a reply that ended early (Continue); its text so far stays.
    ///
    /// # Errors
    /// [`Code::Conflict`] when it is whole or still being written, or a person answers.
    pub async fn resume(&self, owner: impl Into<Owner>, reply: MessageId) -> Result<ReplyRef> {
        let (chats, owner) = (self.clone(), owner.into());
        to_the_end(async move { chats.resume_now(owner, reply).await }).await
    }

    async fn resume_now(&self, owner: Owner, reply: MessageId) -> Result<ReplyRef> {
        let mut tx = self.store.begin().await?;
        let (id, held, old) = self.own_reply(&mut tx, owner, reply).await?;
        refuse_silenced(&held)?;
        refuse_streaming(&old)?;
        if !old.active || old.state == State::Complete.as_str() {
            return Err(Error::conflict("This reply is complete; there is nothing to continue."));
        }
        let place = self.engine.place()?;
        let new = ReplyRef { id: reply, generation_id: GenerationId(new_id()) };
        on!(&mut tx, |db| {
            sqlx::query(
                "UPDATE messages SET state = 'streaming', error_code = NULL, error_message = NULL, generation_id = $2,
                 finished_at = NULL WHERE id = $1",
            )
            .bind(reply.0)
            .bind(new.generation_id.0)
            .execute(db)
            .await
            .map(drop)
        })?;
        self.insert_generation(&mut tx, id, &new).await?;
        let resumed = Change::MessageResumed { message_id: reply, generation_id: new.generation_id };
        let event = thread::append(&mut tx, id, resumed).await?;
        tx.commit().await?;
        self.go(place, (owner, id), &new, Some(old.content), [event]).await?;
        Ok(new)
    }

    /// Stops a reply, wherever it runs; what was written is kept. Stopping what is over is fine.
    pub async fn stop(&self, owner: impl Into<Owner>, generation: GenerationId) -> Result<()> {
        let owner = owner.into();
        let mut tx = self.store.begin().await?;
        let found = on!(&mut tx, |db| {
            sqlx::query(
                "UPDATE generations SET stop_requested = $3 WHERE id = $1 AND conversation_id IN
                 (SELECT id FROM conversations
                  WHERE $2 IN (owner_user_id, owner_visitor_id) AND deleted_at IS NULL
                  AND id = (SELECT conversation_id FROM generations WHERE id = $1))",
            )
            .bind(generation.0)
            .bind(owner.id())
            .bind(true)
            .execute(db)
            .await
            .map(|done| done.rows_affected())
        })?;
        if found == 0 {
            return Err(Error::not_found("reply"));
        }
        tx.commit().await?;
        self.engine.stop_here(generation);
        Ok(())
    }

    /// A reply of the owner and its conversation, locked.
    async fn own_reply(
        &self,
        tx: &mut Tx,
        owner: Owner,
        reply: MessageId,
    ) -> Result<(ConversationId, Held, MessageRow)> {
        let missing = || Error::not_found("reply");
        let conversation: Option<(Uuid,)> = on!(&mut *tx, |db| {
            sqlx::query_as(
                "SELECT conversation_id FROM messages WHERE id = $1 AND author = 'bot' AND generation_id IS NOT NULL",
            )
            .bind(reply.0)
            .fetch_optional(db)
            .await
        })?;
        let id = ConversationId(conversation.ok_or_else(missing)?.0);
        let held = conversations::lock(tx, owner, id).await?.ok_or_else(missing)?;
        // Read after the lock: another click may have changed it meanwhile.
        let row = on!(&mut *tx, |db| {
            sqlx::query_as("SELECT * FROM messages WHERE id = $1").bind(reply.0).fetch_one(db).await
        })?;
        Ok((id, held, row))
    }

    /// Writes the rows of a reply that is about to be written, and says what is to be told of it.
    async fn begin_reply(
        &self,
        tx: &mut Tx,
        id: ConversationId,
        parent: Option<MessageId>,
        replaces: Option<MessageId>,
    ) -> Result<(ReplyRef, Change)> {
        let (reply, message) = self.new_reply(parent, now());
        messages::insert(tx, id.0, &message).await?;
        self.insert_generation(tx, id, &reply).await?;
        Ok((reply, Change::MessageCreated { message: Box::new(message), replaces }))
    }

    /// A reply that is about to be written.
    fn new_reply(&self, parent: Option<MessageId>, at: Timestamp) -> (ReplyRef, Message) {
        let reply = ReplyRef { id: MessageId(new_id()), generation_id: GenerationId(new_id()) };
        let message = Message {
            id: reply.id,
            parent_id: parent,
            client_id: None,
            author: Author::Bot,
            content: String::new(),
            state: State::Streaming,
            error: None,
            generation_id: Some(reply.generation_id),
            model: Some(self.engine.model_name().to_owned()),
            sources: Vec::new(),
            rich: None,
            metadata: None,
            rating: 0,
            created_at: at,
            finished_at: None,
            input_tokens: None,
            output_tokens: None,
        };
        (reply, message)
    }

    async fn insert_generation(&self, tx: &mut Tx, id: ConversationId, reply: &ReplyRef) -> Result<()> {
        let (owner, lease) = (self.engine.owner(), self.engine.lease_until());
        generation::insert(tx, reply.generation_id, id, reply.id, owner, lease, now().0).await?;
        Ok(())
    }

    /// Tells the readers and starts the model, after the commit. What the model reads is looked up here, so that nobody
    /// waits for it to write.
    async fn go(
        &self,
        place: Place,
        (owner, id): (Owner, ConversationId),
        reply: &ReplyRef,
        so_far: Option<String>,
        events: impl IntoIterator<Item = Event>,
    ) -> Result<()> {
        self.tell(id, events);
        // Before the look at the rows: who asks to stop it finds it here, or has left word there.
        let seat = self.engine.seat(place, id, reply.generation_id);
        let mut asked = context::request(&self.store, owner, id, reply).await?;
        asked.request.continue_from = so_far.filter(|text| !text.is_empty());
        if asked.stopped {
            self.engine.stop_here(reply.generation_id);
        }
        let (generation, message, request) = (reply.generation_id, reply.id, asked.request);
        self.engine.launch(seat, Job { generation, conversation: id, message, request });
        Ok(())
    }
}

/// Does it in a task of its own: what was committed is also started when the caller goes away in the middle.
pub(super) async fn to_the_end<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    let done = tokio::spawn(work.in_current_span()).await;
    done.unwrap_or_else(|broken| Err(Error::Internal(broken.to_string())))
}

/// Whether what is said can be stored.
pub(super) fn check(said: &Said) -> Result<()> {
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

pub(super) fn rich_of(files: &[FileRef]) -> Result<Option<Json>> {
    if files.is_empty() {
        return Ok(None);
    }
    let rich = Json::of(&Rich::Files { files: files.to_vec() });
    rich.map(Some).map_err(|error| Error::Internal(format!("writing files: {error}")))
}

fn refuse_streaming(reply: &MessageRow) -> Result<()> {
    if reply.state == State::Streaming.as_str() {
        return Err(Error::conflict("This reply is still being written. Stop it first."));
    }
    Ok(())
}

fn refuse_silenced(held: &Held) -> Result<()> {
    if held.answering != Answering::Bot {
        return Err(Error::conflict("A person answers in this conversation now, so the model writes nothing."));
    }
    Ok(())
}

/// What the message that came with the same `client_id` before was answered.
async fn stored_before(tx: &mut Tx, asked: Uuid, said: &Said) -> Result<Stored> {
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

/// The active reply that took the place of an inactive one.
async fn sibling(tx: &mut Tx, id: ConversationId, old: &MessageRow) -> Result<Option<ReplyRef>> {
    let row: Option<(Uuid, Uuid)> = on!(&mut *tx, |db| {
        sqlx::query_as(
            "SELECT id, generation_id FROM messages WHERE conversation_id = $1 AND parent_id = $2 AND author = 'bot'
             AND active AND generation_id IS NOT NULL ORDER BY id DESC LIMIT 1",
        )
        .bind(id.0)
        .bind(old.parent_id)
        .fetch_optional(db)
        .await
    })?;
    Ok(row.map(|(id, generation)| ReplyRef { id: MessageId(id), generation_id: GenerationId(generation) }))
}
