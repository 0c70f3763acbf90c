//! Server-sent events, from bytes to frames: an incremental state machine without I/O.
//!
//! The format is the WHATWG HTML standard's, section 9.2.6, with three differences that model servers force:
//! - a line with a field that the standard does not know is handed out instead of ignored, because older llama.cpp
//!   servers report an error in the middle of a reply as `error: {…}`;
//! - an event that the end of the stream leaves without its blank line still counts, because some servers close the
//!   connection right after `data: [DONE]`;
//! - an event has a size limit, so that an endless line costs bounded memory.
//!
//! Those three are why this is own code: eventsource-stream, sse-stream, sse-parse and sse-core follow the standard and
//! drop unknown fields, and the first two have no size limit.

/// The most bytes of one event, and of one line.
pub const MAX_EVENT: usize = 1024 * 1024;

/// What a stream is made of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Frame {
    /// An event.
    Event {
        /// The `event:` field; empty where there is none.
        name: String,
        /// The `data:` lines, joined by line feeds.
        data: String,
    },
    /// A line with a field of no meaning to the format.
    Foreign {
        /// What stands before the colon.
        field: String,
        /// What stands after it.
        value: String,
    },
}

/// An event or a line is longer than [`MAX_EVENT`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("an event is longer than {MAX_EVENT} bytes")]
pub struct TooLong;

/// Where a stream stands between two pieces of it.
#[derive(Debug, Default)]
pub struct Decoder {
    /// The line so far, without its end. Bytes, as a piece can end inside a character.
    line: Vec<u8>,
    name: String,
    data: String,
    has_data: bool,
    /// The last byte was a carriage return: a line feed that follows belongs to it.
    after_cr: bool,
    /// The byte order mark is past, or there was none.
    begun: bool,
}

impl Decoder {
    /// Takes the next piece of the stream, cut anywhere, and adds the frames that it completes to `frames`.
    ///
    /// # Errors
    /// [`TooLong`]; the frames before the long one are in `frames` then, and nothing after it can be trusted.
    pub fn push(&mut self, mut bytes: &[u8], frames: &mut Vec<Frame>) -> Result<(), TooLong> {
        while !bytes.is_empty() {
            if std::mem::take(&mut self.after_cr) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            match bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
                None => {
                    self.extend(bytes)?;
                    break;
                }
                Some(end) => {
                    self.extend(&bytes[..end])?;
                    self.after_cr = bytes[end] == b'\r';
                    bytes = &bytes[end + 1..];
                    self.end_line(frames)?;
                }
            }
        }
        Ok(())
    }

    /// Takes the end of the stream: a line and an event that stand unfinished count as they are.
    ///
    /// # Errors
    /// [`TooLong`], as for [`Decoder::push`].
    pub fn finish(&mut self, frames: &mut Vec<Frame>) -> Result<(), TooLong> {
        if !self.line.is_empty() {
            self.end_line(frames)?;
        }
        self.dispatch(frames);
        Ok(())
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.line.len() + bytes.len() > MAX_EVENT {
            return Err(TooLong);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self, frames: &mut Vec<Frame>) -> Result<(), TooLong> {
        let mut line = std::mem::take(&mut self.line);
        let result = self.read_line(&line, frames);
        // The buffer is used again: a reply has thousands of lines.
        line.clear();
        self.line = line;
        result
    }

    fn read_line(&mut self, line: &[u8], frames: &mut Vec<Frame>) -> Result<(), TooLong> {
        const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
        let line = match line.strip_prefix(BYTE_ORDER_MARK) {
            Some(rest) if !self.begun => rest,
            _ => line,
        };
        self.begun = true;
        if line.is_empty() {
            self.dispatch(frames);
            return Ok(());
        }
        // A whole line is decoded at once, so only bytes that are no UTF-8 at all are replaced.
        let line = String::from_utf8_lossy(line);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if self.data.len() + 1 + value.len() > MAX_EVENT {
                    return Err(TooLong);
                }
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            "event" => value.clone_into(&mut self.name),
            // A comment, and what only a reconnecting reader needs.
            "" | "id" | "retry" => {}
            _ => frames.push(Frame::Foreign { field: field.to_owned(), value: value.to_owned() }),
        }
        Ok(())
    }

    fn dispatch(&mut self, frames: &mut Vec<Frame>) {
        let name = std::mem::take(&mut self.name);
        let data = std::mem::take(&mut self.data);
        if std::mem::take(&mut self.has_data) {
            frames.push(Frame::Event { name, data });
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
    use super::*;
    use proptest::prelude::*;

    fn event(data: &str) -> Frame {
        Frame::Event { name: String::new(), data: data.to_owned() }
    }

    fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Frame> {
        let (mut decoder, mut frames) = (Decoder::default(), Vec::new());
        for piece in pieces {
            decoder.push(piece, &mut frames).unwrap();
        }
        decoder.finish(&mut frames).unwrap();
        frames
    }

    /// Every line end, a byte order mark, comments, both ways of `data:`, foreign fields, and characters of one to four
    /// bytes, joined ones and right-to-left among them.
    const CORPUS: &str = "\u{feff}: hello\r\ndata: 漢字かな\n\ndata:👩‍👩‍👧‍👦 née\r\rdata: שלום\u{200f} عالم\r\n\r\nevent: ping\r\
        data: a\ndata:  b\r\ndata\n\nid: 7\nretry: 10\n\r\nerror: {\"code\":500}\n\n:\n\ndata: 🏳️‍🌈\u{301}\u{feff}\n\n\
        lonely\ndata: [DONE]";

    fn expected() -> Vec<Frame> {
        vec![
            event("漢字かな"),
            event("👩‍👩‍👧‍👦 née"),
            event("שלום\u{200f} عالم"),
            Frame::Event { name: "ping".to_owned(), data: "a\n b\n".to_owned() },
            Frame::Foreign { field: "error".to_owned(), value: "{\"code\":500}".to_owned() },
            event("🏳️‍🌈\u{301}\u{feff}"),
            Frame::Foreign { field: "lonely".to_owned(), value: String::new() },
            event("[DONE]"),
        ]
    }

    #[test]
    fn the_corpus_is_read_whole() {
        assert_eq!(decode([CORPUS.as_bytes()]), expected());
    }

    #[test]
    fn one_or_two_cuts_anywhere_change_nothing() {
        let (bytes, expected) = (CORPUS.as_bytes(), expected());
        for first in 0..=bytes.len() {
            let (head, rest) = bytes.split_at(first);
            for second in 0..=rest.len() {
                let (middle, tail) = rest.split_at(second);
                assert_eq!(decode([head, middle, tail]), expected, "cut at {first} and {}", first + second);
            }
        }
    }

    #[test]
    fn a_byte_at_a_time_changes_nothing() {
        assert_eq!(decode(CORPUS.as_bytes().chunks(1)), expected());
    }

    #[test]
    fn an_event_is_out_as_soon_as_its_blank_line_is_even_one_of_carriage_returns() {
        let (mut decoder, mut frames) = (Decoder::default(), Vec::new());
        decoder.push(b"data: now\r\r", &mut frames).unwrap();
        assert_eq!(frames, [event("now")]);
        decoder.push(b"\ndata: then\n\n", &mut frames).unwrap();
        assert_eq!(frames, [event("now"), event("then")]);
    }

    #[test]
    fn an_endless_line_is_an_error_and_costs_bounded_memory() {
        for prefix in ["", "data: ", ": "] {
            let (mut decoder, mut frames) = (Decoder::default(), Vec::new());
            decoder.push(b"data: before\n\n", &mut frames).unwrap();
            decoder.push(prefix.as_bytes(), &mut frames).unwrap();
            let piece = [b'x'; 4096];
            let error = (0..=MAX_EVENT / piece.len()).find_map(|_| decoder.push(&piece, &mut frames).err());
            assert_eq!(error, Some(TooLong));
            assert_eq!(frames, [event("before")]);
            assert!(decoder.line.capacity() <= 2 * MAX_EVENT);
        }
    }

    #[test]
    fn an_event_of_endless_lines_is_an_error() {
        let (mut decoder, mut frames) = (Decoder::default(), Vec::new());
        let error = (0..MAX_EVENT).find_map(|_| decoder.push(b"data: xxxxxxxxxxxxxxx\n", &mut frames).err());
        assert_eq!(error, Some(TooLong));
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced_not_fatal() {
        assert_eq!(decode([b"data: a\xff\0b\n\n".as_slice()]), [event("a\u{fffd}\0b")]);
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_give_the_same_frames(
            bytes in proptest::collection::vec(prop_oneof![
                4 => any::<u8>(), 2 => Just(b'\n'), 2 => Just(b'\r'), 1 => Just(b':'), 1 => Just(b' '),
            ], 0..300),
            cuts in proptest::collection::vec(0usize..300, 0..8),
        ) {
            let mut text = b"data: \xf0\x9f\x98\x80\ndata".to_vec();
            text.extend(bytes);
            let whole = decode([text.as_slice()]);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([0, text.len()]).collect();
            cuts.sort_unstable();
            prop_assert_eq!(decode(cuts.windows(2).map(|pair| &text[pair[0]..pair[1]])), whole);
        }

        #[test]
        fn text_comes_out_as_it_went_in(lines in proptest::collection::vec("[^\r\n]{0,40}", 1..4), end in "\r\n|\r|\n") {
            let sent: String = lines.iter().map(|line| format!("data: {line}{end}")).collect::<String>() + &end;
            let pieces: Vec<&[u8]> = sent.as_bytes().chunks(1).collect();
            prop_assert_eq!(decode(pieces), [event(&lines.join("\n"))]);
        }
    }
}
