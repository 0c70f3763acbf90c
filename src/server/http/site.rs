//! What a widget asks of its site before a visitor acts.

use super::extract::SiteCaller;
use crate::{
    server::{sites::widget_config, state::AppState},
    wire::{error::ErrorBody, site::WidgetConfig},
};
use axum::{
    Json, Router,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};

/// Its routes.
pub fn router() -> Router<AppState> {
    Router::new().route("/v1/widget/config", get(config))
}

/// What the widget needs to know of its site. May be kept for a minute.
#[utoipa::path(get, path = "/v1/widget/config", tag = "widget", security(("site" = [])),
    params(("key" = Option<String>, Query, description = "The site's key, where a header cannot be sent")),
    responses(
    (status = 200, description = "Who may chat, the look, and what may be uploaded", body = WidgetConfig),
    (status = 401, description = "No key, or one that does not hold", body = ErrorBody),
    (status = 403, description = "A page of an origin that the site does not allow", body = ErrorBody)))]
pub(in crate::server::http) async fn config(caller: SiteCaller) -> Response {
    let kept = [
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=60")),
        // One page may speak for two sites: what is kept of one is no answer for the other.
        (header::VARY, HeaderValue::from_static("x-widget-api-key, x-api-key")),
    ];
    (kept, Json(widget_config(&caller.site.settings))).into_response()
}
