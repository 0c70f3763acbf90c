//! The JSON service of accounts for programs, and the cookie refresh.
//!
//! The three routes that hand out tokens never read a cookie, so that they are open to programs that do not say where
//! they come from; see [`super::origin`].

use super::{
    cookies::{self, Cookie, log_out_cookies},
    extract::{ClientInfo, CurrentUser},
    input::{Json, bearer},
    refresh,
};
use crate::{
    server::{
        accounts::{Client, LoggedIn},
        error::{Error, Result},
        state::AppState,
    },
    wire::{
        account::{LogIn, SignUp, TokenPair, Viewer},
        error::ErrorBody,
    },
};
use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRequest, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most bytes of a request's body.
const LONGEST_BODY: usize = 16 * 1024;

/// Its routes.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/auth/signup", post(sign_up))
        .route("/auth/login", post(log_in))
        .route("/auth/refresh_tokens", post(refresh_tokens))
        .route("/auth/me", get(me))
        .route("/auth/logout", post(log_out))
        .route(refresh::PATH, get(refresh::visit).post(refresh::renew))
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
}

/// What a sign-up answers: the pair, and the account that was made.
#[derive(Serialize, ToSchema)]
pub(super) struct SignedUp {
    #[serde(flatten)]
    tokens: TokenPair,
    user: Viewer,
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
pub(super) struct RefreshBody {
    #[serde(alias = "refreshToken", alias = "refresh_token")]
    token: String,
}

fn program(client: Client) -> Client {
    Client { browser: false, device: None, ..client }
}

fn pair(logged_in: LoggedIn) -> TokenPair {
    TokenPair { auth_token: logged_in.access, refresh_token: logged_in.refresh }
}

/// An answer that nobody may keep.
fn private(status: StatusCode, body: impl Serialize) -> Response {
    (status, [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], axum::Json(body)).into_response()
}

/// Makes an account and logs it in.
#[utoipa::path(post, path = "/auth/signup", tag = "accounts", request_body = SignUp, security(()), responses(
    (status = 201, description = "The account and its tokens", body = SignedUp),
    (status = 400, description = "A value that is not allowed; `field` names it", body = ErrorBody),
    (status = 403, description = "Sign-up is closed, or by invitation", body = ErrorBody),
    (status = 409, description = "The username or address is taken", body = ErrorBody),
    (status = 415, description = "Not JSON", body = ErrorBody),
    (status = 429, description = "Too often; see Retry-After", body = ErrorBody)))]
pub(in crate::server::http) async fn sign_up(
    State(state): State<AppState>,
    ClientInfo(client): ClientInfo,
    Json(form): Json<SignUp>,
) -> Result<Response> {
    let logged_in = state.accounts.sign_up(form, &program(client)).await?;
    let user = logged_in.viewer.clone();
    Ok(private(StatusCode::CREATED, SignedUp { tokens: pair(logged_in), user }))
}

/// Logs in. The access token lives two minutes at first, longer after a refresh.
#[utoipa::path(post, path = "/auth/login", tag = "accounts", request_body = LogIn, security(()), responses(
    (status = 200, description = "The tokens", body = TokenPair),
    (status = 400, description = "Not to be read, or a field is missing", body = ErrorBody),
    (status = 401, description = "Wrong, or no such account", body = ErrorBody),
    (status = 415, description = "Not JSON", body = ErrorBody),
    (status = 429, description = "Too often; see Retry-After", body = ErrorBody)))]
pub(in crate::server::http) async fn log_in(
    State(state): State<AppState>,
    ClientInfo(client): ClientInfo,
    Json(form): Json<LogIn>,
) -> Result<Response> {
    let logged_in = state.accounts.log_in(form, &program(client)).await?;
    Ok(private(StatusCode::OK, pair(logged_in)))
}

/// Trades a refresh token for a new pair. It stands in `Authorization: Bearer`, or in the body as `token`. The old one
/// is replaced; used again later, it ends the session.
#[utoipa::path(post, path = "/auth/refresh_tokens", tag = "accounts", request_body = Option<RefreshBody>,
    security(("bearer" = []), ()), responses(
    (status = 200, description = "The new tokens", body = TokenPair),
    (status = 400, description = "No token in the body", body = ErrorBody),
    (status = 401, description = "Expired, replaced or unknown", body = ErrorBody),
    (status = 415, description = "No token in the header, and the body is not JSON", body = ErrorBody)))]
pub(in crate::server::http) async fn refresh_tokens(
    State(state): State<AppState>,
    request: Request,
) -> Result<Response> {
    let token = match bearer(request.headers()) {
        Some(token) => token.to_owned(),
        None => Json::<RefreshBody>::from_request(request, &state).await?.0.token,
    };
    Ok(private(StatusCode::OK, pair(state.accounts.refresh(&token).await?)))
}

/// The account that is logged in.
#[utoipa::path(get, path = "/auth/me", tag = "accounts", responses(
    (status = 200, description = "The account", body = Viewer),
    (status = 401, description = "Not logged in", body = ErrorBody)))]
pub(in crate::server::http) async fn me(CurrentUser(caller): CurrentUser) -> Response {
    private(StatusCode::OK, caller.viewer)
}

/// Ends the session. A program names its session by either of its tokens. A browser is out afterwards in any
/// case; where its access token has expired, the refresh token tells the session.
#[utoipa::path(post, path = "/auth/logout", tag = "accounts", responses(
    (status = 204, description = "Logged out"),
    (status = 401, description = "A bearer token that is none of ours", body = ErrorBody)))]
pub(in crate::server::http) async fn log_out(State(state): State<AppState>, headers: HeaderMap) -> Result<Response> {
    if let Some(token) = bearer(&headers) {
        end(&state, token).await?;
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let tokens = [Cookie::Refresh, Cookie::Access].map(|cookie| cookie.read(&state.config, &headers));
    for token in tokens.into_iter().flatten() {
        match end(&state, token).await {
            Ok(()) => break,
            Err(Error::Api(_)) => (),
            Err(error) => return Err(error),
        }
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    cookies::set(response.headers_mut(), log_out_cookies(&state.config));
    Ok(response)
}

async fn end(state: &AppState, token: &str) -> Result<()> {
    match state.accounts.authenticate(token).await {
        Ok(caller) => state.accounts.end_session(caller.viewer.id, caller.session).await,
        Err(Error::Api(_)) => state.accounts.log_out(token).await,
        Err(error) => Err(error),
    }
}
