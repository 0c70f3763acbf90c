use super::{Growing, parse, parse_unfinished};
use crate::markdown::{
    self,
    tree::{Block, Inline},
    url::Href,
};
use proptest::prelude::*;

/// What answers look like.
const ANSWERS: &[&str] = &[
    "Yes, in **three to five** working days, and duties are *included* in the price.",
    "# Title\n\nSome text\nover two lines.\n\n## Steps\n\n1. First\n2. Second with `code`\n3. Third\n\nDone.",
    "- one\n- two\n  - inner\n  - inner two\n- three\n\nAfter.",
    "- one\n\n- two\n\n- three",
    "1. one\n   - a\n   - b\n2. two\n   more of two",
    "```rust\nfn main() {\n    println!(\"hi\");\n}\n```\n\nThen text.",
    "~~~\nplain ``` inside\n~~~",
    "| a | b |\n|---|:-:|\n| 1 | **2** |\n| 3 | 4 |\n\nend",
    "> quoted\n> more\n\nout",
    "A [link](https://example.com/a?b=c \"Title\") and <https://example.org> and https://example.net/x.",
    "***both*** and **strong *inner* more** and *a **b** c*",
    "~~gone~~ `a``b` ``a`b``",
    "snake_case_name and 2 * 3 * 4 and a_b_",
    "line  \nbreak\\\nbreak again",
    "\\*not emphasis\\* and \\[not a link\\]",
    "![alt](https://example.com/a.png) and [javascript](javascript:alert(1))",
    "- [ ] to do\n- [x] done",
    "Text\n- list right after\n- more\n\n---\n\nEnd &amp; &lt;done&gt;",
    "**Bold:** text\n\n* star\n* list\n\n1) paren\n2) list",
    "a\n\n```\ncode\n\nwith blank\n```\nb",
    "### Heading ###\ntext\n#no heading",
    "[1] and [2][1] cite",
    "*a*b and **a**b and a**b**c, \"*quoted*\"",
    "(see **this**), *[a](https://example.com)*",
];

#[test]
fn answers_become_the_tree_of_the_full_parser() {
    for text in ANSWERS {
        assert_eq!(parse(text), markdown::parse(text), "{text}");
    }
}

#[test]
fn a_growing_text_has_at_every_moment_the_blocks_of_its_whole() {
    for text in ANSWERS {
        let mut growing = Growing::default();
        for end in (0..=text.len()).filter(|&end| text.is_char_boundary(end)) {
            growing.set(&text[..end], false);
            let blocks: Vec<Block> = growing.blocks().iter().map(|block| (**block).clone()).collect();
            assert_eq!(blocks, parse_unfinished(&text[..end]), "{:?}", &text[..end]);
        }
        growing.set(text, true);
        let blocks: Vec<Block> = growing.blocks().iter().map(|block| (**block).clone()).collect();
        assert_eq!(blocks, parse(text), "{text:?}");
    }
}

#[test]
fn an_open_end_shows_no_marks() {
    let text = |text: &str| Inline::Text(text.to_owned());
    let cases = [
        ("Some **bol", vec![text("Some "), Inline::Strong(vec![text("bol")])]),
        ("Some **", vec![text("Some ")]),
        ("Run `carg", vec![text("Run "), Inline::Code("carg".to_owned())]),
        ("See [the ma", vec![text("See the ma")]),
        ("See [the manual](https://exam", vec![text("See the manual")]),
        ("It is so [1", vec![text("It is so ")]),
    ];
    for (source, inlines) in cases {
        assert_eq!(parse_unfinished(source), [Block::Paragraph(inlines)], "{source}");
    }
    for held in ["#", "-", "1.", "``", "> ", "- [ ]"] {
        assert_eq!(parse_unfinished(held), [], "{held}");
    }
}

#[test]
fn no_scheme_but_the_allowed_becomes_a_link() {
    let sources = [
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,a)",
        "[x](//evil.example)",
        "[x](\\\\evil.example)",
        "[x](<java\tscript:alert(1)>)",
        "<javascript:alert(1)>",
        "![x](vbscript:a)",
    ];
    for source in sources {
        let text = format!("{:?}", parse(source));
        assert!(!text.contains("Link") && !text.contains("Image"), "{text}");
    }
    assert!(Href::parse("https://example.com").is_some());
}

#[test]
fn hostile_texts_take_no_time_and_no_depth() {
    let started = std::time::Instant::now();
    for piece in
        ["*a ", "a* ", "[", "](", "`", "``a", "> ", "- ", "**a", "~~", "_a_", "<", "|a", "http://", "1. ", "\\"]
    {
        let text = piece.repeat(100_000 / piece.len());
        let _ = parse(&text);
        let _ = parse_unfinished(&text);
    }
    let nested: String = (0..5000).map(|depth| format!("{}- a\n", "  ".repeat(depth.min(200)))).collect();
    let _ = parse(&nested);
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

fn marks() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("*"),
        Just("**"),
        Just("_"),
        Just("~~"),
        Just("`"),
        Just("```"),
        Just("\n"),
        Just("\n\n"),
        Just("- "),
        Just("1. "),
        Just("> "),
        Just("# "),
        Just("|"),
        Just("|-|-|"),
        Just("  "),
        Just("["),
        Just("]("),
        Just(")"),
        Just("\\"),
        Just("<"),
        Just("&amp;"),
        Just("a"),
        Just("word "),
        Just("ä中"),
        Just("---"),
        Just("https://e.org "),
        Just("[x] "),
        Just("\r\n"),
        Just("\0"),
        Just("!["),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn whatever_grows_ends_as_its_whole(text in marks(), cuts in prop::collection::vec(0_usize..200, 0..8)) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| text.floor_char_boundary(cut)).collect();
        cuts.sort_unstable();
        let mut growing = Growing::default();
        for cut in cuts {
            growing.set(&text[..cut], false);
            let blocks: Vec<Block> = growing.blocks().iter().map(|block| (**block).clone()).collect();
            prop_assert_eq!(blocks, parse_unfinished(&text[..cut]));
        }
        growing.set(&text, true);
        let blocks: Vec<Block> = growing.blocks().iter().map(|block| (**block).clone()).collect();
        prop_assert_eq!(blocks, parse(&text));
    }

    #[test]
    fn no_word_is_lost(words in prop::collection::vec("[a-z]{2,8}", 1..12), marks in marks()) {
        // Marks before and after running text change its form, never its words.
        let text = format!("{}\n\n{marks}", words.join(" "));
        let tree = format!("{:?}", parse(&text));
        prop_assert!(tree.contains(&words.join(" ")));
    }
}
