//! `/account/export`: everything that belongs to an account, as one JSON document to keep.

use super::extract::CurrentUser;
use crate::server::{
    clock::now,
    error::{Error, Result},
    state::AppState,
    thread::owner::Owner,
};
use crate::wire::id::VisitorId;
use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use serde_json::Value;
use std::vec::IntoIter;

/// Its route.
pub fn router() -> Router<AppState> {
    Router::new().route("/account/export", get(export))
}

/// The account with its sessions and conversations. Written while it is read, so that its size costs no memory.
async fn export(State(state): State<AppState>, CurrentUser(caller): CurrentUser) -> Result<Response> {
    let mut head = state.accounts.export(caller.viewer.id).await?;
    if let Value::Object(fields) = &mut head {
        fields.insert("exported_at".to_owned(), Value::String(now().to_string()));
    }
    let head = head.to_string();
    let head = head.strip_suffix('}').unwrap_or(&head).to_owned();
    let first = Bytes::from(format!("{head},\"conversations\":["));
    let others = state.accounts.elsewhere(caller.viewer.id).await?.into_iter();
    let begin = Place::Beginning(first, caller.viewer.id.into(), others);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"parlor-export.json\"")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ];
    // Fused: what compresses it for a browser asks once more after the end.
    Ok((headers, Body::from_stream(document(state, begin).fuse())).into_response())
}

enum Place {
    Beginning(Bytes, Owner, IntoIter<VisitorId>),
    Chats { owner: Owner, others: IntoIter<VisitorId>, cursor: Option<String>, comma: bool },
    End,
}

/// The pieces of the document. A page that cannot be read breaks the download, so that nobody keeps half of it unaware.
fn document(state: AppState, begin: Place) -> impl Stream<Item = Result<Bytes, Error>> {
    stream::unfold(begin, move |place| {
        let state = state.clone();
        async move {
            match place {
                Place::Beginning(first, owner, others) => {
                    Some((Ok(first), Place::Chats { owner, others, cursor: None, comma: false }))
                }
                Place::Chats { owner, mut others, cursor, comma } => {
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
                            let follows = match next {
                                Some(next) => Some((owner, Some(next))),
                                None => others.next().map(|other| (other.into(), None)),
                            };
                            match follows {
                                Some((owner, cursor)) => {
                                    (Ok(piece.into()), Place::Chats { owner, others, cursor, comma })
                                }
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
