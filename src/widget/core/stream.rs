//! Parts of a text that comes in pieces, cut wherever the network cuts it.

/// Takes the first part off `text`, without `end`, which ends it; `None` while it is not whole.
pub fn part(text: &mut String, end: &str) -> Option<String> {
    let at = text.find(end)?;
    let mut part: String = text.drain(..at + end.len()).collect();
    part.truncate(at);
    Some(part)
}

/// The name and the data of a server-sent event (<https://html.spec.whatwg.org/multipage/server-sent-events.html>), as
/// our server writes it: data on one line.
pub fn record(text: &str) -> (&str, &str) {
    let field = |name: &str| {
        let value = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':')).next_back();
        value.map(|value| value.strip_prefix(' ').unwrap_or(value)).unwrap_or_default()
    };
    (field("event"), field("data"))
}

#[cfg(test)]
mod tests {
    use super::{part, record};
    use proptest::prelude::*;

    #[test]
    fn a_record_has_a_name_and_data() {
        assert_eq!(
            record("id: 7\nevent: message.delta\ndata: {\"a\":\"b: c\"}"),
            ("message.delta", "{\"a\":\"b: c\"}")
        );
        assert_eq!(record("event:reset\ndata:{}"), ("reset", "{}"));
        assert_eq!(record(": heartbeat"), ("", ""));
        assert_eq!(record("eventful: no\nretry: 500"), ("", ""));
    }

    proptest! {
        #[test]
        fn however_a_text_is_cut_its_parts_are_the_same(
            lines in prop::collection::vec("[^\n]{0,12}", 0..12), rest in "[^\n]{0,12}",
            cuts in prop::collection::vec(0_usize..200, 0..12), double in any::<bool>(),
        ) {
            let end = if double { "\n\n" } else { "\n" };
            let whole: String = lines.iter().map(|line| [line, end].concat()).chain([rest.clone()]).collect();
            let all: Vec<char> = whole.chars().collect();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(all.len())).chain([0, all.len()]).collect();
            cuts.sort_unstable();
            let (mut text, mut parts) = (String::new(), Vec::new());
            for piece in cuts.windows(2) {
                text.extend(&all[piece[0]..piece[1]]);
                while let Some(part) = part(&mut text, end) {
                    parts.push(part);
                }
            }
            prop_assert_eq!((parts, text), (lines, rest));
        }
    }
}
