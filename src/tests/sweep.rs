//! What has expired goes, in small batches, and nothing else.

use crate::{
    harness::Server,
    people::{Program, browser_sign_up},
};
use parlor::{
    on,
    server::{
        accounts::sweep::{BATCH, Swept},
        clock,
    },
    wire::time::Timestamp,
};
use reqwest::StatusCode;
use std::time::Duration;
use uuid::Uuid;

const DAY: i64 = 86_400_000;

async fn count(server: &Server, sql: &'static str) -> i64 {
    on!(server.running.state.store.read(), |db| sqlx::query_scalar(sql).fetch_one(db).await).unwrap()
}

async fn all(server: &Server) -> (i64, i64, i64) {
    (
        count(server, "SELECT COUNT(*) FROM sessions").await,
        count(server, "SELECT COUNT(*) FROM refresh_tokens").await,
        count(server, "SELECT COUNT(*) FROM invites").await,
    )
}

both! {
    async fn ended_and_idle_sessions_go_and_the_others_stay(server) {
        let accounts = &server.running.state.accounts;
        let ada = Program::sign_up(&server, "ada").await;
        let ended = ada.log_in(&server).await;
        let _idle = browser_sign_up(&server, "bea").await;
        let caller = accounts.authenticate(&ended.access).await.unwrap();
        accounts.end_session(caller.viewer.id, caller.session).await.unwrap();
        let now = clock::now();
        // Each of the three has one token; the ended one goes with its session.
        assert_eq!(accounts.sweep(now).await.unwrap(), Swept { sessions: 1, ..Swept::default() });
        assert_eq!(all(&server).await, (2, 2, 0));
        assert_eq!(accounts.sweep(now).await.unwrap(), Swept::default());

        let kept = ada.renewed(&server).await.unwrap();
        let caller = accounts.authenticate(&kept.access).await.unwrap();
        let mut tx = server.running.state.store.begin().await.unwrap();
        let later = "UPDATE refresh_tokens SET idle_until = idle_until + $2 WHERE session_id = $1 AND counter = 1";
        on!(&mut tx, |db| sqlx::query(later).bind(caller.session.0).bind(DAY).execute(db).await.map(drop)).unwrap();
        tx.commit().await.unwrap();
        // 30 days on bea has not come back, and of ada's two tokens the older one has idled out.
        let later = Timestamp(now.0 + 30 * DAY + 60_000);
        assert_eq!(accounts.sweep(later).await.unwrap(), Swept { sessions: 1, tokens: 1, invites: 0 });
        assert_eq!(all(&server).await, (1, 1, 0));
        assert_eq!(kept.me(&server).await, StatusCode::OK);
        assert!(kept.renewed(&server).await.is_ok());
    }

    async fn invitations_that_were_used_or_expired_go(server) {
        let accounts = &server.running.state.accounts;
        for days in [1, 7] {
            accounts.create_invite(None, Duration::from_secs(days * 86_400)).await.unwrap();
        }
        let now = clock::now();
        assert_eq!(accounts.sweep(now).await.unwrap(), Swept::default());
        let later = Timestamp(now.0 + 2 * DAY);
        assert_eq!(accounts.sweep(later).await.unwrap(), Swept { invites: 1, ..Swept::default() });
        let mut tx = server.running.state.store.begin().await.unwrap();
        on!(&mut tx, |db| sqlx::query("UPDATE invites SET used_at = $1").bind(now.0).execute(db).await.map(drop)).unwrap();
        tx.commit().await.unwrap();
        assert_eq!(accounts.sweep(now).await.unwrap(), Swept { invites: 1, ..Swept::default() });
    }

    async fn many_go_in_batches(server) {
        let ada = Program::sign_up(&server, "ada").await;
        let state = &server.running.state;
        let user = state.accounts.authenticate(&ada.access).await.unwrap().viewer.id;
        let many = 2 * BATCH + 7;
        let mut tx = state.store.begin().await.unwrap();
        for _ in 0..many {
            let sql = "INSERT INTO sessions (id, user_id, kind, device, created_at, last_seen_at, expires_at)
                       VALUES ($1, $2, 'browser', '', 0, 0, 1)";
            on!(&mut tx, |db| sqlx::query(sql).bind(Uuid::now_v7()).bind(user.0).execute(db).await.map(drop)).unwrap();
        }
        tx.commit().await.unwrap();
        let swept = state.accounts.sweep(clock::now()).await.unwrap();
        assert_eq!(swept, Swept { sessions: many.unsigned_abs(), ..Swept::default() });
        assert_eq!((all(&server).await.0, ada.me(&server).await), (1, StatusCode::OK));
    }
}
