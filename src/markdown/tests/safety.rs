//! No text gets more out of the tree than text, and addresses that are allowed.

use super::{
    super::{
        parse::{parse, parse_unfinished},
        stream::Stream,
        tree::{Block, Inline, MAX_DEPTH},
        url::Href,
    },
    corpus::TEXTS,
    payloads::{ADDRESSES, MARKUP},
};
use proptest::prelude::*;

fn check(text: &str) {
    check_blocks(&parse(text), 0, text);
    for at in (0..=text.len()).filter(|&at| text.is_char_boundary(at)) {
        check_blocks(&parse_unfinished(&text[..at]), 0, text);
    }
}

fn check_blocks(blocks: &[Block], depth: usize, text: &str) {
    assert!(depth <= MAX_DEPTH, "too deep");
    for block in blocks {
        match block {
            Block::Paragraph(content) | Block::Heading { content, .. } => check_inlines(content, depth, false, text),
            Block::List(list) => list.items.iter().for_each(|item| check_blocks(&item.blocks, depth + 1, text)),
            Block::Quote(blocks) => check_blocks(blocks, depth + 1, text),
            Block::Code(code) => {
                assert!(code.language.as_deref().is_none_or(|l| !l.is_empty() && !l.contains(char::is_whitespace)));
                assert!(!code.text.contains(['\0', '\r']), "{text:?}");
            }
            Block::Table(table) => {
                for row in [&table.head].into_iter().chain(&table.rows) {
                    assert_eq!(row.len(), table.align.len(), "{text:?}");
                    row.iter().for_each(|cell| check_inlines(cell, depth, false, text));
                }
            }
            Block::Rule => {}
        }
    }
}

fn check_inlines(inlines: &[Inline], depth: usize, linked: bool, text: &str) {
    assert!(depth <= MAX_DEPTH, "too deep");
    for inline in inlines {
        match inline {
            Inline::Text(run) => assert!(!run.is_empty() && !run.contains(['\0', '\r']), "{text:?}"),
            Inline::Code(_) | Inline::Break => {}
            Inline::Emphasis(inner) | Inline::Strong(inner) | Inline::Strike(inner) => {
                check_inlines(inner, depth + 1, linked, text);
            }
            Inline::Link { href, children, .. } => {
                assert!(!linked && !children.is_empty(), "{text:?}");
                check_href(href, text);
                check_inlines(children, depth + 1, true, text);
            }
            Inline::Image { href, .. } => {
                assert!(!linked, "{text:?}");
                check_href(href, text);
            }
        }
    }
}

/// An oracle apart from [`Href`]: what a browser would make of the address, read as WHATWG URL tells it to be read.
fn check_href(href: &Href, text: &str) {
    let read: String = href
        .as_str()
        .trim_matches(|c: char| c <= ' ')
        .chars()
        .filter(|c| !matches!(c, '\t' | '\n' | '\r'))
        .map(|c| if c == '\\' { '/' } else { c.to_ascii_lowercase() })
        .collect();
    assert_eq!(read, href.as_str().to_ascii_lowercase(), "a browser would repair it: {text:?}");
    let local = read.starts_with('#') || (read.starts_with('/') && !read.starts_with("//"));
    let host = read.strip_prefix("https://").or(read.strip_prefix("http://"));
    let web = host.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !host.is_empty() && !host.contains('@')
    });
    assert!(local || web || read.starts_with("mailto:"), "{href} out of {text:?}");
    assert!(!read.contains(['"', '\'', '<', '>', '`', ' ']), "{href} out of {text:?}");
}

fn has_link(blocks: &[Block]) -> bool {
    format!("{blocks:?}").contains("href: ")
}

#[test]
fn there_are_enough_payloads_of_each_class() {
    assert!(MARKUP.len() >= 80, "{}", MARKUP.len());
    assert!(ADDRESSES.len() >= 80, "{}", ADDRESSES.len());
}

#[test]
fn markup_stays_text_at_every_prefix() {
    MARKUP.iter().for_each(|text| check(text));
}

#[test]
fn raw_html_is_shown_as_it_was_written() {
    for text in ["a <b onclick=x>c</b>", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>"] {
        assert_eq!(parse(text), [Block::Paragraph(vec![Inline::Text(text.into())])], "{text:?}");
    }
}

#[test]
fn no_hostile_address_passes() {
    for raw in ADDRESSES.iter().filter(|raw| !raw.contains('&')) {
        assert_eq!(Href::parse(raw), None, "{raw:?}");
    }
}

#[test]
fn no_hostile_address_becomes_a_link_at_any_prefix() {
    for raw in ADDRESSES {
        for text in [
            format!("[x]({raw})"),
            format!("[x](<{raw}>)"),
            format!("![x]({raw})"),
            format!("<{raw}>"),
            format!("[x][r]\n\n[r]: {raw}\n"),
            format!("[x][r]\n\n[r]: <{raw}>\n"),
            format!("[![x]({raw})]({raw})"),
            format!("| [x]({raw}) |\n|---|\n| ![y]({raw}) |"),
        ] {
            check(&text);
        }
        // To Markdown this one is an escaped slash, so it is a path of this site.
        if *raw == "\\/evil.example" {
            continue;
        }
        let blocks = parse(&format!("[shown](<{raw}>)"));
        let is_link = format!("{blocks:?}").contains("[Text(\"shown\")]") && has_link(&blocks);
        assert!(!is_link, "{raw:?} became {blocks:?}");
    }
}

#[test]
fn honest_addresses_pass() {
    for raw in [
        "https://example.com",
        "HTTPS://Example.com/A?b=c&d=e#f",
        "http://localhost:3000/x",
        "http://[::1]/",
        "https://例え.jp/パス",
        "https://example.com/a:b@c",
        "mailto:me@example.com",
        "mailto:me@example.com?subject=Hi",
        "/chat/1?x=//y#z",
        "/",
        "#top",
        "#",
    ] {
        assert_eq!(Href::parse(raw).map(|href| href.to_string()), Some(raw.to_owned()));
    }
    assert_eq!(Href::parse("/a b\"<'>`").map(|href| href.to_string()).as_deref(), Some("/a%20b%22%3C%27%3E%60"));
    assert!(Href::parse(&format!("/{}", "a".repeat(5000))).is_none());
    assert!(Href::parse("https://a.example").is_some_and(|href| href.is_external()));
    assert!(Href::parse("/a").is_some_and(|href| !href.is_external()));
}

#[test]
fn a_refused_link_is_its_text_and_a_refused_image_its_description() {
    let text = |text: &str| vec![Block::Paragraph(vec![Inline::Text(text.into())])];
    assert_eq!(parse("a [b](javascript:alert(1)) c"), text("a b c"));
    assert_eq!(parse("a ![b](data:image/png;base64,AA) c"), text("a b c"));
    assert_eq!(parse("<javascript:alert(1)>"), text("javascript:alert(1)"));
}

#[test]
fn the_corpus_is_safe_at_every_prefix() {
    TEXTS.iter().for_each(|text| check(text));
}

/// Texts that make a careless parser recurse, or read everything again for every character.
#[test]
fn hostile_nesting_neither_overflows_nor_explodes() {
    for unit in [
        "> ",
        "- ",
        "1. ",
        "[",
        "![",
        "*",
        "**a ",
        "_a ",
        "~~a",
        "`",
        "<",
        "(",
        "[a](",
        "![a](",
        "</",
        "\\",
        "&",
        "|",
        "| a ",
        "[a]: /b\n",
        "[^1]",
        "```\n",
        "#",
        "<a ",
        "<!--",
        "*a_",
        "**a *b ",
        "](",
        "a\n",
        "http://a.",
        "https://a)",
        "://",
        "> - ",
        "- > ",
        "    ",
        "\t",
        "\r",
        "[1]",
        "<?",
        "<![CDATA[",
    ] {
        let text = unit.repeat(20_000 / unit.len());
        check_blocks(&parse(&text), 0, unit);
        check_blocks(&parse_unfinished(&text), 0, unit);
    }
    let nested = (0..200).map(|depth| format!("{}- a\n", "  ".repeat(depth))).collect::<String>();
    check_blocks(&parse(&nested), 0, "nested lists");
    let mixed = format!("{}*a [b](https://example.com)*", "> - ".repeat(100));
    let blocks = parse(&mixed);
    check_blocks(&blocks, 0, "mixed");
    assert!(format!("{blocks:?}").contains("Text(\"a b\")"), "what is too deep lost its text");
    let table = parse(&format!("{}|a|\n{}|-|", "> ".repeat(40), "> ".repeat(40)));
    assert!(format!("{table:?}").contains("Text(\"a\")"), "what is too deep lost its table");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn payloads_in_any_company_are_safe(
        picks in prop::collection::vec((0..MARKUP.len(), 0..ADDRESSES.len(), 0..TEXTS.len(), 0..4_u8), 1..4),
    ) {
        let mut text = String::new();
        for (markup, address, honest, kind) in picks {
            text.push_str(&match kind {
                0 => format!("{}{}", TEXTS[honest], MARKUP[markup]),
                1 => format!("[{}](<{}>)\n", MARKUP[markup], ADDRESSES[address]),
                2 => format!("{}\n\n[ref]: <{}> '{}'\n", TEXTS[honest], ADDRESSES[address], MARKUP[markup]),
                _ => format!("![{}]({}) *", MARKUP[markup], ADDRESSES[address]),
            });
        }
        let mut stream = Stream::new();
        for c in text.chars() {
            stream.push(c.encode_utf8(&mut [0; 4]));
            for block in stream.blocks() {
                check_blocks(std::slice::from_ref(block), 0, &text);
            }
        }
    }

    #[test]
    fn any_text_at_all_is_safe(text in "\\PC{0,80}|[ -~\n\t]{0,120}|(\\[a\\]\\(|[a-zA-Z]{1,6}:|[/\\\\@#?&;]|%[0-9a-f]{2}|&#x?[0-9a-f]{1,4};|\\)|[\\x00-\\x20]){0,30}") {
        check(&text);
    }
}
