//! Files of visitors: what is taken, what is refused, and who may read them.

use crate::{
    harness::Server,
    member::answer,
    visitor::{Form, Part, Visitor, first_site, site},
};
use parlor::{on, server::clock::now};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{sleep, timeout},
};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and the rest of a picture";

async fn upload(visitor: &Visitor, part: Part) -> (StatusCode, Value) {
    answer(Form::default().part("file", part).on(visitor.request(Method::POST, "/v1/widget/files"))).await
}

fn stored(server: &Server) -> usize {
    let Ok(folders) = std::fs::read_dir(server.config.data.join("files")) else { return 0 };
    folders.map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap().count()).sum()
}

/// Waits until so many files have a row.
async fn until_rows(server: &Server, wanted: i64) {
    loop {
        let rows = on!(server.running.state.store.read(), |db| {
            sqlx::query_as("SELECT COUNT(*) FROM files").fetch_one(db).await
        });
        let (count,): (i64,) = rows.unwrap();
        if count == wanted {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
}

both! {
    async fn a_file_is_sent_shown_and_read_by_its_address(server) {
        let key = first_site(&server).await.keys.remove(0).key;
        let visitor = Visitor::new(&server, &key).await;
        let form = Form::default()
            .part("file", Part::new("../../cat photo.png", "image/png", PNG))
            .part("file", Part::new("notes.txt", "text/html", b"<script>alert(1)</script>"));
        let (status, uploaded) = answer(form.on(visitor.request(Method::POST, "/v1/widget/files"))).await;
        assert_eq!(status, StatusCode::OK, "{uploaded}");
        let files = uploaded["files"].as_array().unwrap();
        assert_eq!((&files[0]["name"], &files[0]["media_type"], &files[0]["size"]), (&json!("cat photo.png"), &json!("image/png"), &json!(PNG.len())));
        assert_eq!(files[1]["media_type"], "text/plain", "what a sender says counts for nothing");
        for (file, disposition) in [(&files[0], "inline"), (&files[1], "attachment")] {
            let response = server.client.get(server.url(file["url"].as_str().unwrap())).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
            assert_eq!(header("content-type"), file["media_type"].as_str().unwrap());
            assert!(header("content-disposition").starts_with(disposition));
            assert!(header("content-security-policy").contains("sandbox"));
            assert_eq!((header("x-content-type-options"), header("cross-origin-resource-policy")), ("nosniff".to_owned(), "cross-origin".to_owned()));
            assert_eq!(response.bytes().await.unwrap().len() as u64, file["size"].as_u64().unwrap());
        }
        let message = json!({"client_id": "m", "files": [files[0]["id"], files[1]["id"]]});
        let (status, sent) = visitor.post("/v1/widget/messages", &message).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{sent}");
        let (_, again) = visitor.post("/v1/widget/messages", &message).await;
        assert_eq!(again, sent, "the same message again");
        let id = sent["conversation_id"].as_str().unwrap();
        let shown = visitor.messages(id).await;
        assert_eq!(shown[0]["rich"], json!({"type": "files", "files": files}));
        let (status, _) = visitor.post("/v1/widget/messages", &json!({"client_id": "n", "files": [files[0]["id"]]})).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "it stands in a message already");
        assert_eq!(server.running.state.files.sweep_once(0, now().0 + 60_000).await.unwrap(), 0, "what is shown stays");
    }

    async fn what_cannot_be_taken_gets_a_clear_answer_and_leaves_nothing(server) {
        let small = site(&server, |settings| settings.limits.upload_bytes = Some(64 * 1024)).await;
        let none = site(&server, |settings| settings.limits.upload_bytes = Some(0)).await;
        let visitor = Visitor::new(&server, &small.keys[0].key).await;
        for (part, expected, why) in [
            (Part::new("a.txt", "text/plain", b""), 400, "empty"),
            (Part::new("a.txt", "text/plain", &vec![b'x'; 64 * 1024 + 1]), 413, "one byte too many"),
            (Part::new("a.txt", "text/plain", &vec![b'x'; 5 * 1024 * 1024]), 413, "far too large"),
            (Part::new("a.png", "image/png", b"<html><script>alert(1)</script>"), 415, "a page that says it is a picture"),
            (Part::new("a.svg", "image/svg+xml", b"<svg onload=alert(1)>"), 415, "a picture that runs"),
            (Part::new("a.exe", "application/octet-stream", b"MZ\x90\0\x03"), 415, "a program"),
            (Part::new("a.pdf", "application/pdf", PNG), 415, "a picture that says it is a PDF"),
        ] {
            let (status, error) = upload(&visitor, part).await;
            assert_eq!(status.as_u16(), expected, "{why}: {error}");
            assert!(error["error"]["message"].as_str().unwrap().ends_with('.'), "{why}: {error}");
        }
        let (status, _) = answer(Form::default().text("a", "b").on(visitor.request(Method::POST, "/v1/widget/files"))).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "no file at all");
        let (status, _) = visitor.post("/v1/widget/files", &json!({})).await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        let broken = visitor.request(Method::POST, "/v1/widget/files").header("content-type", "multipart/form-data; boundary=x");
        let (status, _) = answer(broken.body("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nhalf")).await;
        assert!(matches!(status.as_u16(), 400 | 408), "{status}");
        let (status, _) = upload(&Visitor::new(&server, &none.keys[0].key).await, Part::new("a.png", "image/png", PNG)).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert_eq!(stored(&server), 0, "nothing is left on the disk");
    }

    async fn an_upload_that_is_given_up_leaves_nothing(server) {
        let key = first_site(&server).await.keys.remove(0).key;
        let visitor = Visitor::new(&server, &key).await;
        let head = format!(
            "POST /v1/widget/files HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-length: 100000\r\n\
             content-type: multipart/form-data; boundary=x\r\n\r\n--x\r\n\
             content-disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhalf of it",
            server.running.addr, visitor.token
        );
        let mut connection = TcpStream::connect(server.running.addr).await.unwrap();
        connection.write_all(head.as_bytes()).await.unwrap();
        timeout(Duration::from_secs(10), until_rows(&server, 1)).await.expect("the upload does not begin");
        // A connection that ends in the middle, as when the cross beside a file is pressed.
        connection.set_zero_linger().unwrap();
        drop(connection);
        timeout(Duration::from_secs(10), until_rows(&server, 0)).await.expect("its row stays");
        assert_eq!(stored(&server), 0);
    }

    async fn nobody_reads_or_sends_anothers_file(server) {
        let key = first_site(&server).await.keys.remove(0).key;
        let (owner, stranger) = (Visitor::new(&server, &key).await, Visitor::new(&server, &key).await);
        let (_, uploaded) = upload(&owner, Part::new("a.png", "image/png", PNG)).await;
        let (id, url) = (uploaded["files"][0]["id"].as_str().unwrap(), uploaded["files"][0]["url"].as_str().unwrap());
        let (_, other) = upload(&stranger, Part::new("b.png", "image/png", PNG)).await;
        let signature = other["files"][0]["url"].as_str().unwrap().split_once("?s=").unwrap().1;
        for wrong in [format!("/v1/widget/files/{id}/a.png?s={signature}"), format!("/v1/widget/files/{id}/a.png?s="), format!("{url}x"), "/v1/widget/files/x/y?s=z".to_owned()] {
            let status = server.client.get(server.url(&wrong)).send().await.unwrap().status();
            assert_eq!(status, StatusCode::NOT_FOUND, "{wrong}");
        }
        let (status, _) = stranger.post("/v1/widget/messages", &json!({"client_id": "m", "files": [id]})).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        let request = server.client.post(server.url("/v1/widget/files")).header("x-widget-api-key", &key);
        let (status, _) = answer(Form::default().part("file", Part::new("a.png", "image/png", PNG)).on(request)).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }

    async fn what_no_message_shows_is_swept_after_a_day(server) {
        let key = first_site(&server).await.keys.remove(0).key;
        let visitor = Visitor::new(&server, &key).await;
        let (_, uploaded) = upload(&visitor, Part::new("a.png", "image/png", PNG)).await;
        let url = server.url(uploaded["files"][0]["url"].as_str().unwrap());
        let files = &server.running.state.files;
        let day = 24 * 3_600_000;
        assert_eq!(files.sweep_once(0, now().0 - day).await.unwrap(), 0, "it may still be sent");
        assert_eq!(server.client.get(&url).send().await.unwrap().status(), StatusCode::OK);
        // As it is a day later.
        assert_eq!(files.sweep_once(0, now().0 + 1000).await.unwrap(), 1);
        assert_eq!(server.client.get(&url).send().await.unwrap().status(), StatusCode::NOT_FOUND);
        assert_eq!(stored(&server), 0);
        // The bytes of a site that was deleted go too.
        let gone = site(&server, |_| ()).await;
        let guest = Visitor::new(&server, &gone.keys[0].key).await;
        upload(&guest, Part::new("a.png", "image/png", PNG)).await;
        server.running.state.sites.delete(gone.id).await.unwrap();
        let mut removed = 0;
        for part in 0..=u8::MAX {
            removed += files.sweep_once(part, now().0 + 60_000).await.unwrap();
        }
        assert_eq!((removed, stored(&server)), (1, 0));
    }
}
