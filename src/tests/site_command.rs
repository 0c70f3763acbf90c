//! `parlor site`, beside a running server.

use crate::process::{Serving, run};
use std::{path::Path, time::Duration};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

async fn site(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    run(folder, &[], &[&["site"], arguments].concat()).await
}

async fn status(addr: &str, key: &str) -> u16 {
    let url = format!("http://{addr}/v1/widget/config?key={key}");
    reqwest::get(url).await.unwrap().status().as_u16()
}

async fn becomes(addr: &str, key: &str, wanted: u16) {
    let begun = Instant::now();
    while status(addr, key).await != wanted {
        assert!(begun.elapsed() < Duration::from_secs(5), "the server does not know within 5 s");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn sites_are_kept_from_the_command_line_while_the_server_runs() {
    let folder = TempDir::new().unwrap();
    let server = Serving::start(folder.path(), &[("WIDGET_API_KEY", "the-first-key")]).await;
    let (code, out, err) = site(folder.path(), &["list"]).await;
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("the-first-key") && out.contains("this machine"), "{out}");
    assert_eq!(status(&server.addr, "the-first-key").await, 200);

    let (code, out, err) =
        site(folder.path(), &["add", "Shop", "--origin", "https://shop.example", "--title", "Help"]).await;
    assert_eq!(code, 0, "{err}");
    let key = out.lines().nth(1).unwrap().to_owned();
    assert!(key.starts_with("pk_"), "{out}");
    becomes(&server.addr, &key, 200).await;

    let (code, _, err) = site(folder.path(), &["set", "shop", "--origin", "https://Shop.example/"]).await;
    assert_eq!((code, err.contains("Write https://shop.example")), (1, true), "{err}");
    let (code, _, err) = site(folder.path(), &["set", "shop", "--name", "Our shop", "--who", "verified"]).await;
    assert_eq!(code, 0, "{err}");
    let (_, out, _) = site(folder.path(), &["list"]).await;
    assert!(out.contains("Our shop") && out.contains("verified") && out.contains("https://shop.example"), "{out}");
    assert_eq!(site(folder.path(), &["set", "Our shop", "--who", "everybody"]).await.0, 2);

    let (code, out, _) = site(folder.path(), &["key", "Our shop", "--rotate", "--now"]).await;
    let fresh = out.trim().to_owned();
    assert_eq!((code, fresh.lines().count()), (0, 1), "{out}");
    becomes(&server.addr, &key, 401).await;
    assert_eq!(status(&server.addr, &fresh).await, 200);
    let (_, out, _) = site(folder.path(), &["key", "Our shop", "--rotate"]).await;
    assert!(out.lines().count() == 2 && out.contains(&format!("{fresh}  until ")), "{out}");

    let (_, secret, _) = site(folder.path(), &["secret", "Our shop"]).await;
    assert!(secret.trim().len() >= 43 && secret.lines().count() == 1, "{secret}");
    let (_, both, _) = site(folder.path(), &["secret", "Our shop", "--rotate"]).await;
    assert!(both.lines().count() == 2 && both.contains(&format!("{}  until ", secret.trim())), "{both}");
    let (_, one, _) = site(folder.path(), &["secret", "Our shop", "--rotate", "--now"]).await;
    assert!(one.lines().count() == 1 && !both.contains(one.trim()), "{one}");
    let (code, _, err) = site(folder.path(), &["set", "Our shop", "--model", "two words"]).await;
    assert_eq!((code, err.contains("no spaces")), (1, true), "{err}");
    assert_eq!(site(folder.path(), &["set", "Our shop", "--model", "Guide"]).await.0, 0);
    let (_, out, _) = site(folder.path(), &["list"]).await;
    assert!(out.contains("MODEL") && out.contains("guide"), "{out}");
    let (code, _, err) = site(folder.path(), &["remove", "Our shop"]).await;
    assert_eq!((code, err.contains("--yes")), (2, true), "{err}");
    assert_eq!(site(folder.path(), &["remove", "Our shop", "--yes"]).await.0, 0);
    becomes(&server.addr, &fresh, 401).await;
    let (code, _, err) = site(folder.path(), &["key", "Our shop"]).await;
    assert_eq!((code, err.contains("parlor site list")), (1, true), "{err}");
}

#[tokio::test]
async fn a_star_is_refused_where_others_reach_the_server() {
    let folder = TempDir::new().unwrap();
    let environment = [("PARLOR_ORIGIN", "https://chat.example"), ("CORS_ORIGIN", "*")];
    let (code, _, err) = run(folder.path(), &environment, &["check"]).await;
    assert_eq!(code, 2, "{err}");
    let (code, out, err) = run(folder.path(), &environment, &[]).await;
    assert_eq!(code, 2, "{out}{err}");
    for part in ["CORS_ORIGIN", "every website", "https://shop.example"] {
        assert!(err.contains(part), "{part} in {err}");
    }
    let environment = [("CORS_ORIGIN", "https://Shop.example"), ("PARLOR_BLOCKLIST", "10.0.0.0/33")];
    let (code, out, err) = run(folder.path(), &environment, &["check"]).await;
    assert_eq!(code, 2, "{out}{err}");
    assert!(out.contains("Write https://shop.example") && out.contains("PARLOR_BLOCKLIST"), "{out}");
}

#[tokio::test]
async fn the_help_reads_well() {
    let folder = TempDir::new().unwrap();
    let (code, out, _) = site(folder.path(), &["--help"]).await;
    assert_eq!(code, 0);
    for word in ["list", "add", "set", "key", "secret", "remove"] {
        assert!(out.lines().any(|line| line.trim_start().starts_with(&format!("{word} "))), "{word} in {out}");
    }
    let (_, out, _) = site(folder.path(), &["set", "--help"]).await;
    for flag in
        ["--origin", "--loopback", "--who", "--title", "--welcome", "--accent-color", "--model", "--system-prompt"]
    {
        assert!(out.contains(flag), "{flag} in {out}");
    }
}
