//! Signing up, logging in, and what people do with their account.

use crate::{
    harness::{Database, Server},
    people::{PASSWORD, Program, answer, browser, browser_sign_up, log_in_form, post},
};
use futures::future::join_all;
use parlor::{
    on,
    server::{accounts::Caller, config::SignUpMode, error::Error},
    wire::{
        account::{Role, SignUp},
        error::{ApiError, Code},
    },
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Two that have both seen an empty house wait for each other; of SQLite there is only ever one that writes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_that_race_to_be_first_one_is_the_administrator() {
    let server = Server::start(Database::Postgres).await;
    let store = server.running.state.store.clone();
    let mut tx = store.begin().await.unwrap();
    tx.lock("accounts: administrators").await.unwrap();
    let race = join_all(["one", "two"].map(|name| Program::sign_up(&server, name)));
    let start = async {
        let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        loop {
            let count: i64 = on!(store.read(), |db| sqlx::query_scalar(waiting).fetch_one(db).await).unwrap();
            if count == 2 {
                break tx.commit().await.unwrap();
            }
        }
    };
    let both = async { futures::join!(race, start) };
    tokio::time::timeout(Duration::from_secs(20), both).await.expect("they did not wait for each other");
    let users = server.running.state.accounts.list_users().await.unwrap();
    let admins = users.iter().filter(|user| user.viewer.role == Role::Admin).count();
    assert_eq!((users.len(), admins), (2, 1));
}

fn api(error: Error) -> ApiError {
    let Error::Api(error) = error else { panic!("a fault of ours: {error}") };
    error
}

fn form(name: &str) -> SignUp {
    SignUp { email: format!("{name}@example.com"), password: PASSWORD.to_owned(), ..SignUp::default() }
}

both! {
    async fn a_program_signs_up_and_logs_in(server) {
        let form = json!({"name": "Ada King Lovelace", "email": "Ada@Example.com", "password": PASSWORD});
        let (status, body) = post(&server, "/auth/signup", form).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        let user = &body["user"];
        assert_eq!(user["username"], "ada.king.lovelace");
        assert_eq!((&user["first_name"], &user["last_name"]), (&json!("Ada"), &json!("King Lovelace")));
        assert_eq!((&user["email"], &user["role"]), (&json!("ada@example.com"), &json!("admin")));
        assert!(!body.to_string().contains("argon2"));
        for login in ["ada@example.com", " ADA@example.COM ", "Ada.King.Lovelace"] {
            let (status, body) = post(&server, "/auth/login", json!({"email": login, "password": PASSWORD})).await;
            assert_eq!(status, StatusCode::OK, "{login}: {body}");
            let me = server.client.get(server.url("/auth/me")).bearer_auth(body["authToken"].as_str().unwrap());
            let response = me.send().await.unwrap();
            assert_eq!(response.headers()["cache-control"], "no-store");
            assert_eq!(response.json::<Value>().await.unwrap(), *user);
        }
        let (status, _) = answer(server.client.get(server.url("/auth/me"))).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }

    async fn of_many_first_accounts_one_is_the_administrator(server) {
        let names: Vec<_> = (0..8).map(|number| format!("first{number}")).collect();
        join_all(names.iter().map(|name| Program::sign_up(&server, name))).await;
        let users = server.running.state.accounts.list_users().await.unwrap();
        let users: Vec<_> = users.into_iter().map(|listed| listed.viewer).collect();
        assert_eq!(users.len(), 8);
        assert_eq!(users.iter().filter(|user| user.role == Role::Admin).count(), 1);
    }

    async fn a_taken_name_or_address_is_told_with_its_field(server) {
        Program::sign_up(&server, "ada").await;
        for (username, email, field) in [("ADA", "other@example.com", "username"), ("bea", "Ada@Example.com", "email")] {
            let form = json!({"username": username, "email": email, "password": PASSWORD});
            let (status, body) = post(&server, "/auth/signup", form).await;
            assert_eq!((status, &body["error"]["code"]), (StatusCode::CONFLICT, &json!("conflict")));
            assert_eq!(body["error"]["field"], field);
        }
        let same = join_all((0..6).map(|_| {
            post(&server, "/auth/signup", json!({"email": "same@example.com", "password": PASSWORD}))
        }));
        let mut statuses: Vec<_> = same.await.into_iter().map(|(status, _)| status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409, 409, 409, 409, 409]);
    }

    async fn made_up_usernames_are_numbered(server) {
        let made = join_all((0..5).map(|number| {
            let email = format!("ada@{number}.example.com");
            post(&server, "/auth/signup", json!({"email": email, "password": PASSWORD}))
        }));
        let mut names: Vec<_> = made.await.iter().map(|(_, body)| body["user"]["username"].to_string()).collect();
        names.sort_unstable();
        assert_eq!(names, ["\"ada\"", "\"ada2\"", "\"ada3\"", "\"ada4\"", "\"ada5\""]);
    }

    async fn where_sign_up_is_closed_only_the_first_comes_in(server) {
        let server = Server::start_with(server.database, |config| config.signup = SignUpMode::Closed).await;
        Program::sign_up(&server, "first").await;
        let (status, body) = post(&server, "/auth/signup", json!({"email": "a@b.c", "password": PASSWORD})).await;
        assert_eq!((status, &body["error"]["code"]), (StatusCode::FORBIDDEN, &json!("forbidden")));
        let made = server.running.state.accounts.create_user(form("made"), Role::Agent).await.unwrap();
        assert_eq!((made.role, &*made.username), (Role::Agent, "made"));
    }

    async fn an_invitation_lets_one_person_in(server) {
        let server = Server::start_with(server.database, |config| config.signup = SignUpMode::Invite).await;
        let accounts = &server.running.state.accounts;
        let admin = accounts.authenticate(&Program::sign_up(&server, "first").await.access).await.unwrap();
        let code = accounts.create_invite(Some(&admin), Duration::from_secs(60)).await.unwrap();
        let with = |name: &str, code: &str| {
            let form = json!({"email": format!("{name}@example.com"), "password": PASSWORD, "invite": code});
            post(&server, "/auth/signup", form)
        };
        for wrong in ["", "x", &code[1..]] {
            let (status, body) = with("nobody", wrong).await;
            assert_eq!((status, &body["error"]["field"]), (StatusCode::FORBIDDEN, &json!("invite")), "{wrong}");
        }
        let names: Vec<_> = (0..6).map(|number| format!("guest{number}")).collect();
        let answers = join_all(names.iter().map(|name| with(name, &code))).await;
        assert_eq!(answers.iter().filter(|(status, _)| *status == StatusCode::CREATED).count(), 1);
        assert_eq!(answers.iter().filter(|(status, _)| *status == StatusCode::FORBIDDEN).count(), 5);
        assert_eq!(accounts.list_users().await.unwrap().len(), 2, "who was refused has left nothing");
        let expired = accounts.create_invite(None, Duration::ZERO).await.unwrap();
        assert_eq!(with("late", &expired).await.0, StatusCode::FORBIDDEN);
        let mut user = admin.clone();
        user.viewer.role = Role::User;
        let refused = accounts.create_invite(Some(&user), Duration::from_secs(60)).await.unwrap_err();
        assert_eq!(api(refused).code, Code::Forbidden);
    }

    async fn known_and_unknown_accounts_answer_alike(server) {
        Program::sign_up(&server, "known").await;
        let ask = async |login: &str| {
            let body = json!({"email": login, "password": "not the password"});
            let response = server.client.post(server.url("/auth/login")).json(&body).send().await.unwrap();
            let (status, mut headers) = (response.status(), response.headers().clone());
            headers.remove("date");
            headers.remove("x-request-id");
            (status, headers, response.bytes().await.unwrap())
        };
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for _ in 0..5 {
            let start = Instant::now();
            let one = ask("known@example.com").await;
            known.push(start.elapsed());
            let start = Instant::now();
            let two = ask("nobody@example.com").await;
            unknown.push(start.elapsed());
            assert_eq!(one.0, StatusCode::UNAUTHORIZED);
            assert_eq!(one, two);
        }
        known.sort_unstable();
        unknown.sort_unstable();
        // A skipped hash would make it a tenth or less; the bounds leave room for a busy machine.
        let ratio = unknown[2].as_secs_f64() / known[2].as_secs_f64();
        assert!((0.4..2.5).contains(&ratio), "{known:?} {unknown:?}");
        for _ in 0..2 {
            ask("known@example.com").await;
            ask("nobody@example.com").await;
        }
        let (one, two) = (ask("known@example.com").await, ask("nobody@example.com").await);
        assert_eq!(one.0, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(one.0, two.0);
    }

    async fn what_cannot_be_read_is_told(server) {
        let url = server.url("/auth/login");
        let post = |kind: &'static str, body: String| server.client.post(&url).header("content-type", kind).body(body);
        let json_ = "application/json";
        for (kind, body, status) in [
            (json_, "{".to_owned(), 400),
            (json_, "[]".to_owned(), 400),
            (json_, json!({"email": "a@b.c"}).to_string(), 400),
            (json_, json!({"email": 1, "password": "x"}).to_string(), 400),
            (json_, json!({"email": "a\0b", "password": "a\0b"}).to_string(), 401),
            (json_, json!({"email": "a@b.c", "password": "x".repeat(20_000)}).to_string(), 413),
            ("text/plain", json!({"email": "a@b.c", "password": "x"}).to_string(), 415),
        ] {
            let (found, answer) = answer(post(kind, body.clone())).await;
            assert_eq!(found.as_u16(), status, "{kind} {body:.80} {answer}");
            assert!(answer["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{answer}");
        }
        let same = post("text/plain", "{}".to_owned()).header("sec-fetch-site", "same-origin");
        assert_eq!(answer(same).await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        for (field, value) in [
            ("username", "a\0b"), ("first_name", "a\0b"), ("email", "a\0@b.c"), ("password", "short"), ("username", "x"),
        ] {
            let mut form = json!({"username": "someone", "email": "someone@example.com", "password": PASSWORD});
            form[field] = json!(value);
            let (status, body) = crate::people::post(&server, "/auth/signup", form).await;
            assert_eq!((status, &body["error"]["field"]), (StatusCode::BAD_REQUEST, &json!(field)), "{body}");
        }
    }

    async fn a_new_password_ends_the_other_sessions(server) {
        let accounts = &server.running.state.accounts;
        let mine = Program::sign_up(&server, "ada").await;
        let (other, third) = (mine.log_in(&server).await, mine.log_in(&server).await);
        let caller = accounts.authenticate(&mine.access).await.unwrap();
        let wrong = accounts.change_password(&caller, "not it at all", "another long phrase").await.unwrap_err();
        assert_eq!(api(wrong).field.as_deref(), Some("old"));
        let weak = accounts.change_password(&caller, PASSWORD, "ada").await.unwrap_err();
        assert_eq!(api(weak).field.as_deref(), Some("new"));
        assert_eq!(other.me(&server).await, StatusCode::OK);
        accounts.change_password(&caller, PASSWORD, "another long phrase").await.unwrap();
        assert_eq!(mine.me(&server).await, StatusCode::OK);
        for ended in [other, third] {
            assert_eq!(ended.me(&server).await, StatusCode::UNAUTHORIZED);
            assert_eq!(ended.renewed(&server).await.unwrap_err(), StatusCode::UNAUTHORIZED);
        }
        let (old, new) = (log_in_form("ada", PASSWORD), log_in_form("ada", "another long phrase"));
        assert_eq!(api(accounts.log_in(old, &browser(None)).await.err().unwrap()).code, Code::Unauthenticated);
        assert!(accounts.log_in(new, &browser(None)).await.is_ok());
    }

    async fn a_log_in_with_the_old_password_does_not_outlive_its_change(server) {
        let accounts = &server.running.state.accounts;
        let caller = accounts.authenticate(&Program::sign_up(&server, "ada").await.access).await.unwrap();
        let client = browser(None);
        let log_ins = join_all((0..4).map(|_| accounts.log_in(log_in_form("ada", PASSWORD), &client)));
        let change = accounts.change_password(&caller, PASSWORD, "another long phrase");
        let (log_ins, change) = tokio::join!(log_ins, change);
        change.unwrap();
        for logged_in in log_ins.into_iter().flatten() {
            assert!(!accounts.session_stands(logged_in.session).await.unwrap());
        }
    }

    async fn sessions_are_listed_and_ended(server) {
        let accounts = &server.running.state.accounts;
        let mine = browser_sign_up(&server, "ada").await;
        let program = Program { email: "ada@example.com".to_owned(), access: String::new(), refresh: String::new() };
        let (second, third) = (program.log_in(&server).await, program.log_in(&server).await);
        let me = mine.viewer.id;
        let list = accounts.sessions(me, mine.session).await.unwrap();
        assert_eq!(list.len(), 3);
        let current: Vec<_> = list.iter().filter(|session| session.current).collect();
        assert_eq!((current.len(), &*current[0].device), (1, "Firefox on Linux"));
        let stranger = browser_sign_up(&server, "bea").await;
        let stolen = accounts.end_session(stranger.viewer.id, mine.session).await.unwrap_err();
        assert_eq!(api(stolen).code, Code::NotFound);
        let other = accounts.authenticate(&second.access).await.unwrap().session;
        accounts.end_session(me, other).await.unwrap();
        assert!(!accounts.session_stands(other).await.unwrap());
        assert_eq!((second.me(&server).await, third.me(&server).await), (StatusCode::UNAUTHORIZED, StatusCode::OK));
        accounts.end_other_sessions(me, mine.session).await.unwrap();
        assert_eq!(third.me(&server).await, StatusCode::UNAUTHORIZED);
        assert!(accounts.session_stands(mine.session).await.unwrap());
        assert!(accounts.session_stands(stranger.session).await.unwrap());
        assert_eq!(accounts.sessions(me, mine.session).await.unwrap().len(), 1);
    }

    async fn names_change_and_everything_can_be_taken_along(server) {
        let accounts = &server.running.state.accounts;
        let mine = browser_sign_up(&server, "ada").await;
        let renamed = accounts.rename(mine.viewer.id, " Ada ", "Lovelace").await.unwrap();
        assert_eq!((&*renamed.first_name, &*renamed.last_name), ("Ada", "Lovelace"));
        let long = accounts.rename(mine.viewer.id, "Ada", &"x".repeat(101)).await.unwrap_err();
        assert_eq!(api(long).field.as_deref(), Some("last_name"));
        let export = accounts.export(mine.viewer.id).await.unwrap();
        assert_eq!(export["profile"]["email"], "ada@example.com");
        assert_eq!(export["profile"]["first_name"], "Ada");
        assert_eq!(export["sessions"][0]["device"], "Firefox on Linux");
        let text = export.to_string();
        assert!(!text.contains("argon2") && !text.contains(&mine.refresh) && !text.contains("hash"), "{text}");
    }

    async fn a_deleted_account_is_gone(server) {
        let accounts = &server.running.state.accounts;
        let admin = browser_sign_up(&server, "ada").await;
        let program = Program::sign_up(&server, "bea").await;
        let bea = accounts.authenticate(&program.access).await.unwrap();
        let wrong = accounts.delete(bea.viewer.id, "not it at all").await.unwrap_err();
        assert_eq!(api(wrong).field.as_deref(), Some("password"));
        let only = accounts.delete(admin.viewer.id, PASSWORD).await.unwrap_err();
        assert_eq!(api(only).code, Code::Conflict, "the only administrator among others stays");
        accounts.delete(bea.viewer.id, PASSWORD).await.unwrap();
        assert_eq!(program.me(&server).await, StatusCode::UNAUTHORIZED);
        assert_eq!(program.renewed(&server).await.unwrap_err(), StatusCode::UNAUTHORIZED);
        assert!(!accounts.session_stands(bea.session).await.unwrap());
        accounts.delete(admin.viewer.id, PASSWORD).await.unwrap();
        assert!(accounts.list_users().await.unwrap().is_empty());
        assert_eq!(browser_sign_up(&server, "bea").await.viewer.role, Role::Admin, "an empty house begins anew");
    }

    async fn the_operator_changes_roles_and_passwords_at_once(server) {
        let accounts = &server.running.state.accounts;
        browser_sign_up(&server, "ada").await;
        let program = Program::sign_up(&server, "bea").await;
        let role = async || -> Role {
            let Caller { viewer, .. } = accounts.authenticate(&program.access).await.unwrap();
            viewer.role
        };
        assert_eq!(role().await, Role::User);
        accounts.set_role("BEA", Role::Agent).await.unwrap();
        assert_eq!(role().await, Role::Agent, "the same token, the new role");
        accounts.set_password("bea@example.com", "another long phrase").await.unwrap();
        assert_eq!(program.me(&server).await, StatusCode::UNAUTHORIZED);
        let none = accounts.set_role("nobody", Role::Admin).await.unwrap_err();
        assert_eq!(api(none).code, Code::NotFound);
    }
}
