//! The widget on a page of another origin, in a browser at a quarter of the machine's speed: end2end/widget-figures.mjs.

use super::{
    process,
    table::{Table, ms},
};
use std::{fs, process::Command};

pub async fn measure(table: &mut Table) {
    let mut loader = 0;
    let (mut code, mut texts) = (0, 0);
    for entry in fs::read_dir("target/widget/pkg").expect("the widget's build").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let size = entry.metadata().map_or(0, |about| about.len());
        let part = name.strip_suffix(".br").and_then(|name| name.strip_prefix("widget-"));
        match part {
            _ if name == "chat-widget.js.br" => loader = size,
            // Fetched once the visitor can type, and only where there are plugins, accounts or no wasm.
            Some(part) if ["later-", "plugins-", "account-", "frame-"].iter().any(|other| part.starts_with(other)) => {}
            Some(part) if part.ends_with(".json") => texts = texts.max(size),
            Some(_) => code += size,
            None => {}
        }
    }
    table.add("widget's loader, brotli", format!("{:.1} kB", loader as f64 / 1000.0), "3 kB");
    let all = (loader + code + texts) as f64 / 1000.0;
    table.add("widget, until a visitor can type, brotli", format!("{all:.0} kB"), "72 kB");

    let upstream = process::upstream();
    let server = process::server(Some(&upstream), "test");
    let figures = Command::new("node")
        .args(["end2end/widget-figures.mjs", &server.url, process::SITE_KEY])
        .output()
        .expect("node is installed");
    let said = String::from_utf8_lossy(&figures.stdout);
    assert!(figures.status.success(), "{said} {}", String::from_utf8_lossy(&figures.stderr));
    let figures: serde_json::Value = serde_json::from_str(&said).expect("figures as JSON");
    let figure = |name: &str| figures[name].as_f64().expect("each figure is a number");
    table.add("launcher after a blank page's own time, at 4x CPU", ms(figure("launcher")), "30 ms");
    // To compare with: the least that a script can do. Between is the frame in which the page itself is drawn.
    table.add("the same, of a script that only adds a bare button", ms(figure("bare")), "");
    table.add("click to the focus in the input, prefetched, at 4x CPU", ms(figure("input")), "80 ms");
    table.add("10,000 messages: elements in the page", figure("elements").to_string(), "60");
    table.add("10,000 messages: longest time without a frame", ms(figure("longest_frame")), "50 ms");
    table.add("10,000 messages: key press to paint", ms(figure("key")), "32 ms");
}
