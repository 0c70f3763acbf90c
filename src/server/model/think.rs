//! Inline reasoning: servers without a reasoning parser put `<think>…</think>` at the start of the content.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// A piece of content, sorted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece {
    /// To show.
    Text(String),
    /// Not to show.
    Thought(String),
}

/// Splits content that comes in pieces. Only a tag at the very start counts: later ones are what the model writes
/// about.
#[derive(Debug, Default)]
pub struct Splitter {
    place: Place,
    /// What may yet become a tag.
    held: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Place {
    #[default]
    Start,
    Inside,
    /// The blank lines between the thought and the reply.
    Gap,
    Text,
}

impl Splitter {
    /// Takes the next piece of content.
    pub fn push(&mut self, content: &str, pieces: &mut Vec<Piece>) {
        if self.place == Place::Text {
            return text(content, pieces);
        }
        self.held.push_str(content);
        if self.place == Place::Start {
            let begun = self.held.trim_start();
            if let Some(rest) = begun.strip_prefix(OPEN) {
                self.held = rest.to_owned();
                self.place = Place::Inside;
            } else if OPEN.starts_with(begun) {
                return;
            } else {
                self.place = Place::Text;
                return text(&std::mem::take(&mut self.held), pieces);
            }
        }
        if self.place == Place::Inside {
            if let Some((thought, rest)) = self.held.split_once(CLOSE) {
                thought_of(thought, pieces);
                self.held = rest.to_owned();
                self.place = Place::Gap;
            } else {
                let kept = (1..CLOSE.len()).rev().find(|&length| self.held.ends_with(&CLOSE[..length])).unwrap_or(0);
                let rest = self.held.split_off(self.held.len() - kept);
                thought_of(&std::mem::replace(&mut self.held, rest), pieces);
                return;
            }
        }
        let rest = self.held.trim_start();
        if !rest.is_empty() {
            text(rest, pieces);
            self.held.clear();
            self.place = Place::Text;
        }
    }

    /// Takes the end of the content: what was held back is no tag.
    pub fn finish(&mut self, pieces: &mut Vec<Piece>) {
        let held = std::mem::take(&mut self.held);
        match self.place {
            Place::Inside => thought_of(&held, pieces),
            Place::Start | Place::Text => text(&held, pieces),
            Place::Gap => {}
        }
        self.place = Place::Text;
    }
}

fn text(content: &str, pieces: &mut Vec<Piece>) {
    if !content.is_empty() {
        pieces.push(Piece::Text(content.to_owned()));
    }
}

fn thought_of(content: &str, pieces: &mut Vec<Piece>) {
    if !content.is_empty() {
        pieces.push(Piece::Thought(content.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The text and the thought of content that comes in these pieces.
    fn split<'a>(content: impl IntoIterator<Item = &'a str>) -> (String, String) {
        let (mut splitter, mut pieces) = (Splitter::default(), Vec::new());
        for piece in content {
            splitter.push(piece, &mut pieces);
        }
        splitter.finish(&mut pieces);
        let (mut shown, mut hidden) = (String::new(), String::new());
        for piece in pieces {
            match piece {
                Piece::Text(piece) => shown.push_str(&piece),
                Piece::Thought(piece) => hidden.push_str(&piece),
            }
        }
        (shown, hidden)
    }

    #[test]
    fn only_a_tag_at_the_start_hides() {
        for (content, shown, hidden) in [
            ("<think>so</think>\n\nHi", "Hi", "so"),
            (" \n<think>\nso < that </thin\n</think>Hi </think>", "Hi </think>", "\nso < that </thin\n"),
            ("<think>on and on", "", "on and on"),
            ("<think>on and on</thi", "", "on and on</thi"),
            ("<thi", "<thi", ""),
            ("<thing> is", "<thing> is", ""),
            ("  plain", "  plain", ""),
            ("Use <think>x</think>", "Use <think>x</think>", ""),
            ("<think></think>", "", ""),
            ("", "", ""),
        ] {
            assert_eq!(split([content]), (shown.to_owned(), hidden.to_owned()), "{content}");
        }
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(
            content in "[ \n]{0,2}(<think>)?[a<漢/ ]{0,6}(</think>)?[ \n]{0,2}[a<é😀]{0,6}",
        ) {
            let letters: Vec<String> = content.chars().map(String::from).collect();
            prop_assert_eq!(split(letters.iter().map(String::as_str)), split([content.as_str()]));
        }
    }
}
