//! One extractor for each kind of caller.

use crate::server::{
    accounts::{Caller, Client},
    error::Error,
    state::AppState,
};
use axum::{extract::FromRequestParts, http::request::Parts};

/// A logged-in account, by cookie or `Authorization: Bearer`.
pub struct CurrentUser(pub Caller);

impl FromRequestParts<AppState> for CurrentUser {
    type Rejection = Error;

    async fn from_request_parts(_parts: &mut Parts, _state: &AppState) -> Result<Self, Error> {
        Err(Error::unauthenticated())
    }
}

/// Where a request comes from.
pub struct ClientInfo(pub Client);

impl From<ClientInfo> for Client {
    fn from(ClientInfo(client): ClientInfo) -> Self {
        client
    }
}

impl FromRequestParts<AppState> for ClientInfo {
    type Rejection = Error;

    async fn from_request_parts(_parts: &mut Parts, _state: &AppState) -> Result<Self, Error> {
        Ok(Self(Client { address: std::net::Ipv4Addr::LOCALHOST.into(), agent: String::new(), browser: true }))
    }
}
