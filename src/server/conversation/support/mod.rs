//! What only conversations of websites have: they begin with a message of a visitor, somebody may ask for a person,
//! both sides say how far they have read, and replies are rated.

mod post;
mod rows;
mod transcript;

pub use post::Posted;

use super::{
    Conversations,
    history::before,
    send::{Said, Stored, check, to_the_end},
};
use crate::{
    server::{
        clock::{new_id, now},
        error::{Error, Result},
        generation,
        store::Tx,
        thread::{
            self,
            conversations::{self, Begun},
            owner::Owner,
        },
    },
    wire::{
        conversation::Answering,
        event::{Change, Event},
        id::{ConversationId, MessageId, SiteId, VisitorId},
        message::{Author, Message},
        time::Timestamp,
        visitor::VisitorSnapshot,
    },
};
use uuid::Uuid;

/// The longest `session_key`, in bytes.
pub const MAX_SESSION_KEY: usize = 128;

/// Where a visitor's conversation stands.
pub struct View {
    /// Who answers.
    pub answering: Answering,
    /// Where to answer when the visitor has gone.
    pub contact_email: Option<String>,
}

impl Conversations {
    /// Begins a conversation of a visitor with its first message; the same `client_id` again gets the same one.
    ///
    /// # Errors
    /// As [`Self::say`].
    pub async fn begin_support(
        &self,
        site: SiteId,
        visitor: VisitorId,
        said: Said,
    ) -> Result<(ConversationId, Stored)> {
        check(&said)?;
        let chats = self.clone();
        to_the_end(async move {
            let mut tx = chats.store.begin().await?;
            let new = ConversationId(new_id());
            let id =
                conversations::begin(&mut tx, Begun::Support(site, visitor, &said.client_id), new, now().0).await?;
            Ok((id, chats.send_in(tx, Owner::Visitor(visitor), id, said).await?))
        })
        .await
    }

    /// Says something in the conversation that a program of the site calls `session`; the first message makes it.
    ///
    /// # Errors
    /// As [`Self::say`].
    pub async fn say_in_session(
        &self,
        site: SiteId,
        visitor: VisitorId,
        session: &str,
        said: Said,
    ) -> Result<(ConversationId, Stored)> {
        check(&said)?;
        let (chats, session) = (self.clone(), session.to_owned());
        to_the_end(async move {
            let mut tx = chats.store.begin().await?;
            let new = ConversationId(new_id());
            let id = conversations::begin(&mut tx, Begun::Session(site, visitor, &session), new, now().0).await?;
            Ok((id, chats.send_in(tx, Owner::Visitor(visitor), id, said).await?))
        })
        .await
    }

    /// The conversation that a program of the site calls `session`, where the visitor has one.
    pub async fn find_session(&self, visitor: VisitorId, session: &str) -> Result<Option<ConversationId>> {
        Ok(rows::find_session(&self.store, visitor, session).await?)
    }

    /// Says something in a conversation of a visitor. Where the model answers its reply begins.
    ///
    /// # Errors
    /// Conflict when the `client_id` came with another text before; not found; unavailable.
    pub async fn say(&self, visitor: VisitorId, id: ConversationId, said: Said) -> Result<Stored> {
        check(&said)?;
        let chats = self.clone();
        to_the_end(async move {
            let tx = chats.store.begin().await?;
            chats.send_in(tx, Owner::Visitor(visitor), id, said).await
        })
        .await
    }

    /// The seq with which a message was added.
    pub async fn created_at(&self, id: ConversationId, message: MessageId) -> Result<i64> {
        let seq = rows::created(&self.store, id, message).await?;
        seq.ok_or_else(|| Error::Internal(format!("message {message} was stored without its event")))
    }

    /// A conversation as the panel opens it, with its newest `limit` messages.
    pub async fn open_support(&self, visitor: VisitorId, id: ConversationId, limit: u32) -> Result<VisitorSnapshot> {
        let mut view = self.store.snapshot().await?;
        let row = rows::find(&mut view, visitor, id).await?.ok_or_else(missing)?;
        let agent_read_id = rows::last_before(&mut view, id, row.agent_read).await?;
        let page = before(&mut view, id, Uuid::max(), limit).await?;
        Ok(VisitorSnapshot {
            conversation_id: id,
            answering: row.answering(),
            messages: page.items,
            older_cursor: page.next_cursor,
            seq: row.last_seq,
            visitor_read: row.visitor_read,
            agent_read: row.agent_read,
            agent_read_id: agent_read_id.map(MessageId),
            has_email: row.contact_email.is_some(),
            created_at: Timestamp(row.created_at),
        })
    }

    /// The messages of a conversation after one of them, oldest first; at most `limit`.
    pub async fn messages_after(
        &self,
        visitor: VisitorId,
        id: ConversationId,
        after: Option<MessageId>,
        limit: u32,
    ) -> Result<Vec<Message>> {
        let cursor = after.map(|id| id.to_string());
        Ok(self.messages(visitor, id, cursor.as_deref(), limit).await?.items)
    }

    /// Who answers in a conversation of a visitor.
    pub async fn view(&self, visitor: VisitorId, id: ConversationId) -> Result<View> {
        let mut view = self.store.snapshot().await?;
        let row = rows::find(&mut view, visitor, id).await?.ok_or_else(missing)?;
        Ok(View { answering: row.answering(), contact_email: row.contact_email })
    }

    /// Messages to the visitor that they have not seen.
    pub async fn unread(&self, visitor: VisitorId, id: ConversationId) -> Result<u32> {
        Ok(rows::unread(&self.store, visitor, id).await?)
    }

    /// The visitor has seen everything up to a seq. A mark never falls, and never runs ahead of what there is.
    pub async fn mark_read(&self, visitor: VisitorId, id: ConversationId, up_to: i64) -> Result<()> {
        let mut tx = self.store.begin().await?;
        conversations::lock(&mut tx, visitor, id).await?.ok_or_else(missing)?;
        let Some(up_to) = rows::mark_read(&mut tx, id, up_to).await? else { return Ok(()) };
        let event = thread::append(&mut tx, id, Change::ConversationRead { by: Author::Visitor, up_to }).await?;
        tx.commit().await?;
        self.tell(id, [event]);
        Ok(())
    }

    /// The visitor wants a person: the model is silent from here on, in the middle of a reply too. With an address the
    /// answer reaches them when they have gone; asked again without one, the old one stays.
    pub async fn ask_for_person(&self, visitor: VisitorId, id: ConversationId, email: Option<&str>) -> Result<View> {
        let email = email.map(str::trim).filter(|email| !email.is_empty());
        if email.is_some_and(|email| !is_address(email)) {
            return Err(Error::invalid("This does not look like an e-mail address. Please check it."));
        }
        let mut tx = self.store.begin().await?;
        let held = conversations::lock(&mut tx, visitor, id).await?.ok_or_else(missing)?;
        if let Some(email) = email {
            rows::set_email(&mut tx, id, email).await?;
        }
        if held.answering == Answering::Bot {
            self.answer_in(tx, id, Answering::Paused).await?;
        } else {
            tx.commit().await?;
        }
        self.view(visitor, id).await
    }

    /// The visitor does not want to wait for a person any longer.
    ///
    /// # Errors
    /// Conflict when a person has taken over: they end it, so that the model never talks over them.
    pub async fn back_to_model(&self, visitor: VisitorId, id: ConversationId) -> Result<View> {
        let mut tx = self.store.begin().await?;
        let held = conversations::lock(&mut tx, visitor, id).await?.ok_or_else(missing)?;
        match held.answering {
            Answering::Bot => {}
            Answering::Paused => self.answer_in(tx, id, Answering::Bot).await?,
            Answering::Human => {
                return Err(Error::conflict("A person answers in this conversation now. Ask them to hand it back."));
            }
        }
        self.view(visitor, id).await
    }

    /// Lets somebody else answer from now on, for the people of the site. Unless it is the model, the model stops.
    pub async fn set_answering(&self, id: ConversationId, answering: Answering) -> Result<()> {
        let mut tx = self.store.begin().await?;
        if !conversations::hold(&mut tx, id).await? {
            return Err(missing());
        }
        self.answer_in(tx, id, answering).await
    }

    /// The same inside the transaction that holds the conversation; commits it.
    async fn answer_in(&self, mut tx: Tx, id: ConversationId, answering: Answering) -> Result<()> {
        rows::set_answering(&mut tx, id, answering).await?;
        let silent = answering != Answering::Bot;
        if silent {
            // In the same transaction: a reply that begins later sees who answers, one that began is told to stop.
            generation::stop_all(&mut tx, id).await?;
        }
        let event = thread::append(&mut tx, id, Change::AnsweringChanged { answering }).await?;
        tx.commit().await?;
        if silent {
            self.engine.stop_conversation(id);
        }
        self.tell(id, [event]);
        Ok(())
    }

    /// What the visitor thinks of a reply: 1, -1, or 0 to take it back.
    ///
    /// # Errors
    /// Invalid; not found.
    pub async fn rate(&self, visitor: VisitorId, message: MessageId, rating: i8) -> Result<()> {
        if !(-1..=1).contains(&rating) {
            return Err(Error::invalid("A rating is 1, -1 or 0."));
        }
        let missing = || Error::not_found("reply");
        let mut tx = self.store.begin().await?;
        let id = rows::conversation_of_reply(&mut tx, message).await?.ok_or_else(missing)?;
        conversations::lock(&mut tx, visitor, id).await?.ok_or_else(missing)?;
        if !rows::rate(&mut tx, message, rating).await? {
            return Ok(());
        }
        let event = thread::append(&mut tx, id, Change::MessageRated { message_id: message, rating }).await?;
        tx.commit().await?;
        self.tell(id, [event]);
        Ok(())
    }

    /// Gives the conversations and files of one visitor to another, who has proved to be the same person. The events
    /// let their readers look again whose they are: hand them to [`Self::tell_all`] after the commit.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn hand_over(&self, tx: &mut Tx, from: VisitorId, to: VisitorId) -> Result<Vec<(ConversationId, Event)>> {
        let moved = rows::hand_over(tx, from, to).await?;
        let mut told = Vec::with_capacity(moved.len());
        for conversation in moved {
            let id = conversation.id;
            told.push((id, thread::append(tx, id, Change::ConversationUpdated { conversation }).await?));
        }
        Ok(told)
    }

    /// Tells the readers what was committed.
    pub fn tell_all(&self, told: Vec<(ConversationId, Event)>) {
        told.into_iter().for_each(|(id, event)| self.tell(id, [event]));
    }
}

fn missing() -> Error {
    Error::not_found("conversation")
}

/// Whether a text may be an e-mail address; whether it is one only a letter to it can tell.
fn is_address(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else { return false };
    text.len() <= 254
        && !name.is_empty()
        && host.contains('.')
        && !host.contains('@')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && !text.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';' | '"'))
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn an_address_has_a_name_and_a_host() {
        for good in ["ada@example.com", "a.b+c@mail.example.org", "grüße@exämple.de"] {
            assert!(is_address(good), "{good}");
        }
        for wrong in
            ["", "ada", "@example.com", "ada@", "ada@host", "a b@example.com", "a@b.c,d@e.f", "a@b@c.d", "a@.b"]
        {
            assert!(!is_address(wrong), "{wrong}");
        }
        assert!(!is_address(&format!("{}@example.com", "x".repeat(300))));
    }
}
