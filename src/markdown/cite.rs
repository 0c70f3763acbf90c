//! Numbered citations in running text: `[1]`.

/// A piece of running text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Piece<'a> {
    /// Text as it is.
    Text(&'a str),
    /// A source by its number.
    Source(u32),
}

/// Splits text at `[n]` where `known(n)`; any other bracket stays text. A number has at most three digits.
pub fn split(text: &str, known: impl Fn(u32) -> bool) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut done, mut from) = (0, 0);
    while let Some(open) = text[from..].find('[').map(|at| from + at) {
        let digits = text[open + 1..].bytes().take(4).take_while(u8::is_ascii_digit).count();
        let close = open + 1 + digits;
        let number = text[open + 1..close].parse().ok().filter(|&number| digits <= 3 && known(number));
        if let (Some(number), Some(b']')) = (number, text.as_bytes().get(close)) {
            if done < open {
                pieces.push(Piece::Text(&text[done..open]));
            }
            pieces.push(Piece::Source(number));
            done = close + 1;
            from = done;
        } else {
            from = open + 1;
        }
    }
    if done < text.len() {
        pieces.push(Piece::Text(&text[done..]));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::{Piece::*, split};

    #[test]
    fn only_known_numbers_are_citations() {
        let known = |number| number == 1 || number == 12;
        assert_eq!(
            split("a [1], b [2] [12][1]", known),
            [Text("a "), Source(1), Text(", b [2] "), Source(12), Source(1)]
        );
        assert_eq!(split("[1]", known), [Source(1)]);
        for text in ["[", "[1", "[]", "[01x]", "[0001]", "[-1]", "[ 1]", "[1 ]", "[ä]", "[1ä]", "[99999999999]"] {
            assert_eq!(split(text, known), [Text(text)], "{text}");
        }
        assert_eq!(split("[[1]]", known), [Text("["), Source(1), Text("]")]);
        assert_eq!(split("", known), []);
    }
}
