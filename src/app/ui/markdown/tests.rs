use super::*;

/// The page as the server writes it, without the comments that hydration finds its way by.
fn html(text: &str, streaming: bool, sources: Vec<Source>) -> String {
    let owner = Owner::new();
    let html = owner.with(|| {
        let text = text.to_owned();
        view! { <Markdown text=Signal::stored(text) streaming=Signal::stored(streaming) sources=Signal::stored(sources)/> }
            .to_html()
    });
    html.replace("<!>", "").replace("<!--<() />-->", "").replace("<!---->", "")
}

fn inner(text: &str) -> String {
    let html = html(text, false, Vec::new());
    html.strip_prefix("<div class=\"markdown\">")
        .and_then(|html| html.strip_suffix("</div>"))
        .unwrap_or(&html)
        .to_owned()
}

#[test]
fn blocks_become_their_elements() {
    for (text, expected) in [
        (
            "a *b* **c** ~~d~~ `e`",
            "<p dir=\"auto\">a <em>b</em> <strong>c</strong> <del>d</del> <code dir=\"ltr\">e</code></p>",
        ),
        ("# a\n\n###### b", "<h3 dir=\"auto\">a</h3><h6 dir=\"auto\">b</h6>"),
        (
            "- a\n- b",
            "<ul dir=\"auto\"><li><span class=\"line\">a</span></li><li><span class=\"line\">b</span></li></ul>",
        ),
        ("3. a\n\n4. b", "<ol dir=\"auto\" start=\"3\"><li><p>a</p></li><li><p>b</p></li></ol>"),
        ("> a", "<blockquote dir=\"auto\"><p dir=\"auto\">a</p></blockquote>"),
        ("---", "<hr>"),
        ("a\\\nb", "<p dir=\"auto\">a<br>b</p>"),
    ] {
        assert_eq!(inner(text), expected, "{text:?}");
    }
}

#[test]
fn a_table_has_head_and_body() {
    let html = inner("| a | b |\n|---|--:|\n| 1 | 2 |");
    assert!(html.contains("<table><thead><tr><th "), "{html}");
    assert!(html.contains("</tr></thead><tbody><tr><td "), "{html}");
    assert!(html.contains("class=\"end\""), "{html}");
}

#[test]
fn text_never_becomes_markup() {
    let html =
        inner("<img src=x onerror=alert(1)> <script>alert(1)</script> `<b>`\n\n```\"><svg onload=x>\n</pre><b>\n```\n");
    for part in ["<img", "<script", "<b>", "<svg"] {
        assert!(!html.contains(part), "{html}");
    }
    assert!(html.contains("&lt;img src=x onerror=alert(1)&gt;"), "{html}");
}

#[test]
fn links_are_marked_as_foreign_and_images_are_links() {
    let html =
        inner("[a](https://e.example/?a=1&b=\"2) ![cat](https://e.example/c.png) [x](javascript:alert(1)) [top](#top)");
    assert!(html.contains("href=\"https://e.example/?a=1&amp;b=%222\""), "{html}");
    assert_eq!(html.matches("rel=\"external noopener noreferrer nofollow ugc\"").count(), 3, "{html}");
    assert_eq!(html.matches("target=\"_blank\"").count(), 2, "{html}");
    assert!(!html.contains("<img") && !html.contains("src=") && !html.contains("javascript"), "{html}");
    assert!(html.contains(">cat</a>") && html.contains(" x "), "{html}");
}

#[test]
fn numbers_of_sources_become_citations() {
    let source = |number, title: &str, href: &str| Source { number, title: title.into(), href: href.into() };
    let sources = vec![
        source(1, "The \"manual\"", "/docs/a"),
        source(2, "Evil", "javascript:alert(1)"),
        source(3, "Far", "https://e.example/"),
    ];
    let html = html("See [1], [2], **[3]** and [4]. [in [1] link](https://e.example)", false, sources);
    assert_eq!(html.matches("class=\"cite\"").count(), 2, "{html}");
    assert!(
        html.contains("aria-label=\"Source 1: The &quot;manual&quot;\"") && html.contains("href=\"/docs/a\""),
        "{html}"
    );
    assert!(html.contains(", [2], ") && html.contains(" [4]. ") && html.contains(">in [1] link</a>"), "{html}");
}

#[test]
fn code_has_a_bar_and_hides_the_button_without_scripts() {
    let html = inner("```rust\nlet a = 1 < 2;\n```");
    assert!(html.contains("<span class=\"code-language\">rust</span>"), "{html}");
    assert!(html.contains("hidden") && html.contains(">Copy</button>"), "{html}");
    assert!(html.contains("aria-label=\"Code, rust\"") && html.contains("tabindex=\"0\""), "{html}");
    assert!(html.contains("<code>let a = 1 &lt; 2;</code></pre>"), "{html}");
}

#[test]
fn an_open_end_is_settled_only_while_it_streams() {
    assert!(html("a **b", true, Vec::new()).contains("<strong>b</strong>"));
    assert!(html("a **b", false, Vec::new()).contains("a **b"));
}

#[test]
fn tasks_say_whether_they_are_done() {
    let html = inner("- [x] a\n- [ ] b");
    assert!(html.contains("aria-label=\"Done\"") && html.contains("aria-label=\"To do\""), "{html}");
    assert!(!html.contains("<input"), "{html}");
}
