//! Models: a request becomes a stream of typed deltas.
//!
//! [`client`] asks and `answer` reads: they speak HTTP and know time. All that reads bytes and words is pure: [`sse`] →
//! [`openai`] (with [`think`]) for answers, [`refusal`] for errors, [`body`] and [`address`] for requests. [`detect`] looks for a model server on this machine.

pub mod address;
mod answer;
pub mod body;
pub mod client;
pub mod detect;
pub mod limits;
pub mod openai;
pub mod refusal;
pub mod sse;
pub mod think;

pub mod choice;
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

/// Who reads a reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Audience {
    /// Somebody with an account, who may know who runs this server.
    #[default]
    Account,
    /// A visitor of a website, who neither knows nor can change how it is set up.
    Visitor,
}

/// What a model is asked.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Request {
    /// The name of the model that should answer; absent: the configured one's.
    pub model: Option<String>,
    /// Who reads the reply.
    pub audience: Audience,
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
                "The model's server cannot be reached. Retry in a moment. If it stays so, an administrator can check that \
                 it runs and that PARLOR_MODEL_URL is right."
            }
            Self::Unauthorized => {
                "The model's provider did not accept the key. An administrator can set a valid PARLOR_MODEL_KEY; then \
                 retry."
            }
            Self::NotFound => {
                "The provider knows no such model or address. An administrator can check PARLOR_MODEL_NAME and \
                 PARLOR_MODEL_URL; then retry."
            }
            Self::RateLimited(Some(seconds)) => {
                let wait = match seconds {
                    0..=1 => "a second".to_owned(),
                    2..=119 => format!("{seconds} seconds"),
                    120..=7199 => format!("{} minutes", seconds.div_ceil(60)),
                    _ => format!("{} hours", seconds.div_ceil(3600)),
                };
                let message = format!("The model's provider is busy and asks to wait {wait}. Retry after that.");
                return Fault { code: self.to_string(), message };
            }
            Self::RateLimited(None) => "The model's provider is busy. Wait a moment, then retry.",
            Self::Quota => {
                "The account at the model's provider has no credit left. An administrator can top it up; then retry."
            }
            Self::Rejected => {
                "The model's provider did not accept this request. Send a shorter or different message, or start a new \
                 chat."
            }
            Self::TooLong => {
                "This chat is longer than the model can read. Send a shorter message, or start a new chat."
            }
            Self::Upstream => "The model's server reported an error. Retry in a moment.",
            Self::Garbled => {
                "The model's server sent something that is not a reply. Retry. If it stays so, an administrator can check \
                 PARLOR_MODEL_URL."
            }
            Self::Timeout => "The model did not answer in time. Retry; a local model may still have been loading.",
            Self::Cut => {
                "The connection to the model broke before the reply was complete. What arrived is kept: continue or retry."
            }
        };
        let message = message.to_owned();
        Fault { code: self.to_string(), message }
    }
}

impl ModelError {
    /// The same for whoever reads it: a visitor hears nothing of keys, settings and providers.
    pub fn fault_for(self, audience: Audience) -> Fault {
        if audience == Audience::Account {
            return self.fault();
        }
        let message = match self {
            Self::Unreachable | Self::Unauthorized | Self::NotFound | Self::Quota | Self::Upstream | Self::Garbled => {
                "The answer cannot be written right now. Please try again in a moment, or ask for a person."
            }
            Self::RateLimited(_) => "Many are asking at this moment. Please wait a little, then try again.",
            Self::Rejected => "This cannot be answered as it is. Please try again in other or fewer words.",
            Self::TooLong => "This conversation has become too long to be answered. Please start a new one.",
            Self::Timeout => "The answer did not come in time. Please try again.",
            Self::Cut => "The answer broke off. What arrived is kept: go on with it or try again.",
        };
        Fault { code: self.to_string(), message: message.to_owned() }
    }
}

/// A model that answers.
pub trait Model: Send + Sync + 'static {
    /// Its name, as people see it.
    fn name(&self) -> &str;

    /// The name of the one that answers this request.
    fn name_for(&self, _request: &Request) -> String {
        self.name().to_owned()
    }

    /// Starts a reply. Dropping the stream ends the upstream's work. After an error nothing follows.
    fn reply(&self, request: Request) -> BoxStream<'static, Result<Delta, ModelError>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    const EACH: [ModelError; 12] = [
        ModelError::Unreachable,
        ModelError::Unauthorized,
        ModelError::NotFound,
        ModelError::RateLimited(None),
        ModelError::RateLimited(Some(7)),
        ModelError::Quota,
        ModelError::Rejected,
        ModelError::TooLong,
        ModelError::Upstream,
        ModelError::Garbled,
        ModelError::Timeout,
        ModelError::Cut,
    ];

    #[test]
    fn every_error_says_what_happened_and_what_to_do() {
        for error in EACH {
            let Fault { code, message } = error.fault();
            assert!(!code.is_empty() && code.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{code}");
            let advice = ["retry", "Retry", "start a new chat"];
            assert!(message.ends_with('.') && advice.iter().any(|word| message.contains(word)), "{message}");
            assert!(message.len() <= 200 && !message.contains("  "), "{message}");
        }
    }

    #[test]
    fn a_visitor_hears_nothing_of_settings() {
        for error in EACH {
            let Fault { code, message } = error.fault_for(Audience::Visitor);
            assert_eq!(code, error.fault().code);
            for word in ["PARLOR", "model", "provider", "administrator", "key", "server"] {
                assert!(!message.contains(word), "{message}");
            }
        }
        assert_eq!(ModelError::Quota.fault_for(Audience::Account), ModelError::Quota.fault());
    }

    #[test]
    fn a_wait_is_told_in_words_that_fit_it_and_never_shorter() {
        for (seconds, words) in [
            (0, "a second"),
            (1, "a second"),
            (45, "45 seconds"),
            (121, "3 minutes"),
            (7200, "2 hours"),
            (u32::MAX, "1193047 hours"),
        ] {
            let message = ModelError::RateLimited(Some(seconds)).fault().message;
            assert!(message.contains(&format!("asks to wait {words}.")), "{message}");
        }
    }
}
