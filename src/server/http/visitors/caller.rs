//! Who speaks: a visitor with a token.

use crate::server::{
    error::{Error, Result},
    http::{
        cors::{self, Origin},
        extract::caller_address,
        input::bearer,
    },
    state::AppState,
    visitors::Visitor,
};
use crate::wire::error::{ApiError, Code};
use axum::{extract::FromRequestParts, http::request::Parts};
use std::net::IpAddr;

/// A visitor, by `Authorization: Bearer`. The page's origin, where there is one, is among the site's.
pub struct VisitorCaller {
    /// The visitor.
    pub visitor: Visitor,
    /// The address that asks, behind proxies that are trusted.
    pub address: IpAddr,
}

impl FromRequestParts<AppState> for VisitorCaller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self> {
        let token = bearer(&parts.headers).ok_or_else(|| {
            let message =
                "The visitor's token is missing. Open a session, and send its token as Authorization: Bearer.";
            Error::Api(ApiError::new(Code::Unauthenticated, message))
        })?;
        let visitor = state.visitors.authenticate(token).await?;
        let origin = Origin::read(&parts.headers);
        cors::check(&visitor.site, &origin)?;
        Ok(Self { visitor: visitor.on_page(origin.said()), address: caller_address(parts, state) })
    }
}
