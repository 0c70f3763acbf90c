//! Who visitors are: what opens a session, and what a session opens.

use crate::{
    harness::Server,
    member::{Events, Member},
    visitor::{Visitor, first_site, message, open, site},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use parlor::{
    server::clock::now,
    wire::site::{Site, WhoMayChat},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

fn client_id() -> String {
    Uuid::new_v4().to_string()
}

/// A token that the site's own server signs.
async fn vouch(server: &Server, site: &Site, claims: Value) -> String {
    let secret = server.running.state.sites.secret(site.id).await.unwrap();
    let mut all = json!({"exp": now().0 / 1000 + 600});
    all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    sign(secret.expose(), Algorithm::HS256, &all)
}

fn sign(secret: &str, algorithm: Algorithm, claims: &Value) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

both! {
    async fn a_client_id_opens_the_same_visitor_again_and_no_other(server) {
        let key = first_site(&server).await.keys.remove(0).key;
        let id = client_id();
        let (status, session) = open(&server, &key, &json!({"client_id": id})).await;
        assert_eq!(status, StatusCode::OK, "{session}");
        assert_eq!((&session["level"], &session["conversation_id"], &session["unread"]), (&json!("anonymous"), &Value::Null, &json!(0)));
        assert_eq!(session["expires_in"], 900);
        let again = Visitor::with(&server, &key, &id, json!({})).await;
        assert_eq!(session["visitor_id"], again.id.as_str());
        assert_ne!(Visitor::new(&server, &key).await.id, again.id);
        let other_site = site(&server, |settings| settings.loopback = true).await.keys.remove(0).key;
        assert_ne!(Visitor::with(&server, &other_site, &id, json!({})).await.id, again.id, "each site has its own");
        for wrong in ["", "ada", "00000000-0000-0000-0000-000000000000", "019256d5-0000-7000-8000-000000000000"] {
            let (status, error) = open(&server, &key, &json!({"client_id": wrong})).await;
            assert_eq!((status, &error["error"]["field"]), (StatusCode::BAD_REQUEST, &json!("client_id")), "{error}");
        }
    }

    async fn a_session_says_where_to_go_on_and_what_is_unread(server) {
        let key = first_site(&server).await.keys.remove(0).key;
        let visitor = Visitor::new(&server, &key).await;
        let id = visitor.asked("How do I back up?").await;
        let session = |session: Value| (session["conversation_id"].clone(), session["unread"].clone());
        let (_, opened) = open(&server, &key, &json!({"client_id": visitor.client_id})).await;
        assert_eq!(session(opened), (json!(id), json!(1)));
        let (_, snapshot) = visitor.get(&format!("/v1/widget/conversations/{id}")).await;
        let up_to = json!({"up_to": snapshot["seq"]});
        let (status, _) = visitor.post(&format!("/v1/widget/conversations/{id}/read"), &up_to).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        let (_, opened) = open(&server, &key, &json!({"client_id": visitor.client_id})).await;
        assert_eq!(session(opened), (json!(id), json!(0)));
    }

    async fn what_a_page_says_is_claimed_and_bounded(server) {
        let key = first_site(&server).await.keys.remove(0).key;
        let id = client_id();
        let ask = |user: Value| json!({"client_id": id, "user": user, "context": {"page": "/cart"}});
        let (status, session) = open(&server, &key, &ask(json!({"email": "ada@example.com"}))).await;
        assert_eq!((status, &session["level"]), (StatusCode::OK, &json!("claimed")));
        let (_, again) = open(&server, &key, &json!({"client_id": id})).await;
        assert_eq!(again["level"], "claimed", "what was said stays");
        for (wrong, expected) in [(json!("ada"), 400), (json!([1]), 400), (json!({"a": "x".repeat(9000)}), 413)] {
            let (status, error) = open(&server, &key, &ask(wrong)).await;
            assert_eq!((status.as_u16(), &error["error"]["field"]), (expected, &json!("user")), "{error}");
        }
    }

    async fn a_rotated_client_id_brings_its_conversations_and_the_old_one_opens_nothing(server) {
        let key = first_site(&server).await.keys.remove(0).key;
        let old = Visitor::new(&server, &key).await;
        let id = old.asked("Hello").await;
        let fresh = client_id();
        let rotated = Visitor::with(&server, &key, &fresh, json!({"previous_client_id": old.client_id})).await;
        assert_eq!(rotated.messages(&id).await.len(), 2);
        // The second tab, which rotated at the same time and knows the same two.
        let again = Visitor::with(&server, &key, &fresh, json!({"previous_client_id": old.client_id})).await;
        assert_eq!(again.id, rotated.id);
        let (_, session) = open(&server, &key, &json!({"client_id": old.client_id})).await;
        assert_eq!(session["conversation_id"], Value::Null);
        // Both had conversations: they come together.
        let (left, right) = (Visitor::new(&server, &key).await, Visitor::new(&server, &key).await);
        let (one, two) = (left.asked("One").await, right.asked("Two").await);
        let both = Visitor::with(&server, &key, &right.client_id, json!({"previous_client_id": left.client_id})).await;
        assert_eq!((both.messages(&one).await.len(), both.messages(&two).await.len()), (2, 2));
        assert_eq!(left.get(&format!("/v1/widget/conversations/{one}")).await.0, StatusCode::NOT_FOUND);
    }

    async fn a_vouched_visitor_is_the_same_in_every_browser_and_unverified_ones_read_nothing_of_theirs(server) {
        let site = first_site(&server).await;
        let key = &site.keys[0].key;
        let token = vouch(&server, &site, json!({"sub": "customer 7", "name": "Ada"})).await;
        let browser = Visitor::new(&server, key).await;
        let before = browser.asked("Said before anybody vouched").await;
        let ada = Visitor::with(&server, key, &browser.client_id, json!({"user_token": token})).await;
        assert_eq!(ada.messages(&before).await.len(), 2, "the same browser proved its id");
        assert_eq!(browser.get(&format!("/v1/widget/conversations/{before}")).await.0, StatusCode::NOT_FOUND, "the old token");
        let secret = ada.asked("Said when vouched").await;
        let elsewhere = Visitor::with(&server, key, &client_id(), json!({"user_token": token})).await;
        assert_eq!(elsewhere.id, ada.id);
        assert_eq!(elsewhere.messages(&secret).await.len(), 2);
        // The same browser without the token: somebody else at the same machine, perhaps.
        let downgraded = Visitor::with(&server, key, &browser.client_id, json!({})).await;
        let claiming = Visitor::with(&server, key, &client_id(), json!({"user": {"sub": "customer 7"}})).await;
        for other in [&downgraded, &claiming] {
            assert_ne!(other.id, ada.id);
            let (_, list) = other.get("/v1/widget/conversations").await;
            assert_eq!(list["items"], json!([]));
            assert_eq!(other.get(&format!("/v1/widget/conversations/{secret}")).await.0, StatusCode::NOT_FOUND);
        }
        // Another customer at that browser does not get what Ada said.
        let token = vouch(&server, &site, json!({"sub": "customer 8"})).await;
        let bob = Visitor::with(&server, key, &browser.client_id, json!({"user_token": token})).await;
        assert_eq!(bob.get("/v1/widget/conversations").await.1["items"], json!([]));
    }

    async fn what_is_handed_over_ends_the_streams_of_the_one_before(server) {
        let site = first_site(&server).await;
        let key = &site.keys[0].key;
        let browser = Visitor::new(&server, key).await;
        let id = browser.asked("Said before anybody vouched").await;
        let path = format!("/v1/widget/conversations/{id}/events?after=0");
        let response = browser.request(Method::GET, &path).send().await.unwrap();
        let mut events = Events::of(response);
        assert_eq!(events.next().await.unwrap().data["type"], "message.created");
        let token = vouch(&server, &site, json!({"sub": "customer 7"})).await;
        let ada = Visitor::with(&server, key, &browser.client_id, json!({"user_token": token})).await;
        ada.say(&id, "Only for the vouched").await;
        let mut told = String::new();
        while let Some(frame) = events.next().await {
            told.push_str(&frame.data.to_string());
        }
        assert!(!told.contains("Only for the vouched"), "{told}");
    }

    async fn no_token_but_the_sites_own_vouches(server) {
        let here = first_site(&server).await;
        let there = site(&server, |_| ()).await;
        let key = &here.keys[0].key;
        let soon = now().0 / 1000 + 600;
        let secret = server.running.state.sites.secret(here.id).await.unwrap();
        let good = json!({"sub": "a", "exp": soon});
        for (token, why) in [
            (vouch(&server, &there, json!({"sub": "a"})).await, "another site's secret"),
            (sign(secret.expose(), Algorithm::HS512, &good), "another algorithm"),
            (sign(secret.expose(), Algorithm::HS256, &json!({"sub": "a", "exp": soon - 700})), "expired"),
            (sign(secret.expose(), Algorithm::HS256, &json!({"sub": "a", "exp": soon + 7200})), "too long"),
            (sign(secret.expose(), Algorithm::HS256, &json!({"exp": soon})), "nobody"),
            (sign(key, Algorithm::HS256, &good), "the public key"),
            ("a.b.c".to_owned(), "no token"),
        ] {
            let (status, error) = open(&server, key, &json!({"client_id": client_id(), "user_token": token})).await;
            assert_eq!((status, &error["error"]["field"]), (StatusCode::UNAUTHORIZED, &json!("user_token")), "{why}: {error}");
            assert!(!error.to_string().contains(secret.expose()));
        }
        let token = sign(secret.expose(), Algorithm::HS256, &good);
        let (status, session) = open(&server, key, &json!({"client_id": client_id(), "user_token": token})).await;
        assert_eq!((status, &session["level"]), (StatusCode::OK, &json!("verified")));
        assert!(session["expires_in"].as_u64().unwrap() <= 600, "no longer than what vouches for them");
        let sites = &server.running.state.sites;
        sites.rotate_secret(here.id, false).await.unwrap();
        let ask = || json!({"client_id": client_id(), "user_token": token});
        assert_eq!(open(&server, key, &ask()).await.0, StatusCode::OK, "the secret before holds for a day");
        assert!(vouch(&server, &here, json!({"sub": "a"})).await != token);
        let fresh = json!({"client_id": client_id(), "user_token": vouch(&server, &here, json!({"sub": "a"})).await});
        assert_eq!(open(&server, key, &fresh).await.0, StatusCode::OK, "and so does the new one");
        sites.rotate_secret(here.id, true).await.unwrap();
        for old in [ask(), fresh] {
            assert_eq!(open(&server, key, &old).await.0, StatusCode::UNAUTHORIZED, "both were replaced");
        }
    }

    async fn where_a_site_asks_for_more_nobody_else_opens_or_says_anything(server) {
        let site = first_site(&server).await;
        let key = &site.keys[0].key;
        let before = Visitor::new(&server, key).await;
        let conversation = before.asked("Hello").await;
        let who = |who: WhoMayChat| {
            let sites = server.running.state.sites.clone();
            async move { sites.change(site.id, |_, settings| { settings.who = who; Ok(()) }).await.unwrap() }
        };
        let refused = |visitor: Visitor, conversation: String| async move {
            let say = format!("/v1/widget/conversations/{conversation}/messages");
            for path in ["/v1/widget/messages".to_owned(), say] {
                let (status, error) = visitor.post(&path, &message("Hello")).await;
                assert_eq!((status, &error["error"]["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthenticated")), "{error}");
            }
        };
        who(WhoMayChat::Verified).await;
        refused(before.clone(), conversation.clone()).await;
        let (status, _) = open(&server, key, &json!({"client_id": client_id(), "user": {"sub": "a"}})).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        let shown = first_site(&server).await;
        let token = vouch(&server, &shown, json!({"sub": "a"})).await;
        let vouched = Visitor::with(&server, key, &client_id(), json!({"user_token": token})).await;
        vouched.asked("Hello").await;

        who(WhoMayChat::Account).await;
        refused(before, conversation.clone()).await;
        refused(vouched, conversation).await;
        let (status, _) = open(&server, key, &json!({"client_id": client_id(), "user_token": token})).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "a site's token is no account");
        let member = Member::new(&server.client, &server.url(""), "ada").await;
        let ask = server.client.post(server.url("/v1/widget/session")).header("x-widget-api-key", key);
        let ask = ask.bearer_auth(&member.token).json(&json!({"client_id": client_id()}));
        let (status, session) = crate::member::answer(ask).await;
        assert_eq!((status, &session["level"]), (StatusCode::OK, &json!("verified")));
        let ada = Visitor {
            http: server.client.clone(),
            base: server.url(""),
            client_id: client_id(),
            token: session["token"].as_str().unwrap().to_owned(),
            id: session["visitor_id"].as_str().unwrap().to_owned(),
        };
        let said = ada.asked("Hello").await;
        let logged_out = server.client.post(server.url("/auth/logout")).bearer_auth(&member.refresh).send().await.unwrap();
        assert!(logged_out.status().is_success(), "{}", logged_out.status());
        let (status, _) = ada.get(&format!("/v1/widget/conversations/{said}")).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "the session ended with the account's");
    }

    async fn a_site_key_opens_its_own_site_while_it_holds(server) {
        let sites = &server.running.state.sites;
        let here = first_site(&server).await;
        let key = here.keys[0].key.clone();
        let ask = json!({"client_id": client_id()});
        let missing = server.client.post(server.url("/v1/widget/session")).json(&ask);
        assert_eq!(crate::member::answer(missing).await.0, StatusCode::UNAUTHORIZED);
        // What the widget sends for a tag without a key.
        let empty = server.client.post(server.url("/v1/widget/session")).header("x-widget-api-key", "").json(&ask);
        let (status, said) = crate::member::answer(empty.try_clone().unwrap()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert!(said["error"]["message"].as_str().unwrap().starts_with("The site's key is missing."), "{said}");
        let (status, said) = crate::member::answer(empty.header("x-api-key", &key)).await;
        assert_eq!(status, StatusCode::OK, "{said}");
        let with = |path: &str| server.client.get(server.url(path)).bearer_auth(said["token"].as_str().unwrap());
        assert_eq!(crate::member::answer(with("/v1/widget/conversations")).await.0, StatusCode::OK);
        for wrong in ["pk_wrong", &key[1..], &format!("{key}x")] {
            assert_eq!(open(&server, wrong, &ask).await.0, StatusCode::UNAUTHORIZED, "{wrong}");
        }
        let visitor = Visitor::new(&server, &key).await;
        let rotated = sites.rotate(here.id, false).await.unwrap();
        assert_eq!(visitor.get("/v1/widget/conversations").await.0, StatusCode::OK, "the old key holds for a day");
        Visitor::new(&server, &rotated.keys[0].key).await;
        sites.revoke(here.id, &key).await.unwrap();
        assert_eq!(visitor.get("/v1/widget/conversations").await.0, StatusCode::UNAUTHORIZED, "its tokens end with it");
        assert_eq!(open(&server, &key, &ask).await.0, StatusCode::UNAUTHORIZED);
    }

    async fn tokens_of_the_app_and_of_visitors_are_two_worlds(server) {
        let key = first_site(&server).await.keys.remove(0).key;
        let (member, visitor) = (Member::new(&server.client, &server.url(""), "ada").await, Visitor::new(&server, &key).await);
        assert_eq!(visitor.get("/v1/conversations").await.0, StatusCode::UNAUTHORIZED);
        assert_eq!(visitor.get("/auth/me").await.0, StatusCode::UNAUTHORIZED);
        assert_eq!(member.get("/v1/widget/conversations").await.0, StatusCode::UNAUTHORIZED);
        for token in ["", "a.b.c", &visitor.token[1..], &format!("{}x", visitor.token)] {
            let request = server.client.request(Method::GET, server.url("/v1/widget/conversations")).bearer_auth(token);
            assert_eq!(crate::member::answer(request).await.0, StatusCode::UNAUTHORIZED, "{token}");
        }
        // A chat of an account is no visitor's, and none the other way.
        let (chat, conversation) = (member.chat().await, visitor.asked("Hello").await);
        assert_eq!(visitor.get(&format!("/v1/widget/conversations/{chat}")).await.0, StatusCode::NOT_FOUND);
        assert_eq!(member.get(&format!("/v1/conversations/{conversation}")).await.0, StatusCode::NOT_FOUND);
    }

    async fn a_token_is_good_only_on_pages_of_its_site(server) {
        let here = site(&server, |settings| settings.origins = vec!["https://a.example".to_owned()]).await;
        let there = site(&server, |settings| settings.origins = vec!["https://b.example".to_owned()]).await;
        let visitor = Visitor::new(&server, &here.keys[0].key).await;
        Visitor::new(&server, &there.keys[0].key).await;
        for (origin, expected) in [("https://a.example", 200), ("https://b.example", 403), ("https://c.example", 403)] {
            let request = visitor.request(Method::GET, "/v1/widget/conversations").header("origin", origin);
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status().as_u16(), expected, "{origin}");
        }
    }
}
