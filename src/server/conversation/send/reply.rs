//! A reply in the making: its rows, and the start of the model.

use crate::{
    server::{
        clock::{new_id, now},
        conversation::{Conversations, context},
        error::{Error, Result},
        generation::{self, Job, Place},
        store::{Tx, on},
        thread::{
            conversations::{self, Held},
            messages::{self, MessageRow},
            owner::Owner,
        },
    },
    wire::{
        conversation::{Answering, ReplyRef},
        event::{Change, Event},
        id::{ConversationId, GenerationId, MessageId},
        message::{Author, Message, State},
        time::Timestamp,
    },
};
use uuid::Uuid;

impl Conversations {
    /// A reply of the owner and its conversation, locked.
    pub(super) async fn own_reply(
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
    pub(super) async fn begin_reply(
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
    pub(super) fn new_reply(&self, parent: Option<MessageId>, at: Timestamp) -> (ReplyRef, Message) {
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

    pub(super) async fn insert_generation(&self, tx: &mut Tx, id: ConversationId, reply: &ReplyRef) -> Result<()> {
        let (owner, lease) = (self.engine.owner(), self.engine.lease_until());
        generation::insert(tx, reply.generation_id, id, reply.id, owner, lease, now().0).await?;
        Ok(())
    }

    /// Tells the readers and starts the model, after the commit. What the model reads is looked up here, so that nobody
    /// waits for it to write.
    pub(super) async fn go(
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

pub(super) fn refuse_streaming(reply: &MessageRow) -> Result<()> {
    if reply.state == State::Streaming.as_str() {
        return Err(Error::conflict("This reply is still being written. Stop it first."));
    }
    Ok(())
}

pub(super) fn refuse_silenced(held: &Held) -> Result<()> {
    if held.answering != Answering::Bot {
        return Err(Error::conflict("A person answers in this conversation now, so the model writes nothing."));
    }
    Ok(())
}
