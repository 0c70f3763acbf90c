//! `parlor backup` beside a running server, and a server on what it made.

use crate::{
    process::{Serving, run},
    visitor::{Form, Part},
};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use std::{fs, path::Path};
use tempfile::TempDir;
use uuid::Uuid;

const KEY: [(&str, &str); 1] = [("WIDGET_API_KEY", "the-first-key")];
const TEXT: &[u8] = b"Terms and conditions";

/// What a visitor of a server does.
struct Page {
    http: Client,
    base: String,
}

impl Page {
    fn of(server: &Serving) -> Self {
        Self { http: Client::new(), base: format!("http://{}", server.addr) }
    }

    /// Opens the session of a browser: its token, and the conversation to go on with.
    async fn open(&self, client_id: &str) -> (String, Value) {
        let ask = self.http.post(format!("{}/v1/widget/session", self.base)).header("x-widget-api-key", KEY[0].1);
        let session: Value = ask.json(&json!({"client_id": client_id})).send().await.unwrap().json().await.unwrap();
        (session["token"].as_str().unwrap().to_owned(), session["conversation_id"].clone())
    }

    /// Sends a file in a message; its address.
    async fn send(&self, token: &str, name: &str) -> String {
        let upload = self.http.post(format!("{}/v1/widget/files", self.base)).bearer_auth(token);
        let form = Form::default().part("file", Part::new(name, "text/plain", TEXT));
        let uploaded: Value = form.on(upload).send().await.unwrap().json().await.unwrap();
        let file = &uploaded["files"][0];
        let message = json!({"client_id": Uuid::new_v4(), "files": [file["id"]]});
        let sent = self.http.post(format!("{}/v1/widget/messages", self.base)).bearer_auth(token).json(&message);
        assert_eq!(sent.send().await.unwrap().status(), StatusCode::ACCEPTED);
        file["url"].as_str().unwrap().to_owned()
    }

    async fn get(&self, path: &str, token: Option<&str>) -> Response {
        let mut request = self.http.get(format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await.unwrap()
    }
}

fn files(folder: &Path) -> usize {
    let Ok(parts) = fs::read_dir(folder) else { return 0 };
    parts.map(|part| fs::read_dir(part.unwrap().path()).unwrap().count()).sum()
}

#[tokio::test]
async fn what_visitors_sent_is_served_after_a_restore() {
    let folder = TempDir::new().unwrap();
    let server = Serving::start(folder.path(), &KEY).await;
    let (page, client) = (Page::of(&server), Uuid::new_v4().to_string());
    let (token, _) = page.open(&client).await;
    let url = page.send(&token, "terms.txt").await;
    let (code, out, err) = run(folder.path(), &[], &["backup", "monday.db", "--with-secret"]).await;
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("1 file of visitors") && out.contains("monday.files"), "{out}");
    let later = page.send(&token, "later.txt").await;
    assert_eq!(files(&folder.path().join("monday.files")), 1, "what comes later is not in it");
    let (code, _, err) = run(folder.path(), &[], &["backup", "tuesday.db"]).await;
    assert_eq!((code, files(&folder.path().join("tuesday.files"))), (0, 2), "{err}");
    fs::create_dir(folder.path().join("wednesday.files")).unwrap();
    let (code, _, err) = run(folder.path(), &[], &["backup", "wednesday.db"]).await;
    assert_eq!((code, err.contains("wednesday.files is there already")), (1, true), "{err}");
    assert!(!folder.path().join("wednesday.db").exists());
    server.signal("TERM");
    assert_eq!(server.ends().await.0, Some(0));
    fs::remove_dir_all(folder.path().join("data")).unwrap();

    // As docs/backup.md says.
    let other = TempDir::new().unwrap();
    fs::create_dir(other.path().join("data")).unwrap();
    for (copy, place) in [("monday.db", "parlor.db"), ("monday.files", "files"), ("monday.secret", "secret")] {
        fs::rename(folder.path().join(copy), other.path().join("data").join(place)).unwrap();
    }
    let server = Serving::start(other.path(), &KEY).await;
    let page = Page::of(&server);
    let (token, conversation) = page.open(&client).await;
    let path = format!("/v1/widget/conversations/{}", conversation.as_str().unwrap());
    let shown: Value = page.get(&path, Some(&token)).await.json().await.unwrap();
    assert_eq!(shown["messages"][0]["rich"]["files"][0]["url"], url.as_str(), "{shown}");
    let file = page.get(&url, None).await;
    assert_eq!(file.status(), StatusCode::OK);
    assert_eq!(file.bytes().await.unwrap(), TEXT);
    assert_eq!(page.get(&later, None).await.status(), StatusCode::NOT_FOUND);
    page.send(&token, "again.txt").await;
    assert_eq!(files(&other.path().join("data/files")), 2, "and takes new ones");
    server.signal("TERM");
    assert_eq!(server.ends().await.0, Some(0));
}
