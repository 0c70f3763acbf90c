//! Guide: the model that answers with no key and no network, by quoting the knowledge base.
//!
//! [`answer`] is the whole mind of it and pure; this file asks the index and streams the text. The same request gives
//! the same reply as long as the documents stay the same.

pub mod answer;
mod talk;

use super::{Delta, Finish, Model, ModelError, Request};
use crate::server::{error::Error, knowledge::Knowledge};
use answer::{Plan, Reply};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use std::time::Duration;

/// Between two pieces of a reply.
const PAUSE: Duration = Duration::from_millis(10);
/// With [`PAUSE`] between them, the longest reply takes 1.2 s.
const MAX_PIECES: usize = 120;

/// Answers from the knowledge base.
#[derive(Clone)]
pub struct Guide {
    knowledge: Knowledge,
}

impl Guide {
    /// Over what there is to know.
    pub fn new(knowledge: Knowledge) -> Self {
        Self { knowledge }
    }

    async fn compose(&self, request: &Request) -> Result<Reply, Error> {
        let plan = Plan::new(&request.turns, request.audience);
        let mut hits = Vec::new();
        for search in plan.searches() {
            hits = search.keep(self.knowledge.search(&search.text, answer::MAX_HITS).await?);
            if !hits.is_empty() {
                break;
            }
        }
        Ok(plan.answer(&hits))
    }
}

impl Model for Guide {
    fn name(&self) -> &str {
        "Guide"
    }

    fn reply(&self, request: Request) -> BoxStream<'static, Result<Delta, ModelError>> {
        let guide = self.clone();
        let composed = async move {
            match guide.compose(&request).await {
                Ok(reply) => deltas(reply, request.continue_from.as_deref()).into_iter().map(Ok).collect(),
                Err(error) => {
                    tracing::error!(%error, "Guide could not search");
                    vec![Err(ModelError::Upstream)]
                }
            }
        };
        let paced = |(at, delta): (usize, Result<Delta, ModelError>)| async move {
            if at > 0 && matches!(delta, Ok(Delta::Text(_))) {
                tokio::time::sleep(PAUSE).await;
            }
            delta
        };
        stream::once(composed).flat_map(stream::iter).enumerate().then(paced).boxed()
    }
}

/// The sources, the text in pieces, the end.
fn deltas(reply: Reply, shown: Option<&str>) -> Vec<Delta> {
    let rest = rest(&reply.text, shown.unwrap_or_default());
    let mut deltas = Vec::new();
    if !reply.sources.is_empty() {
        deltas.push(Delta::Sources(reply.sources));
    }
    deltas.extend(pieces(&rest).into_iter().map(Delta::Text));
    deltas.push(Delta::Finish(Finish::Stop));
    deltas
}

/// What is missing after the part that was shown. When the documents changed in between, the whole text, set apart.
fn rest(text: &str, shown: &str) -> String {
    text.strip_prefix(shown).map_or_else(|| format!("\n\n{text}"), str::to_owned)
}

/// A word or a few at a time, so that there are at most [`MAX_PIECES`].
fn pieces(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_inclusive([' ', '\n']).collect();
    let at_a_time = words.len().div_ceil(MAX_PIECES).max(1);
    words.chunks(at_a_time).map(|words| words.concat()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_long_reply_takes_little_time() {
        let text = "word ".repeat(5000);
        let pieces = pieces(&text);
        assert_eq!(pieces.concat(), text);
        assert!(PAUSE * u32::try_from(pieces.len()).unwrap_or(u32::MAX) < Duration::from_millis(1500));
        assert_eq!(super::pieces("a few words"), ["a ", "few ", "words"]);
        assert!(super::pieces("").is_empty());
    }

    #[test]
    fn the_rest_after_any_beginning_makes_the_whole() {
        let text = "Größe: one two";
        for (at, _) in text.char_indices() {
            assert_eq!(format!("{}{}", &text[..at], rest(text, &text[..at])), text);
        }
        assert_eq!(rest(text, text), "");
        assert_eq!(rest(text, "Something else"), format!("\n\n{text}"));
    }

    proptest! {
        #[test]
        fn pieces_lose_nothing(text in "\\PC{0,400}") {
            let pieces = pieces(&text);
            prop_assert!(pieces.len() <= MAX_PIECES);
            prop_assert_eq!(pieces.concat(), text);
        }
    }
}
