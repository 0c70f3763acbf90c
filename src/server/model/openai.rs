//! The OpenAI Chat Completions dialect, from the bytes of an answer to deltas: pure, cut anywhere.
//!
//! Every field is optional and read by its type, because the servers differ: the content is a string, null or (Mistral)
//! an array of typed pieces; reasoning comes as `reasoning_content` (llama.cpp, DeepSeek), `reasoning` (vLLM, Ollama,
//! OpenRouter), a `thinking` piece (Mistral) or inline in `<think>`; usage comes once, in a chunk without choices, or
//! with every chunk; an error can come after a good beginning, as `data: {"error": …}`, as `event: error` or as a bare
//! `error:` line; the end is `[DONE]`, or the end of the answer after a `finish_reason`.

use super::{
    Delta, Finish, ModelError,
    refusal::Complaint,
    sse::{self, Frame},
    think::{Piece, Splitter},
};
use serde_json::Value;

/// The most bytes of one reply, text and reasoning together. Past it the reply ends as [`Finish::Length`].
pub const MAX_REPLY: usize = 8 * 1024 * 1024;
/// The most bytes of one answer: a token of a few letters travels in a chunk of some hundred bytes.
pub const MAX_ANSWER: usize = 64 * MAX_REPLY;

/// What a body turned out to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Body {
    /// Not a visible byte so far.
    #[default]
    Unknown,
    Events,
    /// The server does not stream: one JSON document, held until it is whole.
    Document,
}

/// Reads the body of one answer with a status of 2xx.
#[derive(Debug, Default)]
pub struct Decoder {
    body: Body,
    document: Vec<u8>,
    sse: sse::Decoder,
    frames: Vec<Frame>,
    splitter: Splitter,
    pieces: Vec<Piece>,
    has_events: bool,
    /// There was a line that no event stream has.
    is_prose: bool,
    /// The `finish_reason`, once it came.
    reason: Option<Finish>,
    over: bool,
    /// Bytes of reply so far.
    length: usize,
    /// Bytes of answer so far.
    received: usize,
}

impl Decoder {
    /// Takes the next piece of the body and adds what it says to `deltas`.
    ///
    /// # Errors
    /// What the provider reported, or [`ModelError::Garbled`]. The deltas before it are in `deltas`.
    pub fn push(&mut self, bytes: &[u8], deltas: &mut Vec<Delta>) -> Result<(), ModelError> {
        if self.over {
            return Ok(());
        }
        self.received += bytes.len();
        if self.received > MAX_ANSWER {
            self.flush(deltas);
            self.end(Finish::Length, deltas);
            return Ok(());
        }
        if self.body == Body::Unknown {
            // The content type is no help: proxies and servers get it wrong. No event stream starts with these.
            match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
                None => {}
                Some(b'{' | b'[') => self.body = Body::Document,
                Some(b'<') => return Err(ModelError::Garbled),
                Some(byte) if byte.is_ascii_control() => return Err(ModelError::Garbled),
                Some(_) => self.body = Body::Events,
            }
        }
        if self.body == Body::Document {
            if self.document.len() + bytes.len() > MAX_REPLY {
                return Err(ModelError::Garbled);
            }
            self.document.extend_from_slice(bytes);
            return Ok(());
        }
        let mut frames = std::mem::take(&mut self.frames);
        let read = self.sse.push(bytes, &mut frames);
        for frame in frames.drain(..) {
            if !self.over {
                self.frame(frame, deltas)?;
            }
        }
        self.frames = frames;
        if self.over { Ok(()) } else { read.map_err(|_| ModelError::Garbled) }
    }

    /// Takes the end of the body.
    ///
    /// # Errors
    /// [`ModelError::Cut`] if nothing said that the reply was whole, and what [`Decoder::push`] can give.
    pub fn finish(&mut self, deltas: &mut Vec<Delta>) -> Result<(), ModelError> {
        if self.over {
            return Ok(());
        }
        if self.body == Body::Document {
            return self.read_document(deltas);
        }
        let mut frames = Vec::new();
        let read = self.sse.finish(&mut frames);
        for frame in frames {
            match self.frame(frame, deltas) {
                // Half an event is what a cut leaves.
                Err(ModelError::Garbled) | Ok(()) => {}
                Err(error) => return Err(error),
            }
        }
        if self.over {
            return Ok(());
        }
        self.flush(deltas);
        match self.reason {
            Some(reason) => self.end(reason, deltas),
            None if read.is_err() || (self.is_prose && !self.has_events) => return Err(ModelError::Garbled),
            None => return Err(ModelError::Cut),
        }
        Ok(())
    }

    /// The reply is whole, though more of the answer (usage, the end marker) may follow.
    pub fn is_whole(&self) -> bool {
        self.over || self.reason.is_some()
    }

    /// [`Delta::Finish`] is out: there is no need to read on.
    pub fn is_over(&self) -> bool {
        self.over
    }

    fn frame(&mut self, frame: Frame, deltas: &mut Vec<Delta>) -> Result<(), ModelError> {
        let (name, data) = match frame {
            Frame::Event { name, data } => (name, data),
            Frame::Foreign { field, value } if field == "error" => {
                let error = serde_json::from_str(&value).unwrap_or(Value::String(value));
                return self.fail(&error, deltas);
            }
            Frame::Foreign { field, .. } => {
                // The beginning of a known word is what a cut leaves.
                self.is_prose |= !["data", "event", "retry"].iter().any(|known| known.starts_with(&field));
                return Ok(());
            }
        };
        self.has_events = true;
        match data.trim() {
            "" => Ok(()),
            "[DONE]" => {
                self.flush(deltas);
                self.end(self.reason.unwrap_or(Finish::Stop), deltas);
                Ok(())
            }
            data => match serde_json::from_str::<Value>(data) {
                Ok(chunk) if name == "error" => {
                    self.fail(chunk.get("error").filter(|error| !error.is_null()).unwrap_or(&chunk), deltas)
                }
                Ok(chunk) => self.chunk(&chunk, deltas),
                Err(_) if name == "error" => self.fail(&Value::from(data), deltas),
                Err(_) => {
                    self.flush(deltas);
                    Err(ModelError::Garbled)
                }
            },
        }
    }

    fn read_document(&mut self, deltas: &mut Vec<Delta>) -> Result<(), ModelError> {
        let document: Value = match serde_json::from_slice(&self.document) {
            Ok(document) => document,
            Err(error) if error.is_eof() => return Err(ModelError::Cut),
            Err(_) => return Err(ModelError::Garbled),
        };
        if document.get("choices").is_none_or(Value::is_null) {
            self.chunk(&document, deltas)?;
            // Mistral and FastAPI name an error without an `error` around it.
            let is_error = ["message", "detail"].iter().any(|key| document.get(key).is_some());
            return Err(if is_error { Complaint::of(&document).in_stream() } else { ModelError::Garbled });
        }
        self.chunk(&document, deltas)?;
        self.flush(deltas);
        if !self.over {
            self.end(self.reason.unwrap_or(Finish::Stop), deltas);
        }
        Ok(())
    }

    /// One chunk of a stream, or a whole completion.
    fn chunk(&mut self, chunk: &Value, deltas: &mut Vec<Delta>) -> Result<(), ModelError> {
        if let Some(error) = chunk.get("error").filter(|error| !error.is_null()) {
            return self.fail(error, deltas);
        }
        if chunk.get("object").and_then(Value::as_str) == Some("error") {
            return self.fail(chunk, deltas);
        }
        let choices = chunk.get("choices").and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
        let first = |choice: &&Value| choice.get("index").and_then(Value::as_u64).unwrap_or(0) == 0;
        for choice in choices.iter().filter(first) {
            let part = ["delta", "message"].iter().find_map(|key| choice.get(key).filter(|part| part.is_object()));
            if let Some(part) = part {
                self.part(part, deltas);
            }
            if let Some(reason) = choice.get("finish_reason").and_then(Value::as_str) {
                self.reason = match reason {
                    "" => self.reason,
                    "length" | "model_length" | "max_tokens" => Some(Finish::Length),
                    "content_filter" => Some(Finish::Filtered),
                    "error" => {
                        self.flush(deltas);
                        return Err(ModelError::Upstream);
                    }
                    // Tools are never offered, and unknown words (`eos`, `stop_sequence`) are ways to be done.
                    _ => Some(Finish::Stop),
                };
            }
        }
        if let Some(usage) = chunk.get("usage").filter(|usage| usage.is_object()) {
            let count = |key: &str| usage.get(key).and_then(Value::as_u64);
            if let Some(input) = count("prompt_tokens").filter(|_| !self.over) {
                deltas.push(Delta::Usage { input, output: count("completion_tokens").unwrap_or(0) });
            }
        }
        Ok(())
    }

    fn part(&mut self, part: &Value, deltas: &mut Vec<Delta>) {
        // Some proxies send both names with the same words: the first that says something counts.
        let thought = ["reasoning_content", "reasoning"]
            .iter()
            .find_map(|key| part.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()));
        if let Some(text) = thought {
            self.reasoning(text, deltas);
        }
        match part.get("content") {
            Some(Value::String(text)) => self.content(text, deltas),
            Some(Value::Array(typed)) => {
                for piece in typed {
                    match piece.get("thinking") {
                        Some(Value::Array(thoughts)) => {
                            for text in thoughts.iter().filter_map(|thought| thought.get("text")?.as_str()) {
                                self.reasoning(text, deltas);
                            }
                        }
                        Some(Value::String(text)) => self.reasoning(text, deltas),
                        _ => {
                            if let Some(text) = piece.get("text").and_then(Value::as_str) {
                                self.content(text, deltas);
                            }
                        }
                    }
                }
            }
            _ => {}
        }
        if let Some(refusal) = part.get("refusal").and_then(Value::as_str) {
            self.content(refusal, deltas);
        }
    }

    fn content(&mut self, text: &str, deltas: &mut Vec<Delta>) {
        let mut pieces = std::mem::take(&mut self.pieces);
        self.splitter.push(text, &mut pieces);
        self.pieces = pieces;
        self.emit(deltas);
    }

    fn reasoning(&mut self, text: &str, deltas: &mut Vec<Delta>) {
        if !text.is_empty() {
            self.pieces.push(Piece::Thought(text.to_owned()));
            self.emit(deltas);
        }
    }

    /// Lets out what was held back as a possible tag.
    fn flush(&mut self, deltas: &mut Vec<Delta>) {
        let mut pieces = std::mem::take(&mut self.pieces);
        self.splitter.finish(&mut pieces);
        self.pieces = pieces;
        self.emit(deltas);
    }

    fn emit(&mut self, deltas: &mut Vec<Delta>) {
        for piece in std::mem::take(&mut self.pieces) {
            if self.over {
                return;
            }
            let (mut text, is_thought) = match piece {
                Piece::Text(text) => (text, false),
                Piece::Thought(text) => (text, true),
            };
            let room = MAX_REPLY - self.length;
            let is_full = text.len() > room;
            text.truncate(text.floor_char_boundary(room));
            self.length += text.len();
            if !text.is_empty() {
                deltas.push(if is_thought { Delta::Reasoning(text) } else { Delta::Text(text) });
            }
            if is_full {
                self.end(Finish::Length, deltas);
            }
        }
    }

    fn fail(&mut self, error: &Value, deltas: &mut Vec<Delta>) -> Result<(), ModelError> {
        self.flush(deltas);
        Err(Complaint::of(error).in_stream())
    }

    fn end(&mut self, reason: Finish, deltas: &mut Vec<Delta>) {
        deltas.push(Delta::Finish(reason));
        self.over = true;
    }
}

#[cfg(test)]
mod tests;
