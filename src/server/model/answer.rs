//! An answer of a model's server, read as it comes.

use super::{Delta, ModelError, limits::Limits, openai::Decoder};
use reqwest::Response;
use std::{collections::VecDeque, time::Duration};
use tokio::time::{Instant, timeout, timeout_at};

/// What is ready to be handed out.
pub(super) type Ready = VecDeque<Result<Delta, ModelError>>;

/// Why one attempt gave nothing.
pub(super) struct Failure {
    pub(super) error: ModelError,
    /// Asking again may help, after this long where the provider said so.
    pub(super) again: Option<Option<Duration>>,
}

/// An answer of 2xx that is being read. Dropping it closes the connection.
pub(super) struct Answer {
    response: Response,
    limits: Limits,
    decoder: Decoder,
    deltas: Vec<Delta>,
    /// When [`Decoder::is_whole`] was first seen.
    whole_at: Option<Instant>,
}

enum Step {
    More,
    Over,
}

enum Stumble {
    /// The provider said so, or what it said makes no sense.
    Said(ModelError),
    /// The connection broke.
    Broken,
}

impl Answer {
    pub(super) fn new(response: Response, limits: Limits) -> Self {
        Self { response, limits, decoder: Decoder::default(), deltas: Vec::new(), whole_at: None }
    }

    /// Reads up to the first token. Nothing is left of an answer that is over.
    pub(super) async fn begin(
        mut self: Box<Self>,
        deadline: Instant,
        ready: &mut Ready,
    ) -> Result<Option<Box<Self>>, Failure> {
        loop {
            let step = timeout_at(deadline, self.step()).await;
            let has_begun = self.deltas.iter().any(|delta| matches!(delta, Delta::Text(_) | Delta::Reasoning(_)));
            let failure = match step {
                Ok(Ok(Step::More)) if !has_begun && !self.decoder.is_whole() => continue,
                Ok(Ok(step)) => return Ok(self.hand_out(step, ready)),
                Ok(Err(stumble)) if has_begun => return Ok(self.end_with(stumble.error(), ready)),
                Ok(Err(Stumble::Said(error))) => Failure { error, again: None },
                Ok(Err(Stumble::Broken)) => Failure { error: ModelError::Cut, again: Some(None) },
                Err(_) => Failure { error: ModelError::Timeout, again: None },
            };
            return Err(failure);
        }
    }

    /// Reads until there is something to hand out. Nothing is left of an answer that is over.
    pub(super) async fn read(mut self: Box<Self>, ready: &mut Ready) -> Option<Box<Self>> {
        let next_chunk = Instant::now() + self.limits.between_chunks;
        loop {
            let deadline = if self.decoder.is_whole() {
                *self.whole_at.get_or_insert_with(Instant::now) + self.limits.tail
            } else {
                next_chunk
            };
            match timeout_at(deadline, self.step()).await {
                Ok(Ok(Step::More)) if self.deltas.is_empty() => {}
                Ok(Ok(step)) => return self.hand_out(step, ready),
                Ok(Err(stumble)) => return self.end_with(stumble.error(), ready),
                Err(_) => match self.decoder.finish(&mut self.deltas) {
                    Ok(()) => return self.hand_out(Step::Over, ready),
                    Err(_) => return self.end_with(ModelError::Timeout, ready),
                },
            }
        }
    }

    /// Reads one piece into `deltas`.
    async fn step(&mut self) -> Result<Step, Stumble> {
        let piece = self.response.chunk().await;
        let is_broken = piece.is_err();
        let read = match piece {
            Ok(Some(bytes)) => self.decoder.push(&bytes, &mut self.deltas),
            // What broke after the end of the reply broke nothing, and what was held back is shown either way.
            Ok(None) | Err(_) => self.decoder.finish(&mut self.deltas),
        };
        match read {
            Ok(()) if self.decoder.is_over() => Ok(Step::Over),
            Ok(()) => Ok(Step::More),
            Err(ModelError::Cut) if is_broken => Err(Stumble::Broken),
            Err(error) => Err(Stumble::Said(error)),
        }
    }

    fn hand_out(mut self: Box<Self>, step: Step, ready: &mut Ready) -> Option<Box<Self>> {
        ready.extend(self.deltas.drain(..).map(Ok));
        match step {
            Step::More => Some(self),
            Step::Over => {
                self.retire();
                None
            }
        }
    }

    /// What little follows the end is read aside, so that the connection can serve the next request.
    fn retire(mut self: Box<Self>) {
        tokio::spawn(async move {
            let rest = async { while let Ok(Some(_)) = self.response.chunk().await {} };
            let _ = timeout(Duration::from_millis(200), rest).await;
        });
    }

    /// The last words and then the error; the connection closes.
    fn end_with(mut self: Box<Self>, error: ModelError, ready: &mut Ready) -> Option<Box<Self>> {
        tracing::warn!(host = self.response.url().host_str(), fault = %error, "the model's reply broke off");
        ready.extend(self.deltas.drain(..).map(Ok));
        ready.push_back(Err(error));
        None
    }
}

impl Stumble {
    fn error(self) -> ModelError {
        match self {
            Self::Said(error) => error,
            Self::Broken => ModelError::Cut,
        }
    }
}
