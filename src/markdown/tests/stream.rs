//! A stream shows what a fresh parse shows, and parses little.

use super::{
    super::{
        parse::{parse, parse_unfinished},
        stream::Stream,
        tree::{Block, Code, Inline, plain},
    },
    corpus::TEXTS,
};
use proptest::prelude::*;
use std::sync::Arc;

fn blocks(stream: &Stream) -> Vec<Block> {
    stream.blocks().iter().map(|block| Block::clone(block)).collect()
}

fn check(text: &str, cuts: impl IntoIterator<Item = usize>) {
    let mut stream = Stream::new();
    let (mut from, mut kept) = (0, Vec::<Arc<Block>>::new());
    for to in cuts.into_iter().chain([text.len()]).filter(|&at| text.is_char_boundary(at)) {
        if to <= from {
            continue;
        }
        stream.push(&text[from..to]);
        from = to;
        assert_eq!(blocks(&stream), parse_unfinished(&text[..to]), "after {:?}", &text[..to]);
        if stream.closed() >= kept.len() {
            assert_eq!(kept, stream.blocks()[..kept.len()], "a closed block changed after {:?}", &text[..to]);
        }
        kept = stream.blocks()[..stream.closed()].to_vec();
    }
    stream.finish();
    assert_eq!(blocks(&stream), parse(text), "finished {text:?}");
}

#[test]
fn every_prefix_of_every_text_equals_a_fresh_parse() {
    for text in TEXTS {
        check(text, 0..text.len());
    }
}

#[test]
fn every_prefix_of_every_pair_equals_a_fresh_parse() {
    for first in TEXTS {
        for second in TEXTS {
            check(&format!("{first}{second}"), first.len()..first.len() + second.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cuts_of_any_texts_equal_a_fresh_parse(
        picks in prop::collection::vec((0..TEXTS.len(), 0..3_usize), 1..5),
        mut cuts in prop::collection::vec(0..2000_usize, 0..40),
    ) {
        let text: String = picks.iter().map(|&(pick, gap)| format!("{}{}", TEXTS[pick], "\n".repeat(gap))).collect();
        cuts.sort_unstable();
        check(&text, cuts.into_iter().filter(|&cut| cut < text.len()));
    }

    #[test]
    fn any_soup_of_marks_equals_a_fresh_parse(
        text in "([-*_`~#>|=:!\\[\\]()<\\\\.&; \n\ta1]|\n\n|    |- |1\\. |```|\\]\\(|: /|https://a|\r\n|ä){0,60}",
    ) {
        check(&text, 0..text.len());
    }
}

/// The cost in bytes per byte of text, pushed in pieces of `size`.
fn cost(text: &str, size: usize) -> u64 {
    let mut stream = Stream::new();
    let chars: Vec<char> = text.chars().collect();
    for piece in chars.chunks(size) {
        stream.push(&piece.iter().collect::<String>());
    }
    stream.finish();
    assert_eq!(blocks(&stream), parse(text));
    stream.parsed() / text.len() as u64
}

#[test]
fn the_cost_does_not_grow_with_the_text() {
    let paragraph =
        "Some words that make a paragraph of **usual** length, with `code` and more words to come after it.";
    let list = "\n\n- one\n- two\n- three\n\n";
    let code = format!("\n\n```rust\n{}```\n\n", "    let value = compute(&input);\n".repeat(8));
    let unit = format!("## Part\n\n{paragraph}{list}{paragraph}{code}| a | b |\n|---|---|\n| 1 | 2 |\n\n> quoted\n\n");
    let short = cost(&unit.repeat(4), 4);
    let long = cost(&unit.repeat(64), 4);
    assert!(long <= short + short / 10, "{short} bytes a byte for 4 parts, {long} for 64");
    assert!(long < 60, "{long} bytes parsed for every byte of text");
}

#[test]
fn one_long_block_of_code_is_parsed_once() {
    let line = "    let value = compute(&input, 42).await?; // and a comment\n";
    assert!(cost(&format!("```rust\n{}", line.repeat(2000)), 5) <= 3);
}

#[test]
fn an_unchanged_block_is_the_same_block() {
    let mut stream = Stream::new();
    stream.push("one\n\ntwo\n\nthr");
    let before = stream.blocks().to_vec();
    stream.push("ee");
    assert!(Arc::ptr_eq(&before[0], &stream.blocks()[0]));
    assert!(Arc::ptr_eq(&before[1], &stream.blocks()[1]));
    assert!(!Arc::ptr_eq(&before[2], &stream.blocks()[2]));
}

#[test]
fn set_follows_a_growing_text_and_starts_over_on_another() {
    let mut stream = Stream::new();
    stream.set("one **tw", false);
    stream.set("one **two**\n\nthree *f", false);
    let first = stream.blocks()[0].clone();
    assert_eq!(blocks(&stream), parse_unfinished("one **two**\n\nthree *f"));
    stream.set("one **two**\n\nthree *f", true);
    assert_eq!(blocks(&stream), parse("one **two**\n\nthree *f"));
    assert!(Arc::ptr_eq(&first, &stream.blocks()[0]));
    stream.set("one **two**\n\nthree *f*", false);
    assert_eq!(blocks(&stream), parse("one **two**\n\nthree *f*"));
    stream.set("other\n\nthree *f", false);
    assert_eq!(blocks(&stream), parse_unfinished("other\n\nthree *f"));
    stream.set("", false);
    assert!(stream.blocks().is_empty());
    stream.set("again", true);
    assert_eq!(blocks(&stream), parse("again"));
    stream.set("", true);
    assert!(stream.blocks().is_empty());
}

/// The text that a person sees, with the form of what is open.
fn looks(text: &str) -> String {
    parse_unfinished(text).iter().map(look).collect::<Vec<_>>().join("\n")
}

fn look(block: &Block) -> String {
    match block {
        Block::Paragraph(content) => content.iter().map(look_inline).collect(),
        Block::Heading { level, content } => format!("h{level}({})", plain(content)),
        Block::Code(Code { language, text }) => format!("code:{}({text})", language.as_deref().unwrap_or_default()),
        Block::List(list) => {
            let items = list.items.iter().map(|item| {
                let task = item.task.map_or("", |done| if done { "[x]" } else { "[ ]" });
                format!("{task}{}", item.blocks.iter().map(look).collect::<Vec<_>>().join(","))
            });
            format!("list({})", items.collect::<Vec<_>>().join("; "))
        }
        Block::Quote(blocks) => format!("quote({})", blocks.iter().map(look).collect::<Vec<_>>().join(",")),
        Block::Table(table) => {
            let row = |row: &Vec<Vec<Inline>>| row.iter().map(|cell| plain(cell)).collect::<Vec<_>>().join("|");
            format!(
                "table({})",
                [row(&table.head)].into_iter().chain(table.rows.iter().map(row)).collect::<Vec<_>>().join("/")
            )
        }
        Block::Rule => "rule".into(),
    }
}

fn look_inline(inline: &Inline) -> String {
    match inline {
        Inline::Text(text) => text.clone(),
        Inline::Emphasis(children) => format!("i({})", children.iter().map(look_inline).collect::<String>()),
        Inline::Strong(children) => format!("b({})", children.iter().map(look_inline).collect::<String>()),
        Inline::Strike(children) => format!("s({})", children.iter().map(look_inline).collect::<String>()),
        Inline::Code(code) => format!("c({code})"),
        Inline::Link { href, children, .. } => format!("a({}→{href})", plain(children)),
        Inline::Image { alt, href } => format!("img({alt}→{href})"),
        Inline::Break => "/".into(),
    }
}

#[test]
fn an_open_end_looks_calm() {
    for (text, seen) in [
        ("a *b", "a i(b)"),
        ("a **b", "a b(b)"),
        ("a **b*", "a b(b)"),
        ("a **b ", "a b(b)"),
        ("a **", "a"),
        ("a *", "a"),
        ("a ***b", "a i(b(b))"),
        ("a **b *c", "a b(b i(c))"),
        ("a **b *c* d", "a b(b i(c) d)"),
        ("a ~~b", "a s(b)"),
        ("a ~~b~", "a s(b)"),
        ("a _b", "a i(b)"),
        ("snake_case", "snake_case"),
        ("5 * 3 is", "5 * 3 is"),
        ("5*3 is", "5*3 is"),
        ("a `b", "a c(b)"),
        ("a ``b`", "a c(b)"),
        ("a `", "a"),
        ("a **`b", "a b(c(b))"),
        ("a \\", "a"),
        ("a \\*b", "a *b"),
        ("see [the manu", "see the manu"),
        ("see [the manual]", "see the manual"),
        ("see [the manual](", "see the manual"),
        ("see [the manual](https://exa", "see the manual"),
        ("see [the manual](https://example.com \"ti", "see the manual"),
        ("see [the manual](https://example.com)", "see a(the manual→https://example.com)"),
        ("see **[the manual](https://exa", "see b(the manual)"),
        ("see ![a cat](https://exa", "see a cat"),
        ("as in [", "as in"),
        ("as in [1", "as in"),
        ("as in [1]", "as in [1]"),
        (
            "a range [0, 1) and so on, for as long as a hundred and twenty bytes of other text follow it, with no end in sight, and on",
            "a range [0, 1) and so on, for as long as a hundred and twenty bytes of other text follow it, with no end in sight, and on",
        ),
        ("<https://exam", "a(https://exam→https://exam)"),
        ("a\n-", "a"),
        ("a\n--", "a"),
        ("a\n- b", "a\nlist(b)"),
        ("a\n==", "a"),
        ("a\n#", "a"),
        ("a\n\n1", "a"),
        ("a\n\n1.", "a"),
        ("- a\n-", "list(a)"),
        ("- a\n- [", "list(a)"),
        ("- a\n- [x]", "list(a)"),
        ("- a\n- [x] b", "list(a; [x]b)"),
        ("- a **b", "list(a b(b))"),
        ("> a **b", "quote(a b(b))"),
        ("# a **b", "h1(a b)"),
        ("``", ""),
        ("```", "code:()"),
        ("```ru", "code:()"),
        ("```rust\n", "code:rust()"),
        ("```rust\nlet a", "code:rust(let a)"),
        ("```rust\nlet a\n``", "code:rust(let a)"),
        ("```rust\nlet a\n```", "code:rust(let a)"),
        ("```md\n- a\n-", "code:md(- a\n-)"),
        ("```md\n*a", "code:md(*a)"),
        ("a\n\n| b", "a"),
        ("a\n\n| b | c |\n", "a"),
        ("a\n\n| b | c |\n|--", "a"),
        ("| b | c |\n|---|---", "table(b|c)"),
        ("| b | c |\n|---|---|\n|", "table(b|c)"),
        ("| b | c |\n|---|---|\n| 1", "table(b|c/1|)"),
        ("| b | c |\n|---|---|\n| 1 | **2", "table(b|c/1|2)"),
        ("a\n\n[1]: htt", "a"),
        ("a\n\n[1]:", "a"),
    ] {
        assert_eq!(looks(text), seen, "{text:?}");
    }
}
