//! The JSON service of accounts for programs, and the cookie refresh.
//!
//! The three routes that hand out tokens never read a cookie, so that they are open to programs that do not say where
//! they come from; see [`super::origin`].

use super::{
    cookies::{self, Cookie, log_out_cookies},
    extract::{ClientInfo, CurrentUser, bearer},
    input::Json,
    refresh,
};
use crate::{
    server::{
        accounts::{Client, LoggedIn},
        error::{Error, Result},
        state::AppState,
    },
    wire::account::{LogIn, SignUp, TokenPair, Viewer},
};
use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRequest, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};

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
#[derive(Serialize)]
struct SignedUp {
    #[serde(flatten)]
    tokens: TokenPair,
    user: Viewer,
}

#[derive(Deserialize)]
struct RefreshBody {
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

/// `POST /auth/signup`: 201.
async fn sign_up(
    State(state): State<AppState>,
    ClientInfo(client): ClientInfo,
    Json(form): Json<SignUp>,
) -> Result<Response> {
    let logged_in = state.accounts.sign_up(form, &program(client)).await?;
    let user = logged_in.viewer.clone();
    Ok(private(StatusCode::CREATED, SignedUp { tokens: pair(logged_in), user }))
}

/// `POST /auth/login`: 200.
async fn log_in(
    State(state): State<AppState>,
    ClientInfo(client): ClientInfo,
    Json(form): Json<LogIn>,
) -> Result<Response> {
    let logged_in = state.accounts.log_in(form, &program(client)).await?;
    Ok(private(StatusCode::OK, pair(logged_in)))
}

/// `POST /auth/refresh_tokens`: 200; the refresh token stands in `Authorization: Bearer`, or in the body as `token`.
async fn refresh_tokens(State(state): State<AppState>, request: Request) -> Result<Response> {
    let token = match bearer(request.headers()) {
        Some(token) => token.to_owned(),
        None => Json::<RefreshBody>::from_request(request, &state).await?.0.token,
    };
    Ok(private(StatusCode::OK, pair(state.accounts.refresh(&token).await?)))
}

/// `GET /auth/me`: 200, the account.
async fn me(CurrentUser(caller): CurrentUser) -> Response {
    private(StatusCode::OK, caller.viewer)
}

/// `POST /auth/logout`: 204. A program names its session by either of its tokens. A browser is out afterwards in any
/// case; where its access token has expired, the refresh token tells the session.
async fn log_out(State(state): State<AppState>, headers: HeaderMap) -> Result<Response> {
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
