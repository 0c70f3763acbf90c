//! `/account/export`: everything that belongs to an account, as one JSON document to keep.

use super::extract::CurrentUser;
use crate::server::{
    accounts::Caller,
    clock::now,
    error::{Error, Result},
    state::AppState,
};
use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use futures::{Stream, stream};
use serde_json::Value;

/// Its route.
pub fn router() -> Router<AppState> {
    Router::new().route("/account/export", get(export))
}

/// The account with its sessions and chats. Written while it is read, so that its size costs no memory.
async fn export(State(state): State<AppState>, CurrentUser(caller): CurrentUser) -> Result<Response> {
    let mut head = state.accounts.export(caller.viewer.id).await?;
    if let Value::Object(fields) = &mut head {
        fields.insert("exported_at".to_owned(), Value::String(now().to_string()));
    }
    let head = head.to_string();
    let head = head.strip_suffix('}').unwrap_or(&head).to_owned();
    let first = Bytes::from(format!("{head},\"conversations\":["));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"parlor-export.json\"")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ];
    Ok((headers, Body::from_stream(document(state, caller, first))).into_response())
}

enum Place {
    Beginning(Bytes),
    Chats { cursor: Option<String>, comma: bool },
    End,
}

/// The pieces of the document. A page that cannot be read breaks the download, so that nobody keeps half of it unaware.
fn document(state: AppState, caller: Caller, first: Bytes) -> impl Stream<Item = Result<Bytes, Error>> {
    stream::unfold(Place::Beginning(first), move |place| {
        let (state, owner) = (state.clone(), caller.viewer.id);
        async move {
            match place {
                Place::Beginning(first) => Some((Ok(first), Place::Chats { cursor: None, comma: false })),
                Place::Chats { cursor, comma } => {
                    Some(match state.conversations.export(owner, cursor.as_deref()).await {
                        Ok((chats, next)) => {
                            let mut piece = String::new();
                            for (at, chat) in chats.iter().enumerate() {
                                if comma || at > 0 {
                                    piece.push(',');
                                }
                                match serde_json::to_string(chat) {
                                    Ok(chat) => piece.push_str(&chat),
                                    Err(error) => return Some((Err(Error::Internal(error.to_string())), Place::End)),
                                }
                            }
                            let comma = comma || !chats.is_empty();
                            match next {
                                Some(next) => (Ok(piece.into()), Place::Chats { cursor: Some(next), comma }),
                                None => (Ok((piece + "]}").into()), Place::End),
                            }
                        }
                        Err(error) => (Err(error), Place::End),
                    })
                }
                Place::End => None,
            }
        }
    })
}
