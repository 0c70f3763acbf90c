//! One extractor for each kind of caller.

use super::{address, cookies::Cookie};
use crate::{
    server::{
        accounts::{Caller, Client},
        error::{Error, Result},
        state::AppState,
    },
    wire::error::Code,
};
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, header, request::Parts},
};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// A longer `User-Agent` is cut, in bytes.
const LONGEST_AGENT: usize = 512;

/// A logged-in account, by cookie or `Authorization: Bearer`.
pub struct CurrentUser(pub Caller);

/// A logged-in account, or nobody. A bad bearer token is an error, since its program should hear of it; a cookie that
/// no longer counts is the same as none.
pub struct MaybeUser(pub Option<Caller>);

/// Who asks, as far as a log-in wants to know: a browser, unless the route says otherwise.
pub struct ClientInfo(pub Client);

/// The token of `Authorization: Bearer`. Other schemes are a proxy's own business.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
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
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
        // A line that is no text ends the list: nothing to its left is believed.
        let forwarded = parts.headers.get_all("x-forwarded-for").into_iter().map(|line| line.to_str().unwrap_or("?"));
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        Ok(Self(Client {
            address: address::resolve(peer, forwarded, &state.config.trusted_proxies),
            // `to_str` lets ASCII through only, so that every byte is a boundary.
            agent: agent.get(..LONGEST_AGENT).unwrap_or(agent).to_owned(),
            browser: true,
            device: Cookie::Device.read(&state.config, &parts.headers).map(str::to_owned),
        }))
    }
}
