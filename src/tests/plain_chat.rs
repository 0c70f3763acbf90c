//! The chat without JavaScript: what goes wrong is said where the message was typed, and the text is not lost.

use crate::{
    harness::Server,
    plain_pages::{Tab, location},
};
use leptos::server_fn::ServerFn;
use parlor::{
    app::chat::remote::{DeleteChat, NewChatSend, Regenerate, RenameChat, RestoreChat, SendMessage},
    wire::message::MAX_CONTENT,
};
use reqwest::{StatusCode, header};
use uuid::Uuid;

async fn begun(tab: &mut Tab<'_>, text: &str) -> String {
    tab.sign_up("zoe", "zoe@example.com", "/").await;
    let id = Uuid::new_v4().to_string();
    let sent = tab.post(NewChatSend::url(), &[("client_id", id.as_str()), ("content", text)]).await;
    location(&sent).to_owned()
}

/// What the composer holds, and what stands above it.
async fn composer(tab: &mut Tab<'_>, page: &str) -> (String, Option<String>) {
    let html = tab.open(page).await.text().await.unwrap();
    let field = html.split("<textarea").nth(1).unwrap().split("</textarea>").next().unwrap();
    let text = field.split_once('>').unwrap().1;
    let fault = html
        .split_once("class=\"composer-fault\"")
        .map(|(_, rest)| rest.split_once('>').unwrap().1.split("</p>").next().unwrap().to_owned());
    (text.trim_start_matches('\n').replace("&lt;", "<").replace("&amp;", "&"), fault)
}

both! {
    async fn an_error_stands_at_the_composer_with_the_text(server) {
        let mut tab = Tab::new(&server);
        let chat = begun(&mut tab, "Hello").await;
        let id = chat.strip_prefix("/chat/").unwrap().to_owned();
        let long = "é</textarea>&amp;".repeat(MAX_CONTENT / 16);
        assert!(long.len() > MAX_CONTENT);
        for (text, words) in [("", "empty"), ("  \n", "empty"), (&*long, "long")] {
            for page in [chat.as_str(), "/chat/new"] {
                let client_id = Uuid::new_v4().to_string();
                let mut fields = vec![("client_id", client_id.as_str()), ("content", text)];
                let path = if page == "/chat/new" { NewChatSend::url() } else { fields.push(("id", &id)); SendMessage::url() };
                let answer = tab.post(path, &fields).await;
                assert_eq!(location(&answer), page);
                let (kept, fault) = composer(&mut tab, page).await;
                assert!(fault.as_ref().is_some_and(|fault| fault.contains(words)), "{page} {words}: {fault:?}");
                assert_eq!(kept.trim(), text.trim(), "{page} {words}");
                assert_eq!(composer(&mut tab, page).await, (String::new(), None), "it is said once");
            }
        }
    }

    async fn a_refused_step_is_told_too(server) {
        let mut tab = Tab::new(&server);
        let chat = begun(&mut tab, "Hello").await;
        let id = chat.strip_prefix("/chat/").unwrap().to_owned();
        let answer = tab.post(RenameChat::url(), &[("id", id.as_str()), ("title", "   ")]).await;
        assert_eq!(location(&answer), chat);
        assert!(composer(&mut tab, &chat).await.1.is_some());
        let nothing = Uuid::new_v4().to_string();
        let answer = tab.post(Regenerate::url(), &[("id", id.as_str()), ("message_id", nothing.as_str())]).await;
        assert_eq!(location(&answer), chat);
        assert!(composer(&mut tab, &chat).await.1.is_some());
    }

    async fn a_deletion_can_be_taken_back_from_the_page_that_follows(server) {
        let mut tab = Tab::new(&server);
        let chat = begun(&mut tab, "Hello").await;
        let id = chat.strip_prefix("/chat/").unwrap().to_owned();
        let deleted = tab.post(DeleteChat::url(), &[("id", id.as_str())]).await;
        assert_eq!(location(&deleted), "/chat/new");
        let page = tab.open("/chat/new").await.text().await.unwrap();
        let form = page.split_once("class=\"chat-undo\"").unwrap().1.split("</form>").next().unwrap();
        assert!(form.contains(RestoreChat::url()) && form.contains(&id) && form.contains("Chat deleted"), "{form}");
        assert_eq!(tab.open(&chat).await.status(), StatusCode::NOT_FOUND);
        let restored = tab.post(RestoreChat::url(), &[("id", id.as_str())]).await;
        assert_eq!(location(&restored), chat);
        assert_eq!(tab.open(&chat).await.status(), StatusCode::OK);
    }

    async fn a_form_that_was_filled_in_for_longer_than_the_token_lives_arrives(server) {
        let mut tab = Tab::new(&server);
        let chat = begun(&mut tab, "Hello").await;
        let id = chat.strip_prefix("/chat/").unwrap().to_owned();
        let access = "at";
        assert!(tab.cookies.remove(access).is_some());
        let text = "Long thought about. ".repeat(4000);
        let client_id = Uuid::new_v4().to_string();
        let fields = [("id", id.as_str()), ("client_id", client_id.as_str()), ("content", text.as_str())];
        let mut path = SendMessage::url().to_owned();
        for _ in 0..2 {
            let answer = tab.post(&path, &fields).await;
            assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT, "the browser sends the form once more");
            path = answer.headers()[header::LOCATION].to_str().unwrap().to_owned();
        }
        assert_eq!(path, SendMessage::url());
        assert_eq!(location(&tab.post(&path, &fields).await), chat);
        assert!(tab.open(&chat).await.text().await.unwrap().contains("Long thought about. Long thought"));

        // Where the session is over there is nothing to renew.
        assert!(tab.cookies.remove(access).is_some());
        tab.cookies.insert("rt".to_owned(), "forged".to_owned());
        let answer = tab.post(&path, &fields).await;
        let renewal = answer.headers()[header::LOCATION].to_str().unwrap().to_owned();
        let answer = tab.post(&renewal, &fields).await;
        assert_eq!((answer.status(), &answer.headers()[header::LOCATION]), (StatusCode::SEE_OTHER, &header::HeaderValue::from_static("/login")));
        // And it leads to no other place than a form's.
        let answer = tab.post("/auth/refresh?next=//evil.example/rpc/", &fields).await;
        assert!(!answer.headers().contains_key(header::LOCATION), "{:?}", answer.headers());
    }
}
