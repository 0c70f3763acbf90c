//! The addresses that two published widgets ask, and programs that were written for them: one sends a site's key and a
//! session id, the other a client id. Both become the same use cases as `/v1/widget`, and whoever is not the one that
//! began a session reads nothing of it.

pub(super) mod chat;
pub(super) mod lines;
pub(super) mod site;
pub(super) mod socket;
pub(super) mod upload;

use crate::server::{
    error::{Error, Result},
    http::{
        cors::Origin,
        extract::{SiteCaller, caller_address, key_in},
        input::bearer,
    },
    sites::known::ActiveSite,
    state::AppState,
    visitors::{ClientId, Visitor},
};
use crate::wire::{
    error::{ApiError, Code},
    json::Json,
};
use axum::{Router, extract::FromRequestParts, http::request::Parts};
use std::{net::IpAddr, sync::Arc};
use utoipa::OpenApi;

/// Its routes.
pub fn router() -> Router<AppState> {
    Router::new()
        .merge(lines::router())
        .merge(chat::router())
        .merge(upload::router())
        .merge(socket::router())
        .merge(site::router())
}

/// What of it the OpenAPI document describes.
#[derive(OpenApi)]
#[openapi(paths(
    lines::chat,
    lines::stream,
    lines::whole,
    chat::send,
    chat::history,
    upload::chat_upload,
    upload::upload,
    socket::socket,
    site::post,
    site::read,
    site::upload,
))]
pub struct Described;

/// A page or program of a site, by the site's key in a header or, where headers cannot be sent, as `?key=`. Without a
/// key it speaks for the only site there is.
pub struct Speaker {
    /// The site.
    site: Arc<ActiveSite>,
    /// Its key.
    key: String,
    /// Whether the key was sent.
    named: bool,
    /// The page's origin; programs have none.
    origin: Option<String>,
    /// The address that asks, behind proxies that are trusted.
    address: IpAddr,
    /// `Authorization: Bearer`, which may be a visitor's token.
    token: Option<String>,
    /// `X-Client-Id`.
    client_id: Option<String>,
}

impl FromRequestParts<AppState> for Speaker {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self> {
        let (sent, said) = (sent_key(parts), Origin::read(&parts.headers));
        let named = sent.is_some();
        let key = match sent {
            Some(key) => key,
            None => only_key(state).await?,
        };
        let SiteCaller { site, address, origin } =
            SiteCaller::with_key(state, &key, said, caller_address(parts, state)).await?;
        let token = bearer(&parts.headers).map(str::to_owned);
        Ok(Self { site, key, named, origin, address, token, client_id: header(parts, "x-client-id") })
    }
}

fn header(parts: &Parts, name: &str) -> Option<String> {
    parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// The site's key in a header or in the address, else the only site's.
async fn key(parts: &Parts, state: &AppState) -> Result<String> {
    match sent_key(parts) {
        Some(key) => Ok(key),
        None => only_key(state).await,
    }
}

fn sent_key(parts: &Parts) -> Option<String> {
    let in_header = header(parts, "x-widget-api-key").or_else(|| header(parts, "x-api-key"));
    in_header.or_else(|| key_in(&parts.uri))
}

fn no_key() -> Error {
    let message = "The site's key is missing. Send it in the header X-Widget-Api-Key, or as ?key=.";
    Error::Api(ApiError::new(Code::Unauthenticated, message))
}

/// The key of the only site.
async fn only_key(state: &AppState) -> Result<String> {
    let mut sites = state.sites.list().await?;
    let site = if sites.len() == 1 { sites.pop() } else { None };
    let key = site.and_then(|site| site.keys.into_iter().next());
    key.map(|key| key.key).ok_or_else(no_key)
}

impl Speaker {
    /// The visitor of a token, where there is one of this site. Any other token is the program's own business.
    async fn of_token(&self, state: &AppState) -> Option<Visitor> {
        let visitor = state.visitors.authenticate(self.token.as_deref()?).await.ok()?;
        (visitor.site.id == self.site.id).then(|| visitor.on_page(self.origin.as_deref()))
    }

    /// The secret that names the visitor.
    fn client(&self, client_id: Option<&str>) -> Result<ClientId> {
        let id = client_id.filter(|id| !id.is_empty()).or(self.client_id.as_deref()).ok_or_else(|| {
            let message = "Who speaks? Send clientId, a random UUID that only this visitor has, in a form before the file; or a \
                           visitor's token.";
            Error::Api(ApiError::new(Code::Unauthenticated, message))
        })?;
        ClientId::parse(id, "clientId")
    }

    /// The visitor who speaks: of the token, else of the client id, made where there is none.
    async fn visitor(&self, state: &AppState, client_id: Option<&str>, claims: Option<&Json>) -> Result<Visitor> {
        if let Some(visitor) = self.of_token(state).await {
            return Ok(visitor);
        }
        let client = self.client(client_id)?;
        let visitor = state.visitors.of_client(&self.site, &self.key, &client, self.address, claims).await?;
        Ok(visitor.on_page(self.origin.as_deref()))
    }

    /// The visitor who is nobody but a session, by the site's key that the request names.
    async fn of_session(&self, state: &AppState, session: &str) -> Result<Visitor> {
        if !self.named {
            return Err(no_key());
        }
        let client = ClientId::of_session(session)?;
        let visitor = state.visitors.of_client(&self.site, &self.key, &client, self.address, None).await?;
        Ok(visitor.on_page(self.origin.as_deref()))
    }

    /// The visitor who reads; `None` when nobody spoke with this client id yet.
    async fn reader(&self, state: &AppState, client_id: Option<&str>) -> Result<Option<Visitor>> {
        match self.of_token(state).await {
            Some(visitor) => Ok(Some(visitor)),
            None => state.visitors.find(&self.site, &self.key, &self.client(client_id)?).await,
        }
    }
}
