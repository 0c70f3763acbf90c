//! One extractor for each kind of caller.

use super::{
    address,
    cookies::Cookie,
    cors::{self, Origin},
    input::bearer,
};
use crate::{
    server::{
        accounts::{Caller, Client},
        error::{Error, Result},
        sites::known::ActiveSite,
        state::AppState,
    },
    wire::error::{ApiError, Code},
};
use axum::{
    extract::{ConnectInfo, FromRequestParts, Query},
    http::{Extensions, HeaderMap, Method, Uri, header, request::Parts},
};
use serde::Deserialize;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

/// A longer `User-Agent` is cut, in bytes.
const LONGEST_AGENT: usize = 512;

/// A logged-in account, by cookie or `Authorization: Bearer`.
pub struct CurrentUser(pub Caller);

/// A logged-in account, or nobody. A bad bearer token is an error, since its program should hear of it; a cookie that
/// no longer counts is the same as none.
pub struct MaybeUser(pub Option<Caller>);

/// Who asks, as far as a log-in wants to know: a browser, unless the route says otherwise.
pub struct ClientInfo(pub Client);

/// A page or program that speaks for a site, by the site's key: `X-Widget-Api-Key`, else `X-Api-Key`, else, only for
/// `GET /v1/widget/config`, `?key=`. Its origin, where it has one, is among the site's.
pub struct SiteCaller {
    /// The site.
    pub site: Arc<ActiveSite>,
    /// The address that asks, behind proxies that are trusted.
    pub address: IpAddr,
    /// The page's origin; programs have none.
    pub origin: Option<String>,
}

impl FromRequestParts<AppState> for CurrentUser {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self> {
        if let Some(caller) = parts.extensions.get::<Caller>() {
            return Ok(Self(caller.clone()));
        }
        let cookie = || Cookie::Access.read(&state.config, &parts.headers);
        let token = bearer(&parts.headers).or_else(cookie).ok_or_else(Error::unauthenticated)?;
        state.accounts.authenticate(token).await.map(Self)
    }
}

impl FromRequestParts<AppState> for MaybeUser {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self> {
        match CurrentUser::from_request_parts(parts, state).await {
            Ok(CurrentUser(caller)) => Ok(Self(Some(caller))),
            Err(Error::Api(error)) if error.code == Code::Unauthenticated && bearer(&parts.headers).is_none() => {
                Ok(Self(None))
            }
            Err(error) => Err(error),
        }
    }
}

impl FromRequestParts<AppState> for ClientInfo {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self> {
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        Ok(Self(Client {
            address: caller_address(parts, state),
            // `to_str` lets ASCII through only, so that every byte is a boundary.
            agent: agent.get(..LONGEST_AGENT).unwrap_or(agent).to_owned(),
            browser: true,
            device: Cookie::Device.read(&state.config, &parts.headers).map(str::to_owned),
        }))
    }
}

/// The address that a request comes from, behind proxies that the settings trust.
pub fn caller_address(parts: &Parts, state: &AppState) -> IpAddr {
    address_of(&parts.extensions, &parts.headers, &state.config.trusted_proxies)
}

/// The same of a request that is not taken apart.
pub(super) fn address_of(extensions: &Extensions, headers: &HeaderMap, trusted: &[String]) -> IpAddr {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
    // A line that is no text ends the list: nothing to its left is believed.
    let forwarded = headers.get_all("x-forwarded-for").into_iter().map(|line| line.to_str().unwrap_or("?"));
    address::resolve(peer, forwarded, trusted)
}

/// The site's key in the headers. An empty one, which the widget sends for a tag without a key, is none.
pub fn site_key(headers: &HeaderMap) -> Option<&str> {
    let read = |name: &str| headers.get(name).and_then(|key| key.to_str().ok()).filter(|key| !key.is_empty());
    read("x-widget-api-key").or_else(|| read("x-api-key"))
}

/// `?key=` of an address.
pub fn key_in(uri: &Uri) -> Option<String> {
    #[derive(Deserialize)]
    struct KeyParam {
        key: Option<String>,
    }
    Query::<KeyParam>::try_from_uri(uri).ok().and_then(|Query(asked)| asked.key)
}

impl SiteCaller {
    /// The same where the key came another way, such as in a socket's first frame.
    ///
    /// # Errors
    /// Unauthenticated for a key that does not hold; forbidden for an origin that the site does not allow.
    pub async fn with_key(state: &AppState, key: &str, origin: Origin, address: IpAddr) -> Result<Self> {
        let site = state.sites.by_key(key).await?;
        cors::check(&site, &origin)?;
        let origin = origin.said().map(str::to_owned);
        Ok(Self { site, address, origin })
    }
}

impl FromRequestParts<AppState> for SiteCaller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self> {
        let in_query = || {
            let allowed = parts.method == Method::GET && parts.uri.path() == "/v1/widget/config";
            if allowed { key_in(&parts.uri) } else { None }
        };
        let key = site_key(&parts.headers).map(str::to_owned).or_else(in_query);
        let key = key.ok_or_else(|| {
            let message = "The site's key is missing. Send it in the header X-Widget-Api-Key.";
            Error::Api(ApiError::new(Code::Unauthenticated, message))
        })?;
        Self::with_key(state, &key, Origin::read(&parts.headers), caller_address(parts, state)).await
    }
}
