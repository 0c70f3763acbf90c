//! Read marks, and talking to a person instead of the model.

use super::caller::VisitorCaller;
use crate::{
    server::{
        conversation::View,
        error::Result,
        http::input::{Id, Json},
        state::AppState,
        visitors::Visitor,
    },
    wire::{
        error::ErrorBody,
        id::ConversationId,
        visitor::{AskForPerson, PersonAsked},
    },
};
use axum::{Router, extract::State, http::StatusCode, routing::post};
use serde::Deserialize;
use utoipa::ToSchema;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/v1/widget/conversations/{id}/read", post(read))
        .route("/v1/widget/conversations/{id}/person", post(ask))
        .route("/v1/widget/conversations/{id}/bot", post(back))
}

/// How far a visitor has read.
#[derive(Deserialize, ToSchema)]
pub(in crate::server::http) struct ReadMark {
    /// The seq of the last event they have seen.
    up_to: i64,
}

/// The visitor has seen everything up to a seq. A mark never falls.
#[utoipa::path(post, path = "/v1/widget/conversations/{id}/read", tag = "widget", operation_id = "widget_read", security(("visitor" = [])),
    params(("id" = ConversationId, Path)), request_body = ReadMark, responses(
    (status = 204, description = "Noted"),
    (status = 401, description = "No visitor's token, or one that ended", body = ErrorBody),
    (status = 404, description = "No such conversation of this visitor", body = ErrorBody)))]
pub(in crate::server::http) async fn read(
    State(state): State<AppState>,
    VisitorCaller { visitor, .. }: VisitorCaller,
    Id(id): Id<ConversationId>,
    Json(ReadMark { up_to }): Json<ReadMark>,
) -> Result<StatusCode> {
    state.conversations.mark_read(visitor.id, id, up_to).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks for a person: the model is silent from now on. Asked again with an e-mail address, the answer can reach the
/// visitor when they have gone.
#[utoipa::path(post, path = "/v1/widget/conversations/{id}/person", tag = "widget", operation_id = "widget_ask", security(("visitor" = [])),
    params(("id" = ConversationId, Path)), request_body = AskForPerson, responses(
    (status = 200, description = "Who answers now, and when somebody will read it", body = PersonAsked),
    (status = 400, description = "Not an e-mail address", body = ErrorBody),
    (status = 401, description = "No visitor's token, or one that ended", body = ErrorBody),
    (status = 404, description = "No such conversation of this visitor", body = ErrorBody)))]
pub(in crate::server::http) async fn ask(
    State(state): State<AppState>,
    VisitorCaller { visitor, .. }: VisitorCaller,
    Id(id): Id<ConversationId>,
    Json(AskForPerson { email }): Json<AskForPerson>,
) -> Result<axum::Json<PersonAsked>> {
    state.visitors.may_speak(&visitor).await?;
    let view = state.conversations.ask_for_person(visitor.id, id, email.as_deref()).await?;
    Ok(axum::Json(asked(&visitor, view)))
}

/// Goes back to the model while no person has taken over.
#[utoipa::path(post, path = "/v1/widget/conversations/{id}/bot", tag = "widget", operation_id = "widget_back", security(("visitor" = [])),
    params(("id" = ConversationId, Path)), responses(
    (status = 200, description = "Who answers now", body = PersonAsked),
    (status = 401, description = "No visitor's token, or one that ended", body = ErrorBody),
    (status = 404, description = "No such conversation of this visitor", body = ErrorBody),
    (status = 409, description = "A person has taken over", body = ErrorBody)))]
pub(in crate::server::http) async fn back(
    State(state): State<AppState>,
    VisitorCaller { visitor, .. }: VisitorCaller,
    Id(id): Id<ConversationId>,
) -> Result<axum::Json<PersonAsked>> {
    state.visitors.may_speak(&visitor).await?;
    let view = state.conversations.back_to_model(visitor.id, id).await?;
    Ok(axum::Json(asked(&visitor, view)))
}

fn asked(visitor: &Visitor, view: View) -> PersonAsked {
    PersonAsked {
        answering: view.answering,
        away_message: visitor.site.settings.branding.away_message.clone(),
        has_email: view.contact_email.is_some(),
    }
}
