//! Speaking in a conversation: send here, and regenerate, continue and stop in a file each.
//!
//! A send writes the message, its reply, the reply's generation and the events in one transaction, and only then starts
//! the model. What was acknowledged stands, whatever happens to this process.

mod regenerate;
mod reply;
mod resume;
mod said;
mod stop;

pub use said::{Said, Stored};
pub(super) use said::{check, rich_of};

use super::{Conversations, attach::attach};
use crate::{
    server::{
        clock::{new_id, now},
        error::{Error, Result},
        store::Tx,
        thread::{
            self,
            conversations::{self, Begun},
            messages,
            owner::Owner,
            turn::{self, Entered, Lease},
        },
    },
    wire::{
        conversation::{Answering, MessageRef, SendMessage, Sent},
        event::Change,
        id::{ConversationId, MessageId, UserId},
        message::{Author, Message, State},
    },
};
use said::stored_before;
use tracing::Instrument;

impl Conversations {
    /// Stores a message and starts its reply; the same `client_id` again gets the same answer.
    ///
    /// # Errors
    /// [`Code::Conflict`](crate::wire::error::Code::Conflict) when the `client_id` came with another text before.
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
            attach(&mut tx, owner, message.id, &said.files).await?;
            let told = Change::MessageCreated { message: Box::new(question), replaces: None };
            let events = thread::append_after(&mut tx, id, seq, [told]).await?;
            tx.commit().await?;
            self.tell(id, events);
            return Ok(Stored { message, reply: None });
        };
        let (reply, begun) = self.new_reply(Some(message.id), at);
        let lease = Lease { owner: self.engine.owner(), until: self.engine.lease_until() };
        let events = turn::ask(&mut tx, id, seq, (question, begun), &reply, lease).await?;
        attach(&mut tx, owner, message.id, &said.files).await?;
        tx.commit().await?;
        self.go(place, (owner, id), &reply, None, events).await?;
        Ok(Stored { message, reply: Some(reply) })
    }
}

/// Does it in a task of its own: what was committed is also started when the caller goes away in the middle.
pub(super) async fn to_the_end<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    let done = tokio::spawn(work.in_current_span()).await;
    done.unwrap_or_else(|broken| Err(Error::Internal(broken.to_string())))
}
