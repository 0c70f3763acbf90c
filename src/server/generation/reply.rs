//! One reply from the first delta to its end.

use super::{
    Engine, Job,
    finish::{End, finish},
};
use crate::{
    server::model::{Audience, Delta, Finish, ModelError},
    wire::message::{Fault, Source, State},
};
use futures::StreamExt;
use std::time::Duration;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// The most bytes of a reply, whatever the model.
const MAX_REPLY: usize = 8 * 1024 * 1024;
/// Between two tries to write the end when the database refuses.
const RETRY: Duration = Duration::from_millis(500);

/// Lets the model write, and stores what it writes, until it ends, is stopped or breaks.
pub async fn write(engine: &Engine, job: Job, stop: CancellationToken) {
    let Job { generation, conversation, message, request } = job;
    let mut reply = Progress { audience: request.audience, ..Progress::default() };
    let model = Some(engine.0.model.name_for(&request)).filter(|name| name != engine.0.model.name());
    let mut deltas = engine.0.model.reply(request);
    let (state, fault) = loop {
        let delta = tokio::select! {
            biased;
            () = stop.cancelled() => break if engine.0.lifecycle.hard.is_cancelled() {
                (State::Interrupted, Some(restarted()))
            } else {
                (State::Stopped, None)
            },
            delta = deltas.next() => delta,
        };
        match reply.take(delta) {
            Step::Text { text, first } => {
                engine.0.writer.text(conversation, message, generation, text, first).await;
            }
            Step::Nothing => {}
            Step::End(state, fault) => break (state, fault),
        }
    };
    // Dropped first: the upstream stops working while we write the end.
    drop(deltas);
    engine.0.writer.flush(generation).await;
    loop {
        let end = End {
            state,
            fault: fault.clone(),
            sources: reply.sources.clone(),
            usage: reply.usage,
            model: model.clone(),
        };
        match finish(engine, generation, conversation, message, end).await {
            Ok(()) | Err(sqlx::Error::RowNotFound | sqlx::Error::PoolClosed) => return,
            Err(error) if engine.0.lifecycle.hard.is_cancelled() => {
                tracing::error!(%error, %generation, "the end of a reply is left to the reaper");
                return;
            }
            Err(error) => {
                tracing::warn!(%error, %generation, "the end of a reply cannot be stored yet; it is tried again");
                sleep(RETRY).await;
            }
        }
    }
}

fn restarted() -> Fault {
    Fault {
        code: "restarted".to_owned(),
        message: "The server was restarted while it wrote this. What arrived is kept; continue or retry.".to_owned(),
    }
}

/// What came so far.
#[derive(Default)]
struct Progress {
    audience: Audience,
    bytes: usize,
    sources: Vec<Source>,
    usage: Option<(u64, u64)>,
}

#[derive(PartialEq, Eq, Debug)]
enum Step {
    /// Append it; the first text of a reply is shown at once.
    Text {
        text: String,
        first: bool,
    },
    Nothing,
    End(State, Option<Fault>),
}

impl Progress {
    /// One delta in, one step out; `None` is the end of the stream.
    fn take(&mut self, delta: Option<Result<Delta, ModelError>>) -> Step {
        match delta {
            Some(Ok(Delta::Text(mut text))) => {
                // PostgreSQL cannot hold NUL, and nobody can read it.
                text.retain(|c| c != '\0');
                if text.is_empty() {
                    return Step::Nothing;
                }
                let first = self.bytes == 0;
                self.bytes += text.len();
                if self.bytes > MAX_REPLY {
                    return Step::End(State::Complete, None);
                }
                Step::Text { text, first }
            }
            Some(Ok(Delta::Reasoning(_))) => Step::Nothing,
            Some(Ok(Delta::Sources(sources))) => {
                self.sources = sources;
                Step::Nothing
            }
            Some(Ok(Delta::Usage { input, output })) => {
                self.usage = Some((input, output));
                Step::Nothing
            }
            Some(Ok(Delta::Finish(Finish::Filtered))) if self.bytes == 0 => Step::End(
                State::Failed,
                Some(Fault {
                    code: "filtered".to_owned(),
                    message: "The provider withheld the answer to this. Try to ask in other words.".to_owned(),
                }),
            ),
            Some(Ok(Delta::Finish(_))) => Step::End(State::Complete, None),
            Some(Err(error)) => self.broken(error),
            None => self.broken(ModelError::Cut),
        }
    }

    /// With text on the screen a break is an interruption that can be continued; without, a failure to retry.
    fn broken(&self, error: ModelError) -> Step {
        let state = if self.bytes > 0 { State::Interrupted } else { State::Failed };
        Step::End(state, Some(error.fault_for(self.audience)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Option<Result<Delta, ModelError>> {
        Some(Ok(Delta::Text(text.to_owned())))
    }

    #[test]
    fn only_the_first_text_is_first() {
        let mut reply = Progress::default();
        assert_eq!(reply.take(text("")), Step::Nothing);
        assert_eq!(reply.take(text("a\0")), Step::Text { text: "a".to_owned(), first: true });
        assert_eq!(reply.take(text("b")), Step::Text { text: "b".to_owned(), first: false });
        assert_eq!(reply.take(Some(Ok(Delta::Finish(Finish::Stop)))), Step::End(State::Complete, None));
    }

    #[test]
    fn a_break_is_a_failure_before_text_and_an_interruption_after() {
        let mut reply = Progress::default();
        assert!(matches!(reply.take(None), Step::End(State::Failed, Some(_))));
        assert!(matches!(reply.take(Some(Err(ModelError::Quota))), Step::End(State::Failed, Some(_))));
        reply.take(text("a"));
        assert!(matches!(reply.take(None), Step::End(State::Interrupted, Some(_))));
    }

    #[test]
    fn a_reply_without_end_is_ended() {
        let mut reply = Progress::default();
        let piece = "x".repeat(1024 * 1024);
        let steps = (0..9).map(|_| reply.take(text(&piece))).filter(|step| matches!(step, Step::End(..))).count();
        assert_eq!(steps, 1);
    }
}
