//! What is read out of a reply that is being written: whole sentences, so that nobody hears every word as it comes.

/// How long a text without a sentence's end may get before it is read out, in bytes.
const LONG: usize = 400;

/// How much of a reply was read out.
#[derive(Default, Debug)]
pub struct Announcer {
    said: usize,
}

impl Announcer {
    /// What to read out now of a reply's text so far; `finished`: nothing will follow.
    pub fn next<'a>(&mut self, text: &'a str, finished: bool) -> Option<&'a str> {
        let rest = text.get(self.said..)?;
        let end = if finished { rest.len() } else { end_of_sentences(rest) };
        self.said += end;
        Some(rest[..end].trim()).filter(|said| !said.is_empty())
    }

    /// Passes over what was written before anybody listened.
    pub fn skip(&mut self, text: &str) {
        self.said = text.len();
    }
}

fn end_of_sentences(text: &str) -> usize {
    let mut end = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        let ends = match c {
            '\n' | '。' | '！' | '？' | '؟' | '।' => true,
            '.' | '!' | '?' | ':' | '…' => next.is_some_and(char::is_whitespace),
            _ => false,
        };
        if ends {
            end = at + c.len_utf8();
        }
    }
    if end == 0 && text.len() > LONG { text.rfind(' ').unwrap_or(0) } else { end }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sentences_are_read_out_once_they_are_whole() {
        let mut announcer = Announcer::default();
        assert_eq!(announcer.next("Yes, in 3.5 day", false), None);
        assert_eq!(announcer.next("Yes, in 3.5 days. And", false), Some("Yes, in 3.5 days."));
        assert_eq!(announcer.next("Yes, in 3.5 days. And duties", false), None);
        assert_eq!(announcer.next("Yes, in 3.5 days. And duties", true), Some("And duties"));
        assert_eq!(announcer.next("Yes, in 3.5 days. And duties", true), None);
        assert_eq!(Announcer::default().next("好。再", false), Some("好。"));
    }

    proptest! {
        #[test]
        fn all_of_it_is_read_out_once(text in "[a-z .!?\n。ä]{0,80}", cuts in prop::collection::vec(0_usize..90, 0..6)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| text.floor_char_boundary(cut)).collect();
            cuts.sort_unstable();
            let mut announcer = Announcer::default();
            let mut said = String::new();
            for cut in cuts {
                said.extend(announcer.next(&text[..cut], false));
            }
            said.extend(announcer.next(&text, true));
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(bare(&said), bare(&text));
        }
    }
}
