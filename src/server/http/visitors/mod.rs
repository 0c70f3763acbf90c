//! `/v1/widget`: what the panel, and anyone's own front end, asks for a visitor of a website. No cookie is read here.

pub(super) mod caller;
pub(super) mod conversations;
pub(super) mod files;
pub(super) mod messages;
pub(super) mod ndjson;
pub(super) mod person;
pub(super) mod poll;
pub(super) mod session;
pub(super) mod socket;

use crate::server::state::AppState;
use axum::Router;
use utoipa::OpenApi;

/// Its routes.
pub fn router() -> Router<AppState> {
    Router::new()
        .merge(session::router())
        .merge(conversations::router())
        .merge(messages::router())
        .merge(person::router())
        .merge(poll::router())
        .merge(socket::router())
        .merge(files::router())
}

/// What of it the OpenAPI document describes.
#[derive(OpenApi)]
#[openapi(paths(
    session::open,
    conversations::list,
    conversations::show,
    conversations::older,
    conversations::events,
    conversations::transcript,
    messages::begin,
    messages::send,
    messages::stop,
    messages::regenerate,
    messages::resume,
    messages::rate,
    person::read,
    person::ask,
    person::back,
    poll::poll,
    socket::socket,
    files::upload,
    files::download,
))]
pub struct Described;
