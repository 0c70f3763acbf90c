//! Addresses that are answered nothing.

use super::{address::Network, extract::address_of};
use crate::{
    server::{config::Config, error::respond, state::AppState},
    wire::error::{ApiError, Code},
};
use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use std::sync::Arc;

/// Wraps the whole server, where the settings block anybody.
pub fn layer(routes: Router<AppState>, config: &Config) -> Router<AppState> {
    let blocked: Vec<Network> = config.blocklist.iter().filter_map(|text| Network::parse(text)).collect();
    if blocked.is_empty() {
        return routes;
    }
    let list = Arc::new(List { blocked, trusted: config.trusted_proxies.clone() });
    routes.layer(from_fn_with_state(list, refuse))
}

struct List {
    blocked: Vec<Network>,
    trusted: Vec<String>,
}

async fn refuse(State(list): State<Arc<List>>, request: Request, next: Next) -> Response {
    let address = address_of(request.extensions(), request.headers(), &list.trusted);
    if list.blocked.iter().any(|network| network.contains(address)) {
        tracing::info!(%address, "refused a blocked address");
        let message = "Your address is blocked here. If this is a mistake, tell the operator of this server.";
        return respond(ApiError::new(Code::Forbidden, message));
    }
    next.run(request).await
}
