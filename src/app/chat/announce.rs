//! What a screen reader says while a reply is written: whole sentences, not each token. Pure.

use crate::wire::{
    id::MessageId,
    message::{Message, State},
};

/// Sentences shorter than this wait for the next, so that "1." is not read alone.
const SHORT: usize = 24;

/// The whole sentences of a growing reply after byte `from`, and the byte after them. `done`: the rest counts as one.
pub fn sentences(text: &str, from: usize, done: bool) -> Option<(String, usize)> {
    let rest = text.get(from..)?;
    let end = if done {
        rest.len()
    } else {
        let mut ends = rest.char_indices().zip(rest.chars().skip(1)).filter_map(|((at, this), next)| {
            let ends = this == '\n' || (matches!(this, '.' | '?' | '!' | ':' | '…') && next.is_whitespace());
            ends.then(|| at + this.len_utf8())
        });
        let wide = rest.char_indices().filter(|(_, this)| matches!(this, '。' | '？' | '！'));
        let last_wide = wide.map(|(at, this)| at + this.len_utf8()).next_back();
        ends.by_ref().last().max(last_wide)?
    };
    let spoken = plain(rest.get(..end)?);
    if spoken.is_empty() || (!done && spoken.chars().count() < SHORT) {
        return None;
    }
    Some((spoken, from + end))
}

/// Listens to the last reply of a chat.
#[derive(Clone, Default, Debug)]
pub struct Listener {
    started: bool,
    /// The reply, the byte up to which it was said, and whether its end was said too.
    heard: Option<(MessageId, usize, bool)>,
}

impl Listener {
    /// What to say now. What stood there when the page was opened is read as any text, and not announced.
    pub fn hear(&mut self, reply: Option<&Message>) -> Vec<String> {
        let first = !std::mem::replace(&mut self.started, true);
        let Some(reply) = reply else { return Vec::new() };
        let streaming = reply.state == State::Streaming;
        let (from, ended) = match self.heard {
            _ if first => (reply.content.len(), !streaming),
            Some((id, from, ended)) if id == reply.id => (from.min(reply.content.len()), ended && !streaming),
            _ => (0, false),
        };
        self.heard = Some((reply.id, from, ended));
        if ended {
            return Vec::new();
        }
        let mut words = Vec::new();
        let mut reached = from;
        if let Some((text, end)) = sentences(&reply.content, from, !streaming) {
            words.push(text);
            reached = end;
        }
        match reply.state {
            State::Streaming | State::Complete => {}
            State::Stopped => words.push("Stopped.".to_owned()),
            State::Interrupted | State::Failed => {
                let why = reply.error.as_ref().map(|fault| fault.message.clone());
                words.push(why.unwrap_or_else(|| "The reply was interrupted.".to_owned()));
            }
        }
        self.heard = Some((reply.id, reached, !streaming));
        words
    }
}

/// Without the marks of Markdown, which are noise when read aloud.
fn plain(text: &str) -> String {
    let kept: String = text.chars().filter(|mark| !matches!(mark, '*' | '`' | '#' | '_' | '|' | '~')).collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{
        message::{Author, Fault},
        time::Timestamp,
    };
    use uuid::Uuid;

    fn reply(id: u128, content: &str, state: State) -> Message {
        Message {
            id: MessageId(Uuid::from_u128(id)),
            parent_id: None,
            client_id: None,
            author: Author::Bot,
            content: content.to_owned(),
            state,
            error: (state == State::Failed).then(|| Fault { code: "cut".into(), message: "Please retry.".into() }),
            generation_id: None,
            model: None,
            sources: Vec::new(),
            rich: None,
            metadata: None,
            rating: 0,
            created_at: Timestamp(0),
            finished_at: None,
            input_tokens: None,
            output_tokens: None,
        }
    }

    #[test]
    fn a_listener_hears_each_reply_once_and_how_it_ended() {
        let mut listener = Listener::default();
        assert!(listener.hear(Some(&reply(1, "What stood there before.", State::Complete))).is_empty());
        assert!(listener.hear(Some(&reply(2, "", State::Streaming))).is_empty());
        let begun = "The first sentence is whole. The sec";
        assert_eq!(listener.hear(Some(&reply(2, begun, State::Streaming))), ["The first sentence is whole."]);
        assert!(listener.hear(Some(&reply(2, begun, State::Streaming))).is_empty());
        assert_eq!(listener.hear(Some(&reply(2, begun, State::Failed))), ["The sec", "Please retry."]);
        assert!(listener.hear(Some(&reply(2, begun, State::Failed))).is_empty());
        // Continue goes on where it stopped.
        assert!(listener.hear(Some(&reply(2, begun, State::Streaming))).is_empty());
        let whole = format!("{begun}ond.");
        assert_eq!(listener.hear(Some(&reply(2, &whole, State::Stopped))), ["ond.", "Stopped."]);
    }

    #[test]
    fn the_first_reply_of_a_new_chat_is_heard() {
        let mut listener = Listener::default();
        assert!(listener.hear(None).is_empty());
        assert_eq!(listener.hear(Some(&reply(1, "Yes.", State::Complete))), ["Yes."]);
    }

    #[test]
    fn only_whole_sentences_are_said() {
        let text = "Use **what** the bank tells you first. Otherwise back o";
        let (spoken, at) = sentences(text, 0, false).unwrap_or_default();
        assert_eq!(spoken, "Use what the bank tells you first.");
        assert_eq!(sentences(text, at, false), None);
        let (rest, end) = sentences(text, at, true).unwrap_or_default();
        assert_eq!((rest.as_str(), end), ("Otherwise back o", text.len()));
        assert_eq!(sentences(text, end, true), None);
    }

    #[test]
    fn a_short_beginning_waits_for_more() {
        assert_eq!(sentences("1. Yes. ", 0, false), None);
        assert_eq!(sentences("Version 3.14 of it", 0, false), None);
        assert!(
            sentences("最初に銀行の指示に従ってください。それから待ちます、長い文章をもう少し。", 0, false).is_some()
        );
    }

    proptest::proptest! {
        #[test]
        fn however_it_grows_all_of_it_is_said_once(text in "[a-z.é\n ]{0,200}", cuts in proptest::collection::vec(0usize..200, 0..20)) {
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| text.is_char_boundary(*cut) && *cut <= text.len()).collect();
            cuts.sort_unstable();
            let (mut said, mut from) = (Vec::new(), 0);
            for cut in cuts {
                if let Some((spoken, at)) = sentences(&text[..cut], from, false) {
                    said.push(spoken);
                    from = at;
                }
            }
            said.extend(sentences(&text, from, true).map(|(spoken, _)| spoken));
            proptest::prop_assert_eq!(said.join(" "), plain(&text));
        }
    }
}
