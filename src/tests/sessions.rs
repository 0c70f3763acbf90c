//! Tokens: what opens a session, how it is renewed, and what ends it.

use crate::{
    harness::{Database, Server},
    people::{PASSWORD, Program, browser_sign_up, post},
};
use futures::future::join_all;
use parlor::{on, server::clock, wire::id::SessionId};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;

/// Runs one statement on the server's database, with the session's id as `$1` and a time as `$2`.
async fn change(server: &Server, sql: &'static str, session: SessionId, time: i64) {
    let mut tx = server.running.state.store.begin().await.unwrap();
    let rows = on!(&mut tx, |db| sqlx::query(sql)
        .bind(session.0)
        .bind(time)
        .execute(db)
        .await
        .map(|done| done.rows_affected()))
    .unwrap();
    assert!(rows > 0, "{sql}");
    tx.commit().await.unwrap();
}

async fn session(server: &Server, program: &Program) -> SessionId {
    server.running.state.accounts.authenticate(&program.access).await.unwrap().session
}

fn life(access: &str) -> i64 {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let claims = URL_SAFE_NO_PAD.decode(access.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!((&claims["aud"], &claims["iss"]), (&json!("app"), &json!("parlor")));
    claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap()
}

/// The family of `dead` has ended, and another session of the same user has not.
async fn assert_ended(server: &Server, dead: &[&Program], alive: &Program) {
    for program in dead {
        assert_eq!(program.me(server).await, StatusCode::UNAUTHORIZED);
        assert_eq!(program.renewed(server).await.unwrap_err(), StatusCode::UNAUTHORIZED);
    }
    assert_eq!(alive.me(server).await, StatusCode::OK);
}

both! {
    async fn a_refresh_token_rotates_and_programs_get_longer_lives(server) {
        let first = Program::sign_up(&server, "ada").await;
        assert_eq!(life(&first.access), 120);
        let second = first.renewed(&server).await.unwrap();
        assert_ne!(first.refresh, second.refresh);
        assert_eq!(life(&second.access), 7200);
        assert_eq!((first.me(&server).await, second.me(&server).await), (StatusCode::OK, StatusCode::OK));
        let (status, body) = post(&server, "/auth/refresh_tokens", json!({"token": second.refresh})).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        assert_eq!(life(body["authToken"].as_str().unwrap()), 7200);
        let browser = browser_sign_up(&server, "bea").await;
        let renewed = server.running.state.accounts.refresh(&browser.refresh).await.unwrap();
        assert_eq!(life(&renewed.access), 120, "a browser renews often, so its tokens stay short");
    }

    async fn a_lost_answer_is_given_again(server) {
        let first = Program::sign_up(&server, "ada").await;
        let session = session(&server, &first).await;
        let second = first.renewed(&server).await.unwrap();
        let again = first.renewed(&server).await.unwrap();
        assert_eq!(second.refresh, again.refresh);
        // However late, as long as nothing of the answer was used.
        let past = clock::now().0 - 29 * 86_400_000;
        change(&server, "UPDATE refresh_tokens SET created_at = $2 WHERE session_id = $1", session, past).await;
        assert_eq!(first.renewed(&server).await.unwrap().refresh, second.refresh);
        assert!(second.renewed(&server).await.is_ok());
    }

    async fn for_ten_seconds_after_the_first_use_the_parent_counts(server) {
        let first = Program::sign_up(&server, "ada").await;
        let other = first.log_in(&server).await;
        let session = session(&server, &first).await;
        let second = first.renewed(&server).await.unwrap();
        assert_eq!(second.me(&server).await, StatusCode::OK, "the first use");
        assert_eq!(first.renewed(&server).await.unwrap().refresh, second.refresh);
        let used = clock::now().0 - 10_500;
        let sql = "UPDATE refresh_tokens SET first_used_at = $2 WHERE session_id = $1 AND first_used_at IS NOT NULL
                   AND counter = 1";
        change(&server, sql, session, used).await;
        assert_eq!(first.renewed(&server).await.unwrap_err(), StatusCode::UNAUTHORIZED);
        assert_ended(&server, &[&first, &second], &other).await;
    }

    async fn an_old_token_ends_its_family(server) {
        let first = Program::sign_up(&server, "ada").await;
        let other = first.log_in(&server).await;
        let second = first.renewed(&server).await.unwrap();
        let third = second.renewed(&server).await.unwrap();
        let session = session(&server, &third).await;
        assert_eq!(first.renewed(&server).await.unwrap_err(), StatusCode::UNAUTHORIZED);
        assert!(!server.running.state.accounts.session_stands(session).await.unwrap());
        assert_ended(&server, &[&first, &second, &third], &other).await;
    }

    async fn many_at_once_get_the_same_successor(server) {
        for count in [10, 50] {
            let first = Program::sign_up(&server, &format!("ada{count}")).await;
            let renewed = join_all((0..count).map(|_| first.renewed(&server))).await;
            let renewed: Vec<_> = renewed.into_iter().map(Result::unwrap).collect();
            assert!(renewed.iter().all(|program| program.refresh == renewed[0].refresh));
            let stay = join_all(renewed.iter().map(|program| program.me(&server))).await;
            assert!(stay.iter().all(|status| *status == StatusCode::OK));
            let next = renewed[0].renewed(&server).await.unwrap();
            assert_ne!(next.refresh, renewed[0].refresh);
        }
    }

    async fn nobody_for_thirty_days_or_ninety_in_all_ends_a_session(server) {
        let idle = Program::sign_up(&server, "ada").await;
        let (ninety, good) = (idle.log_in(&server).await, idle.log_in(&server).await);
        let now = clock::now().0;
        let at = session(&server, &idle).await;
        change(&server, "UPDATE refresh_tokens SET idle_until = $2 WHERE session_id = $1", at, now - 1).await;
        assert_eq!(idle.renewed(&server).await.unwrap_err(), StatusCode::UNAUTHORIZED);
        let at = session(&server, &ninety).await;
        change(&server, "UPDATE sessions SET expires_at = $2 WHERE id = $1", at, now - 1).await;
        assert_ended(&server, &[&idle, &ninety], &good).await;
        // A refresh never extends the absolute end.
        let at = session(&server, &good).await;
        change(&server, "UPDATE sessions SET expires_at = $2 WHERE id = $1", at, now + 60_000).await;
        let renewed = good.renewed(&server).await.unwrap();
        assert!(life(&renewed.access) <= 60);
        let sql = "UPDATE refresh_tokens SET idle_until = idle_until WHERE session_id = $1 AND idle_until <= $2
                   AND counter = 1";
        change(&server, sql, at, now + 60_000).await;
    }

    async fn what_is_forged_or_foreign_opens_nothing(server) {
        let here = Program::sign_up(&server, "ada").await;
        let there = Server::start(server.database).await;
        let foreign = Program::sign_up(&there, "ada").await;
        assert_eq!(foreign.me(&server).await, StatusCode::UNAUTHORIZED);
        assert_eq!(foreign.renewed(&server).await.unwrap_err(), StatusCode::UNAUTHORIZED);
        let swapped = Program { access: here.refresh.clone(), refresh: here.access.clone(), email: String::new() };
        assert_eq!(swapped.me(&server).await, StatusCode::UNAUTHORIZED);
        assert_eq!(swapped.renewed(&server).await.unwrap_err(), StatusCode::UNAUTHORIZED);
        let parts: Vec<_> = here.access.split('.').collect();
        // {"alg":"none"}
        let none = format!("eyJhbGciOiJub25lIn0.{}.", parts[1]);
        let other_signature = format!("{}.{}.{}", parts[0], parts[1], "A".repeat(43));
        for access in [none, other_signature, String::new(), "x".repeat(5000), parts[..2].join(".")] {
            let forged = Program { access, ..here.clone() };
            assert_eq!(forged.me(&server).await, StatusCode::UNAUTHORIZED);
        }
        let (session, rest) = here.refresh.split_once('.').unwrap();
        let code = rest.split_once('.').unwrap().1;
        for refresh in [format!("{session}.1.{code}"), format!("{session}.0.{}", "A".repeat(43)), "a.b.c".to_owned()] {
            let forged = Program { refresh, ..here.clone() };
            assert_eq!(forged.renewed(&server).await.unwrap_err(), StatusCode::UNAUTHORIZED);
        }
        assert_eq!(here.me(&server).await, StatusCode::OK, "what others forge does not end a session");
        assert!(here.renewed(&server).await.is_ok());
    }

    async fn an_expired_access_token_is_refused(server) {
        let server = Server::start_with(server.database, |config| config.access_ttl = Duration::ZERO).await;
        let program = Program::sign_up(&server, "ada").await;
        assert_eq!(life(&program.access), 0);
        // The leeway of five seconds is the event that is awaited here.
        let start = std::time::Instant::now();
        while program.me(&server).await == StatusCode::OK {
            assert!(start.elapsed() < Duration::from_secs(10));
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert!(program.renewed(&server).await.is_ok(), "its refresh token is another matter");
    }

    async fn a_program_logs_out_with_either_token(server) {
        let first = Program::sign_up(&server, "ada").await;
        let (second, third) = (first.log_in(&server).await, first.log_in(&server).await);
        for (program, token) in [(&first, &first.access), (&second, &second.refresh)] {
            let out = server.client.post(server.url("/auth/logout")).bearer_auth(token).send().await.unwrap();
            assert_eq!(out.status(), StatusCode::NO_CONTENT);
            assert_ended(&server, &[program], &third).await;
        }
        let nobody = server.client.post(server.url("/auth/logout")).bearer_auth("x").send().await.unwrap();
        assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
    }

    async fn the_database_holds_nothing_that_opens_a_session(server) {
        let first = Program::sign_up(&server, "ada").await;
        let second = first.renewed(&server).await.unwrap();
        let sql = match server.database {
            Database::Sqlite => "SELECT hex(token_hash) FROM refresh_tokens ORDER BY counter",
            Database::Postgres => "SELECT upper(encode(token_hash, 'hex')) FROM refresh_tokens ORDER BY counter",
        };
        let stored: Vec<String> =
            on!(server.running.state.store.read(), |db| sqlx::query_scalar(sql).fetch_all(db).await).unwrap();
        let digest = |token: &str| {
            let bytes = parlor::server::accounts::token::digest(token);
            bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>()
        };
        assert_eq!(stored, [digest(&first.refresh), digest(&second.refresh)], "the head and its parent, hashed");
        let hashes: Vec<String> = on!(server.running.state.store.read(), |db| sqlx::query_scalar(
            "SELECT password_hash FROM users"
        )
        .fetch_all(db)
        .await)
        .unwrap();
        assert!(hashes[0].starts_with("$argon2id$") && !hashes[0].contains(PASSWORD));
    }
}
