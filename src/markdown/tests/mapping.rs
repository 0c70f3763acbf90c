//! What every construct becomes.

use super::super::{
    parse::parse,
    tree::{Align, Block, Inline, plain},
};

/// The tree in short: `p(…)`, `h1(…)`, `ul[…; …]`, `i(…)`, `a(…→…)`.
fn short(text: &str) -> String {
    parse(text).iter().map(block).collect::<Vec<_>>().join(" ")
}

fn block(node: &Block) -> String {
    let many = |blocks: &[Block]| blocks.iter().map(block).collect::<Vec<_>>().join(" ");
    match node {
        Block::Paragraph(content) => format!("p({})", inlines(content)),
        Block::Heading { level, content } => format!("h{level}({})", inlines(content)),
        Block::List(list) => {
            let name = list.start.map_or("ul".to_owned(), |start| format!("ol{start}"));
            let loose = if list.tight { "" } else { "~" };
            let items = list.items.iter().map(|item| {
                let task = item.task.map_or("", |done| if done { "+" } else { "-" });
                format!("{task}{}", many(&item.blocks))
            });
            format!("{name}{loose}[{}]", items.collect::<Vec<_>>().join("; "))
        }
        Block::Quote(blocks) => format!("q({})", many(blocks)),
        Block::Code(code) => format!("code:{}({})", code.language.as_deref().unwrap_or_default(), code.text),
        Block::Table(table) => {
            let row = |row: &Vec<Vec<Inline>>| row.iter().map(|cell| inlines(cell)).collect::<Vec<_>>().join("|");
            let rows = [&table.head].into_iter().chain(&table.rows).map(row).collect::<Vec<_>>();
            format!("t({})", rows.join("/"))
        }
        Block::Rule => "hr".into(),
    }
}

fn inlines(nodes: &[Inline]) -> String {
    nodes.iter().map(inline).collect()
}

fn inline(node: &Inline) -> String {
    match node {
        Inline::Text(text) => text.clone(),
        Inline::Emphasis(inner) => format!("i({})", inlines(inner)),
        Inline::Strong(inner) => format!("b({})", inlines(inner)),
        Inline::Strike(inner) => format!("s({})", inlines(inner)),
        Inline::Code(code) => format!("c({code})"),
        Inline::Link { href, title, children } => {
            let title = title.as_ref().map_or(String::new(), |title| format!("|{title}"));
            format!("a({}→{href}{title})", inlines(children))
        }
        Inline::Image { alt, href } => format!("img({alt}→{href})"),
        Inline::Break => "↵".into(),
    }
}

#[test]
fn constructs_become_their_nodes() {
    for (text, tree) in [
        // Blocks.
        ("", ""),
        ("\n \n", ""),
        ("a\n\nb", "p(a) p(b)"),
        ("a\nb", "p(a\nb)"),
        ("a  \nb", "p(a↵b)"),
        ("a\\\nb", "p(a↵b)"),
        ("# a", "h1(a)"),
        ("###### a #", "h6(a)"),
        ("####### a", "p(####### a)"),
        ("#a", "p(#a)"),
        ("a\n=", "h1(a)"),
        ("a\nb\n---", "h2(a\nb)"),
        ("***", "hr"),
        ("- - -", "hr"),
        ("    a\n\n    b", "code:(a\n\nb)"),
        ("```\na\n```", "code:(a)"),
        ("```rust ignore\na\n\n```", "code:rust(a\n)"),
        ("```rust,ignore\n```", "code:rust()"),
        ("~~~ py {x}\na", "code:py(a)"),
        ("````\n```\n````", "code:(```)"),
        ("a\n```\nb", "p(a) code:(b)"),
        ("> a\nb\n\nc", "q(p(a\nb)) p(c)"),
        ("> > a", "q(q(p(a)))"),
        ("> # a\n> - b", "q(h1(a) ul[p(b)])"),
        // Lists.
        ("- a\n- b", "ul[p(a); p(b)]"),
        ("- a\n\n- b", "ul~[p(a); p(b)]"),
        ("* a\n+ b", "ul[p(a)] ul[p(b)]"),
        ("1. a\n2. b", "ol1[p(a); p(b)]"),
        ("7) a", "ol7[p(a)]"),
        ("0. a", "ol0[p(a)]"),
        ("999999999. a", "ol999999999[p(a)]"),
        ("1234567890. a", "p(1234567890. a)"),
        ("- a\n  - b", "ul[p(a) ul[p(b)]]"),
        ("- a\n\n  b", "ul~[p(a) p(b)]"),
        ("- a\n  ```\n  b\n  ```\n  c", "ul[p(a) code:(b) p(c)]"),
        ("-\n- b", "ul[; p(b)]"),
        ("- # a\n- * * *", "ul[h1(a); hr]"),
        ("- [ ] a\n- [x] b", "ul[-p(a); +p(b)]"),
        ("- [x] a\n\n- [ ] b", "ul~[+p(a); -p(b)]"),
        ("- *a* b\n- `c`", "ul[p(i(a) b); p(c(c))]"),
        // Tables.
        ("|a|b|\n|-|-|\n|c|d|", "t(a|b/c|d)"),
        ("a|b\n-|-\nc", "t(a|b/c|)"),
        ("|a|\n|-|\n|b|c|", "t(a/b)"),
        ("|a|\n|-|\n|*b* `c`|", "t(a/i(b) c(c))"),
        ("|a|\n|-|\n|b \\| c|", "t(a/b | c)"),
        ("|a|b|\n|-|", "p(|a|b|\n|-|)"),
        ("- |a|\n  |-|\n  |b|", "ul[t(a/b)]"),
        // Runs.
        ("*a* _b_ **c** __d__", "p(i(a) i(b) b(c) b(d))"),
        ("***a***", "p(i(b(a)))"),
        ("~~a~~", "p(s(a))"),
        ("`a *b*`", "p(c(a *b*))"),
        ("`` a`b ``", "p(c(a`b))"),
        ("\\*a\\*", "p(*a*)"),
        ("&amp;&copy;&#65;", "p(&©A)"),
        ("a\0b", "p(a\u{fffd}b)"),
        // Links and images.
        ("[a](/b)", "p(a(a→/b))"),
        ("[a](/b \"c\")", "p(a(a→/b|c))"),
        ("[*a* `b`](#c)", "p(a(i(a) c(b)→#c))"),
        ("[](/b)", "p(a(/b→/b))"),
        ("[a](b)", "p(a)"),
        ("[a](<https://b.example/c d>)", "p(a(a→https://b.example/c%20d))"),
        ("[a][b]\n\n[b]: /c 'd'", "p(a(a→/c|d))"),
        ("[a]", "p([a])"),
        ("<https://a.example>", "p(a(https://a.example→https://a.example))"),
        ("<me@a.example>", "p(a(me@a.example→mailto:me@a.example))"),
        ("![a *b*](/c)", "p(img(a b→/c))"),
        ("[![a](/b)](/c)", "p(a(a→/c))"),
        ("![](/b)", "p(img(→/b))"),
        ("[https://a.example](/b)", "p(a(https://a.example→/b))"),
        // Raw HTML is text.
        ("a <b>c</b>", "p(a <b>c</b>)"),
        ("<div>\na\n</div>", "p(<div>↵a↵</div>)"),
        ("<!-- a -->", "p(<!-- a -->)"),
    ] {
        assert_eq!(short(text), tree, "{text:?}");
    }
}

#[test]
fn bare_addresses_become_links() {
    for (text, tree) in [
        ("see https://a.example.", "p(see a(https://a.example→https://a.example).)"),
        ("(https://a.example/b)", "p((a(https://a.example/b→https://a.example/b)))"),
        ("https://a.example/b_(c)", "p(a(https://a.example/b_(c)→https://a.example/b_(c)))"),
        ("**https://a.example**", "p(b(a(https://a.example→https://a.example)))"),
        ("HTTP://A.example, x", "p(a(HTTP://A.example→HTTP://A.example), x)"),
        (
            "https://a.example https://b.example",
            "p(a(https://a.example→https://a.example) a(https://b.example→https://b.example))",
        ),
        ("- https://a.example/a_b_c", "ul[p(a(https://a.example/a_b_c→https://a.example/a_b_c))]"),
        ("xhttps://a.example", "p(xhttps://a.example)"),
        ("ftp://a.example and https://", "p(ftp://a.example and https://)"),
        ("`https://a.example`", "p(c(https://a.example))"),
        ("www.a.example", "p(www.a.example)"),
    ] {
        assert_eq!(short(text), tree, "{text:?}");
    }
}

#[test]
fn columns_keep_their_alignment() {
    let blocks = parse("|a|b|c|d|\n|-|:-|:-:|-:|");
    let [Block::Table(table)] = blocks.as_slice() else { panic!("{blocks:?}") };
    assert_eq!(table.align, [Align::Natural, Align::Start, Align::Center, Align::End]);
}

#[test]
fn the_plain_text_of_runs_has_no_form() {
    let blocks = parse("a *b **c*** `d` [e](/f) ![g](/h)\\\ni");
    let [Block::Paragraph(content)] = blocks.as_slice() else { panic!("{blocks:?}") };
    assert_eq!(plain(content), "a b c d e g\ni");
}
