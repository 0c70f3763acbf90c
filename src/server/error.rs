//! Errors of the server: a use case fails either with words for the caller or with a cause for the log.

use crate::wire::error::{ApiError, Code, ErrorBody};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// What a use case returns when it fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// For the caller, as it stands.
    #[error("{0}")]
    Api(#[from] ApiError),
    /// The database's; the caller hears that it is our fault, the log hears the cause.
    #[error("database: {0}")]
    Store(#[from] sqlx::Error),
    /// Any other fault of ours, with its cause for the log.
    #[error("{0}")]
    Internal(String),
}

/// The result of a use case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A request that cannot be read, or a value that is not allowed.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Api(ApiError::new(Code::Invalid, message))
    }

    /// No such thing, or somebody else's: the two are told alike.
    pub fn not_found(what: &str) -> Self {
        Self::Api(ApiError::new(Code::NotFound, format!("This {what} does not exist, or is not yours.")))
    }

    /// An address at which there is nothing, told to a program.
    pub fn no_such_address() -> Self {
        Self::Api(ApiError::new(Code::NotFound, "There is nothing at this address."))
    }

    /// No valid credential.
    pub fn unauthenticated() -> Self {
        Self::Api(ApiError::new(Code::Unauthenticated, "Please log in."))
    }

    /// Known, and not allowed.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::Api(ApiError::new(Code::Forbidden, message))
    }

    /// A collision with what is there.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::Api(ApiError::new(Code::Conflict, message))
    }

    /// Too often; `seconds` until it makes sense to ask again.
    pub fn too_many(message: impl Into<String>, seconds: u32) -> Self {
        Self::Api(ApiError { retry_after: Some(seconds), ..ApiError::new(Code::TooMany, message) })
    }
}

impl From<Error> for ApiError {
    /// Logs what the caller must not see, once, and hides it.
    fn from(error: Error) -> Self {
        match error {
            Error::Api(error) => error,
            Error::Store(cause @ (sqlx::Error::PoolTimedOut | sqlx::Error::Io(_) | sqlx::Error::PoolClosed)) => {
                tracing::error!(%cause, "the database is away");
                Self {
                    retry_after: Some(5),
                    ..Self::new(Code::Unavailable, "The database does not answer right now. Please try again.")
                }
            }
            Error::Store(cause) => {
                tracing::error!(%cause, "a query failed");
                Self::new(Code::Internal, "Something went wrong on the server. Nothing was changed; please try again.")
            }
            Error::Internal(cause) => {
                tracing::error!(%cause, "a request failed");
                Self::new(Code::Internal, "Something went wrong on the server. Nothing was changed; please try again.")
            }
        }
    }
}

/// An [`ApiError`] as a response of the one shape.
pub fn respond(error: ApiError) -> Response {
    let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let retry_after = error.retry_after;
    let mut response = (status, Json(ErrorBody { error })).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        respond(self.into())
    }
}
