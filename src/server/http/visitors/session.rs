//! `/v1/widget/session`: a browser's secret for a short token.

use crate::{
    server::{
        error::Result,
        http::{
            extract::{SiteCaller, site_key},
            input::{Json, bearer},
        },
        state::AppState,
    },
    wire::{
        error::ErrorBody,
        site::WhoMayChat,
        visitor::{OpenSession, VisitorSession},
    },
};
use axum::{Router, extract::State, http::HeaderMap, routing::post};

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/v1/widget/session", post(open))
}

/// Opens a session of a visitor. The client id is their secret: it opens their conversations. Where the site asks for
/// accounts of this server, `Authorization: Bearer` has the account's access token, and the session ends with it.
#[utoipa::path(post, path = "/v1/widget/session", tag = "widget", operation_id = "widget_open", security(("site" = [])), request_body = OpenSession,
    responses((status = 200, description = "The token, and the conversation to go on with", body = VisitorSession),
    (status = 400, description = "A client id that is no UUIDv4, or claims that are no object", body = ErrorBody),
    (status = 401, description = "No site key, a token that is refused, or the site asks for more", body = ErrorBody),
    (status = 403, description = "A page of an origin that the site does not allow", body = ErrorBody),
    (status = 429, description = "Too many sessions; see Retry-After", body = ErrorBody)))]
pub(in crate::server::http) async fn open(
    State(state): State<AppState>,
    caller: SiteCaller,
    headers: HeaderMap,
    Json(ask): Json<OpenSession>,
) -> Result<axum::Json<VisitorSession>> {
    let account = match bearer(&headers).filter(|_| caller.site.settings.who == WhoMayChat::Account) {
        Some(token) => Some(state.accounts.authenticate(token).await?),
        None => None,
    };
    let key = site_key(&headers).unwrap_or_default();
    Ok(axum::Json(state.visitors.open(&caller.site, key, account, caller.address, ask).await?))
}
