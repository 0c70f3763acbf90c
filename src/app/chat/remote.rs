//! The chat's server functions: who asks, the use case, the error. Those that a plain form can post also say where
//! the browser goes next when no script runs.
#![expect(
    missing_docs,
    reason = "the fields of what #[server(output = Answer)] makes are the arguments of its function"
)]

use crate::app::error::Answer;
use crate::wire::{
    conversation::{Conversation, ReplyRef, Sent, Snapshot},
    error::ApiError,
    id::{ConversationId, GenerationId, MessageId},
    message::Message,
    page::Page,
    time::Timestamp,
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The name under which the forms of the chat say, without JavaScript, how they went.
pub const FORM: &str = "chat";

/// A page of the list, and the server's clock, so that both sides of the hydration group by the same day.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ChatList {
    /// The chats, the latest spoken in first.
    pub page: Page<Conversation>,
    /// Now.
    pub now: Timestamp,
}

/// A chat as its page opens it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Opened {
    /// The chat; with `before`, an earlier part of it.
    pub snapshot: Snapshot,
    /// The `client_id` of the message that the form sends when no script runs.
    pub form_id: String,
    /// Whether this is an earlier part.
    pub earlier: bool,
}

/// What an empty chat shows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Context {
    /// The name of the model that will answer.
    pub model: String,
    /// Questions that this model can answer.
    pub suggestions: Vec<String>,
    /// The `client_id` of the message that the form sends when no script runs.
    pub form_id: String,
}

/// What the first message of a chat answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Begun {
    /// The new chat.
    pub conversation: ConversationId,
    /// Its first message and reply.
    pub sent: Sent,
}

/// The chats, the latest spoken in first.
#[server(output = Answer)]
pub async fn list_chats(cursor: Option<String>) -> Result<ChatList, ApiError> {
    use crate::server::{clock, http::caller};
    let (state, caller) = caller::user().await?;
    let page = caller::answer(state.conversations.list(caller.viewer.id, cursor.as_deref(), 40).await)?;
    Ok(ChatList { page, now: clock::now() })
}

/// The chat to continue with, if there is one.
#[server(output = Answer)]
pub async fn latest_chat() -> Result<Option<ConversationId>, ApiError> {
    use crate::server::http::caller;
    let (state, caller) = caller::user().await?;
    caller::answer(state.conversations.latest(caller.viewer.id).await)
}

/// A chat with its newest messages, or with those before a cursor.
#[server(output = Answer)]
pub async fn open_chat(id: ConversationId, before: Option<String>) -> Result<Opened, ApiError> {
    use crate::server::{clock, http::caller};
    let (state, caller) = caller::user().await?;
    let mut snapshot = caller::answer(state.conversations.open(caller.viewer.id, id, 50).await)?;
    if let Some(before) = &before {
        let page = caller::answer(state.conversations.older(caller.viewer.id, id, before, 50).await)?;
        (snapshot.messages, snapshot.older_cursor) = (page.items, page.next_cursor);
    }
    Ok(Opened { snapshot, form_id: clock::new_id().to_string(), earlier: before.is_some() })
}

/// The messages before a cursor, oldest first.
#[server(output = Answer)]
pub async fn older_messages(id: ConversationId, cursor: String) -> Result<Page<Message>, ApiError> {
    use crate::server::http::caller;
    let (state, caller) = caller::user().await?;
    caller::answer(state.conversations.older(caller.viewer.id, id, &cursor, 50).await)
}

/// What an empty chat shows.
#[server(output = Answer)]
pub async fn chat_context() -> Result<Context, ApiError> {
    use crate::server::{clock, http::caller};
    let (state, _) = caller::user().await?;
    // Questions that the model in use can answer: Guide reads the manual, other models know the world.
    let suggestions = if state.config.model.is_some() {
        [
            "Explain how HTTPS keeps a password safe on the way, in five sentences",
            "Draft a short, friendly reply that declines a meeting invitation",
            "Plan three vegetarian dinners for a busy week, with a shopping list",
        ]
    } else {
        ["What can Parlor do?", "How do I connect my own model?", "How do I put the chat on my website?"]
    };
    Ok(Context {
        model: state.engine.model_name().to_owned(),
        suggestions: suggestions.map(str::to_owned).to_vec(),
        form_id: clock::new_id().to_string(),
    })
}

/// Whether the chat is still there and the session still good, before the events are asked for again.
#[server(output = Answer)]
pub async fn check_chat(id: ConversationId) -> Result<(), ApiError> {
    use crate::server::http::caller;
    let (state, caller) = caller::user().await?;
    caller::answer(state.conversations.get(caller.viewer.id, id).await).map(drop)
}

/// Begins a chat with its first message; the same `client_id` again is the same chat.
#[server(output = Answer)]
pub async fn new_chat_send(client_id: String, content: String) -> Result<Begun, ApiError> {
    use crate::{
        server::http::{caller, flash::Form},
        wire::conversation::SendMessage,
    };
    let (state, caller) = caller::user().await?;
    let form = Form::new(FORM, "/chat/new").typed("content", &content);
    let begun = state.conversations.begin(caller.viewer.id, SendMessage { client_id, content }).await;
    let begun = begun.map(|(conversation, sent)| Begun { conversation, sent });
    let then = begun.as_ref().map(|begun| format!("/chat/{}", begun.conversation)).unwrap_or_default();
    form.answer(&state.config, begun, &then, "")
}

/// Sends a message.
#[server(output = Answer)]
pub async fn send_message(id: ConversationId, client_id: String, content: String) -> Result<Sent, ApiError> {
    use crate::{
        server::http::{caller, flash::Form},
        wire::conversation::SendMessage,
    };
    let (state, caller) = caller::user().await?;
    let page = format!("/chat/{id}");
    let form = Form::new(FORM, page.clone()).typed("content", &content);
    let sent = state.conversations.send(caller.viewer.id, id, SendMessage { client_id, content }).await;
    form.answer(&state.config, sent, &page, "")
}

/// Writes a reply anew.
#[server(output = Answer)]
pub async fn regenerate(id: ConversationId, message_id: MessageId) -> Result<ReplyRef, ApiError> {
    use crate::server::http::{caller, flash::Form};
    let (state, caller) = caller::user().await?;
    let page = format!("/chat/{id}");
    let result = state.conversations.regenerate(caller.viewer.id, message_id).await;
    Form::new(FORM, page.clone()).answer(&state.config, result, &page, "")
}

/// Goes on with a reply that ended early.
#[server(output = Answer)]
pub async fn resume_reply(id: ConversationId, message_id: MessageId) -> Result<ReplyRef, ApiError> {
    use crate::server::http::{caller, flash::Form};
    let (state, caller) = caller::user().await?;
    let page = format!("/chat/{id}");
    let result = state.conversations.resume(caller.viewer.id, message_id).await;
    Form::new(FORM, page.clone()).answer(&state.config, result, &page, "")
}

/// Stops a reply; what was written is kept.
#[server(output = Answer)]
pub async fn stop_reply(id: ConversationId, generation_id: GenerationId) -> Result<(), ApiError> {
    use crate::server::http::{caller, flash::Form};
    let (state, caller) = caller::user().await?;
    let page = format!("/chat/{id}");
    let result = state.conversations.stop(caller.viewer.id, generation_id).await;
    Form::new(FORM, page.clone()).answer(&state.config, result, &page, "")
}

/// Gives a chat a title.
#[server(output = Answer)]
pub async fn rename_chat(id: ConversationId, title: String) -> Result<Conversation, ApiError> {
    use crate::server::http::{caller, flash::Form};
    let (state, caller) = caller::user().await?;
    let page = format!("/chat/{id}");
    let result = state.conversations.rename(caller.viewer.id, id, &title).await;
    Form::new(FORM, page.clone()).answer(&state.config, result, &page, "")
}

/// Deletes a chat; [`restore_chat`] brings it back for ten minutes.
#[server(output = Answer)]
pub async fn delete_chat(id: ConversationId) -> Result<(), ApiError> {
    use crate::server::http::{caller, flash::Form};
    let (state, caller) = caller::user().await?;
    let result = state.conversations.delete(caller.viewer.id, id).await;
    let form = Form::new(FORM, format!("/chat/{id}")).done("restore", &id.to_string());
    form.answer(&state.config, result, "/chat/new", "Chat deleted")
}

/// Takes a deletion back.
#[server(output = Answer)]
pub async fn restore_chat(id: ConversationId) -> Result<Conversation, ApiError> {
    use crate::server::http::{caller, flash::Form};
    let (state, caller) = caller::user().await?;
    let result = state.conversations.restore(caller.viewer.id, id).await;
    Form::new(FORM, "/chat/new").answer(&state.config, result, &format!("/chat/{id}"), "")
}
