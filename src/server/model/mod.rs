//! Models: a request becomes a stream of typed deltas.

pub mod guide;

use crate::wire::message::{Fault, Source};
use futures::stream::BoxStream;

/// Who said a turn, as models know it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Speaker {
    /// The person.
    Person,
    /// The model.
    Model,
}

/// One turn of the conversation so far.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Turn {
    /// Who said it.
    pub speaker: Speaker,
    /// What, Markdown.
    pub text: String,
}

/// What a model is asked.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Request {
    /// Instructions that the person does not see.
    pub system: Option<String>,
    /// The conversation so far, oldest first; the last turn is the person's. With `continue_from`, what follows it.
    pub turns: Vec<Turn>,
    /// The beginning of the reply, already shown to the person; the model goes on after it.
    pub continue_from: Option<String>,
    /// The most tokens of the reply.
    pub max_tokens: Option<u32>,
}

/// A piece of a reply.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Delta {
    /// Text to show.
    Text(String),
    /// What the model thought; not part of the reply's text.
    Reasoning(String),
    /// The passages that the text quotes; each call replaces the last.
    Sources(Vec<Source>),
    /// Tokens so far; each call replaces the last.
    Usage {
        /// Of the request.
        input: u64,
        /// Of the reply.
        output: u64,
    },
    /// The reply is over. A stream that ends without it was cut.
    Finish(Finish),
}

/// Why a reply is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Finish {
    /// The model was done.
    Stop,
    /// The limit of tokens or bytes was reached.
    Length,
    /// The provider withheld the rest.
    Filtered,
}

/// Why a model could not answer, or not to the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ModelError {
    /// Nothing listens at the address, or it refused the connection.
    #[error("refused")]
    Unreachable,
    /// 401 or 403.
    #[error("unauthorized")]
    Unauthorized,
    /// 404: the address or the model's name is wrong.
    #[error("not_found")]
    NotFound,
    /// 429 that waiting cures; seconds where the provider said.
    #[error("rate_limited")]
    RateLimited(Option<u32>),
    /// 429 that waiting does not cure: the account has no credit.
    #[error("quota")]
    Quota,
    /// 400 and the like: the provider does not take this request; too long, most often.
    #[error("rejected")]
    Rejected,
    /// The conversation does not fit into the model's context.
    #[error("too_long")]
    TooLong,
    /// 5xx, or an error inside the stream.
    #[error("upstream")]
    Upstream,
    /// What came is no reply: an HTML page, broken JSON, an endless line.
    #[error("garbled")]
    Garbled,
    /// Nothing came in time.
    #[error("timeout")]
    Timeout,
    /// The stream ended in the middle.
    #[error("cut")]
    Cut,
}

impl ModelError {
    /// What happened and what to do, for the person who waits. Never the upstream's own words.
    pub fn fault(self) -> Fault {
        let message = match self {
            Self::Unreachable => {
                "The model's server cannot be reached. Check that it is running and that PARLOR_MODEL_URL is right, then retry.".to_owned()
            }
            Self::Unauthorized => {
                "The model's provider did not accept the key. An administrator can set PARLOR_MODEL_KEY; then retry.".to_owned()
            }
            Self::NotFound => {
                "The provider does not know this model or address. An administrator can check PARLOR_MODEL_NAME and PARLOR_MODEL_URL.".to_owned()
            }
            Self::RateLimited(Some(seconds)) => {
                format!("The provider is busy and asks to wait {seconds} s. Retry after that.")
            }
            Self::RateLimited(None) => "The provider is busy. Wait a moment, then retry.".to_owned(),
            Self::Quota => "The provider's account has no credit left. An administrator can top it up; then retry.".to_owned(),
            Self::Rejected => "The provider did not accept this request. Try a shorter or different message.".to_owned(),
            Self::TooLong => "This chat is longer than the model can read. Start a new chat, or shorten the message.".to_owned(),
            Self::Upstream => "The model's server reported an error. Retry in a moment.".to_owned(),
            Self::Garbled => {
                "The model's server answered with something that is no reply. Check PARLOR_MODEL_URL, then retry.".to_owned()
            }
            Self::Timeout => "The model did not answer in time. Retry; a local model may still be loading.".to_owned(),
            Self::Cut => "The connection to the model broke in the middle. What arrived is kept; continue or retry.".to_owned(),
        };
        Fault { code: self.to_string(), message }
    }
}

/// A model that answers.
pub trait Model: Send + Sync + 'static {
    /// Its name, as people see it.
    fn name(&self) -> &str;

    /// Starts a reply. Dropping the stream ends the upstream's work. After an error nothing follows.
    fn reply(&self, request: Request) -> BoxStream<'static, Result<Delta, ModelError>>;
}
