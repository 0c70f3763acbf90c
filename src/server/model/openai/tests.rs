#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use super::*;
use proptest::prelude::*;

/// The deltas of an answer that comes in these pieces, and the error that ended it.
fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Delta>, Option<ModelError>) {
    let (mut decoder, mut deltas) = (Decoder::default(), Vec::new());
    for piece in pieces {
        if let Err(error) = decoder.push(piece, &mut deltas) {
            return (deltas, Some(error));
        }
    }
    let error = decoder.finish(&mut deltas).err();
    (deltas, error)
}

/// The same with neighbours of one kind joined: a cut may divide a text, never change it.
fn joined<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Delta>, Option<ModelError>) {
    let (deltas, error) = decode(pieces);
    let mut joined: Vec<Delta> = Vec::new();
    for delta in deltas {
        match (joined.last_mut(), delta) {
            (Some(Delta::Text(text)), Delta::Text(more)) => text.push_str(&more),
            (Some(Delta::Reasoning(text)), Delta::Reasoning(more)) => text.push_str(&more),
            (_, delta) => joined.push(delta),
        }
    }
    (joined, error)
}

fn text(text: &str) -> Delta {
    Delta::Text(text.to_owned())
}

fn reasoning(text: &str) -> Delta {
    Delta::Reasoning(text.to_owned())
}

const STOP: Delta = Delta::Finish(Finish::Stop);
/// Unlike any text below: what a decoder puts where it lost something.
const LOST: char = '\u{fffd}';

/// As OpenAI streams: an empty first delta, unknown fields, usage in a chunk without choices.
const OPENAI: &str = concat!(
    "data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null},\"finish_reason\":null}],\"usage\":null,\"obfuscation\":\"x\"}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"漢字 \"}},{\"index\":1,\"delta\":{\"content\":\"no\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"👩‍👩‍👧‍👦 \\ud83d\\ude00 \"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"שלום\u{200f} e\u{301}\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":9,\"total_tokens\":12}}\n\n",
    "data: [DONE]\n\n",
);

fn openai() -> Vec<Delta> {
    vec![text("漢字 👩‍👩‍👧‍👦 😀 שלום\u{200f} e\u{301}"), Delta::Usage { input: 3, output: 9 }, STOP]
}

/// Mixed line ends, comments, reasoning in three dialects and inline, a typed array, and no blank line at the end.
const MIXED: &str = concat!(
    "\u{feff}: hi\r\ndata:{\"choices\":[{\"delta\":{\"content\":null,\"reasoning\":\"né\"}}]}\r\r",
    "data: {\"choices\":[{\"delta\":{\"content\":\"<think>漢\"}}]}\r\n\r\n",
    "data: {\"choices\":[{\"delta\":{\"content\":\"</think>\\n😀<b>\"}}]}\n\r",
    "data: {\"choices\":[{\"delta\":{\"content\":[{\"type\":\"text\",\"text\":\"ע\"}]},\"finish_reason\":\"length\"}]}",
);

fn mixed() -> Vec<Delta> {
    vec![reasoning("né漢"), text("😀<b>ע"), Delta::Finish(Finish::Length)]
}

#[test]
fn one_or_two_cuts_anywhere_change_nothing() {
    let bytes = MIXED.as_bytes();
    assert_eq!(joined([bytes]), (mixed(), None));
    for first in 0..=bytes.len() {
        let (head, rest) = bytes.split_at(first);
        for second in 0..=rest.len() {
            let (middle, tail) = rest.split_at(second);
            assert_eq!(joined([head, middle, tail]), (mixed(), None), "cut at {first} and {}", first + second);
        }
    }
}

#[test]
fn a_cut_or_a_byte_at_a_time_changes_nothing_of_a_long_answer() {
    let bytes = OPENAI.as_bytes();
    for cut in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(cut);
        assert_eq!(joined([head, tail]), (openai(), None), "cut at {cut}");
    }
    assert_eq!(joined(bytes.chunks(1)), (openai(), None));
    for end in ["\r\n", "\r"] {
        assert_eq!(joined(OPENAI.replace('\n', end).as_bytes().chunks(1)), (openai(), None));
    }
}

#[test]
fn an_answer_that_ends_early_is_cut_unless_it_was_whole() {
    let bytes = OPENAI.as_bytes();
    let whole = OPENAI.find("\"stop\"}]}").unwrap() + "\"stop\"}]}".len();
    let Some(Delta::Text(full)) = openai().into_iter().next() else { panic!("the reply starts with text") };
    for end in 0..=bytes.len() {
        let (deltas, error) = joined([&bytes[..end]]);
        let shown = match deltas.first() {
            Some(Delta::Text(shown)) => shown.as_str(),
            _ => "",
        };
        assert!(full.starts_with(shown) && !shown.contains(LOST), "{shown}");
        if end < whole {
            assert_eq!(error, Some(ModelError::Cut), "ended after {end} bytes");
        } else {
            assert_eq!((error, deltas.last()), (None, Some(&STOP)), "ended after {end} bytes");
            assert_eq!(shown, full);
        }
    }
}

#[test]
fn every_dialect_of_a_chunk_is_read() {
    for (chunk, expected) in [
        (
            r#"{"choices":[{"delta":{"reasoning_content":"a","reasoning":"a","content":"b"}}]}"#,
            vec![reasoning("a"), text("b")],
        ),
        (r#"{"choices":[{"delta":{"reasoning_content":"","reasoning":"a"}}]}"#, vec![reasoning("a")]),
        (
            r#"{"choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"a"},{"type":"reference"}]},{"type":"text","text":"b"},{"type":"reference","reference_ids":[1]}]}}]}"#,
            vec![reasoning("a"), text("b")],
        ),
        (r#"{"choices":[{"delta":{"content":null,"refusal":"I cannot."}}]}"#, vec![text("I cannot.")]),
        (r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}}]}"#, vec![]),
        (r#"{"choices":null,"usage":{"prompt_tokens":1}}"#, vec![Delta::Usage { input: 1, output: 0 }]),
        (r#"{"choices":[{"delta":null}],"error":null}"#, vec![]),
        (r#"{"choices":[{"delta":{"content":{"odd":1}}}],"usage":[]}"#, vec![]),
        (r#"{"type":"execute","__proto__":{"a":1}}"#, vec![]),
        ("[1,2]", vec![]),
        ("null", vec![]),
        ("", vec![]),
    ] {
        let sent = format!("data: {chunk}\n\ndata: [DONE]\n\n");
        let expected: Vec<Delta> = expected.into_iter().chain([STOP]).collect();
        assert_eq!(decode([sent.as_bytes()]), (expected, None), "{chunk}");
    }
}

#[test]
fn every_reason_to_finish_has_its_meaning() {
    for (reason, finish) in [
        ("stop", Finish::Stop),
        ("length", Finish::Length),
        ("model_length", Finish::Length),
        ("content_filter", Finish::Filtered),
        ("tool_calls", Finish::Stop),
        ("eos", Finish::Stop),
    ] {
        let sent = format!("data: {{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"{reason}\"}}]}}\n\n");
        assert_eq!(decode([sent.as_bytes()]), (vec![Delta::Finish(finish)], None), "{reason}");
    }
    let empty = b"data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"\"}]}\n\n";
    assert_eq!(decode([empty.as_slice()]), (vec![text("a")], Some(ModelError::Cut)));
}

#[test]
fn an_error_inside_the_stream_keeps_what_came_before() {
    for (frame, error) in [
        (r#"data: {"error":{"message":"x","code":500}}"#, ModelError::Upstream),
        (r#"data: {"error":"x"}"#, ModelError::Upstream),
        (r#"data: {"object":"error","message":"x","code":400}"#, ModelError::Upstream),
        (r#"data: {"choices":[{"delta":{"content":""},"finish_reason":"error"}]}"#, ModelError::Upstream),
        (r#"error: {"code":500,"message":"x"}"#, ModelError::Upstream),
        ("error: x", ModelError::Upstream),
        ("event: error\ndata: {\"message\":\"rate limit\"}", ModelError::RateLimited(None)),
        ("event: error\ndata: x", ModelError::Upstream),
        (r#"data: {"error":{"code":"context_length_exceeded"}}"#, ModelError::TooLong),
        (r#"data: {"choices":[{"#, ModelError::Garbled),
        ("data: hello", ModelError::Garbled),
    ] {
        let sent =
            format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"<thi\"}}}}]}}\n\n{frame}\n\ndata: [DONE]\n\n");
        assert_eq!(decode([sent.as_bytes()]), (vec![text("<thi")], Some(error)), "{frame}");
    }
}

#[test]
fn a_server_that_does_not_stream_is_read_too() {
    let whole = r#" {"choices":[{"index":0,"message":{"role":"assistant","content":"漢字","reasoning":"r"},"finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#;
    let expected =
        vec![reasoning("r"), text("漢字"), Delta::Usage { input: 1, output: 2 }, Delta::Finish(Finish::Length)];
    assert_eq!(decode(whole.as_bytes().chunks(1)), (expected, None));
    for (body, error) in [
        (&whole[..60], ModelError::Cut),
        (r#"{"error":"x"}"#, ModelError::Upstream),
        (r#"{"error":{"code":"insufficient_quota"}}"#, ModelError::Quota),
        (r#"{"object":"error","message":"x"}"#, ModelError::Upstream),
        (r#"{"detail":"rate limit reached"}"#, ModelError::RateLimited(None)),
        (r#"{"hello":"world"}"#, ModelError::Garbled),
        (r#"[]"#, ModelError::Garbled),
        (r#"{"a":1} {"b":2}"#, ModelError::Garbled),
        ("<!doctype html><p>data: x\n\n", ModelError::Garbled),
        ("\n <html>", ModelError::Garbled),
        ("\u{1f}\u{8b}", ModelError::Garbled),
        ("", ModelError::Cut),
        ("Ollama is running", ModelError::Garbled),
        ("404 page: not found\n", ModelError::Garbled),
    ] {
        assert_eq!(decode([body.as_bytes()]), (vec![], Some(error)), "{body}");
    }
}

#[test]
fn a_reply_is_never_longer_than_its_limit_and_ends_on_a_character() {
    let piece = "漢".repeat(100_000);
    let chunk = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{piece}\"}}}}]}}\n\n");
    let (mut decoder, mut deltas) = (Decoder::default(), Vec::new());
    for _ in 0..MAX_REPLY / piece.len() + 5 {
        decoder.push(chunk.as_bytes(), &mut deltas).unwrap();
    }
    decoder.finish(&mut deltas).unwrap();
    assert!(decoder.is_over());
    assert_eq!(deltas.pop(), Some(Delta::Finish(Finish::Length)));
    let length: usize = deltas
        .iter()
        .map(|delta| match delta {
            Delta::Text(text) => text.len(),
            other => panic!("{other:?}"),
        })
        .sum();
    assert!(length <= MAX_REPLY && length > MAX_REPLY - 3, "{length}");
}

#[test]
fn an_endless_line_is_garbled_and_keeps_what_came_before() {
    let mut sent = b"data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: ".to_vec();
    sent.resize(sent.len() + sse::MAX_EVENT + 1, b'x');
    assert_eq!(decode(sent.chunks(65_536)), (vec![text("a")], Some(ModelError::Garbled)));
}

proptest! {
    #[test]
    fn any_text_comes_out_as_the_model_wrote_it(
        words in proptest::collection::vec("\\PC{0,8}|漢字|👩‍👩‍👧‍👦|שלום|\r\n", 1..6),
        end in "\r\n|\r|\n",
        cuts in proptest::collection::vec(0usize..2000, 0..6),
    ) {
        let reply: String = words.concat();
        prop_assume!(!reply.trim_start().starts_with("<think>"));
        let mut sent: String = words
            .iter()
            .map(|word| serde_json::json!({ "choices": [{ "delta": { "content": word } }] }))
            .map(|chunk| format!("data: {chunk}{end}{end}"))
            .collect();
        sent.push_str(&format!("data: [DONE]{end}{end}"));
        let bytes = sent.as_bytes();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).chain([0, bytes.len()]).collect();
        cuts.sort_unstable();
        let expected: Vec<Delta> = (!reply.is_empty()).then(|| text(&reply)).into_iter().chain([STOP]).collect();
        prop_assert_eq!(joined(cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]])), (expected, None));
    }

    #[test]
    fn no_bytes_make_it_panic_and_cuts_make_no_difference(
        pieces in proptest::collection::vec(prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..20),
            prop_oneof![
                Just("data: "), Just("\n\n"), Just("\r"), Just("error: "), Just("event: error\n"), Just("[DONE]"),
                Just("{\"choices\":[{\"delta\":{\"content\":\"<think>漢\"}}]}"), Just("{\"error\":1}"), Just("{"),
            ].prop_map(|text| text.as_bytes().to_vec()),
        ], 0..20),
    ) {
        let whole = pieces.concat();
        prop_assert_eq!(joined(whole.chunks(1)), joined([whole.as_slice()]));
    }
}
