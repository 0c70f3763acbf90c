//! Sites: the first one, their keys, and what everybody else finds out and when.

use crate::harness::{Database, Server};
use parlor::{
    on,
    server::{
        clock,
        config::Secret,
        sites::{ROTATION, Sites},
        store::Store,
    },
    wire::{
        error::{ApiError, Code},
        site::{Branding, Site, SiteSettings, WhoMayChat},
    },
};
use reqwest::StatusCode;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

async fn config_status(server: &Server, key: &str) -> StatusCode {
    let request = server.client.get(server.url("/v1/widget/config")).header("x-widget-api-key", key);
    request.send().await.unwrap().status()
}

async fn first(server: &Server) -> Site {
    let mut sites = server.running.state.sites.list().await.unwrap();
    assert_eq!(sites.len(), 1);
    sites.remove(0)
}

/// Another process on the same database.
async fn beside(server: &Server) -> Sites {
    let store = Store::open(server.config.database_url.expose()).await.unwrap();
    Sites::new(store, Arc::new(server.config.clone()))
}

fn code<T>(result: Result<T, parlor::server::error::Error>) -> (Code, Option<String>) {
    let error = ApiError::from(result.err().unwrap());
    (error.code, error.field)
}

both! {
    async fn a_first_site_is_there_and_its_key_opens_it(server) {
        let site = first(&server).await;
        assert!(site.settings.loopback && site.settings.origins.is_empty());
        assert!(site.keys[0].key.starts_with("pk_") && site.keys.len() == 1);
        assert_eq!(config_status(&server, &site.keys[0].key).await, StatusCode::OK);
        server.running.state.sites.ensure_first().await.unwrap();
        assert_eq!(first(&server).await, site, "a second start makes no other");
        let in_query = server.client.get(server.url(&format!("/v1/widget/config?key={}", site.keys[0].key)));
        let answer: serde_json::Value = in_query.send().await.unwrap().json().await.unwrap();
        assert_eq!((&answer["who"], &answer["upload_bytes"]), (&"anyone".into(), &(10 << 20).into()));
        for wrong in ["", "pk_", "nobody", &"x".repeat(5000), &site.keys[0].key.to_lowercase()] {
            assert_eq!(config_status(&server, wrong).await, StatusCode::UNAUTHORIZED, "{wrong}");
        }
    }

    async fn a_rotated_key_holds_for_another_day_or_ends_at_once(server) {
        let sites = &server.running.state.sites;
        let site = first(&server).await;
        let old = &site.keys[0].key;
        let rotated = sites.rotate(site.id, false).await.unwrap();
        assert_eq!(rotated.keys.len(), 2);
        assert_eq!(rotated.keys[1].key, *old);
        let left = rotated.keys[1].expires_at.unwrap().0 - clock::now().0;
        assert!(left > ROTATION - 60_000 && left <= ROTATION, "{left} ms");
        for key in &rotated.keys {
            assert_eq!(config_status(&server, &key.key).await, StatusCode::OK, "both hold");
        }
        assert_eq!(code(sites.revoke(site.id, &rotated.keys[0].key).await).0, Code::Conflict, "the one in use");
        sites.revoke(site.id, old).await.unwrap();
        assert_eq!(config_status(&server, old).await, StatusCode::UNAUTHORIZED);
        let again = sites.rotate(site.id, true).await.unwrap();
        assert_eq!(again.keys.len(), 1);
        assert_eq!(config_status(&server, &rotated.keys[0].key).await, StatusCode::UNAUTHORIZED);
        assert_eq!(config_status(&server, &again.keys[0].key).await, StatusCode::OK);
    }

    async fn a_key_ends_when_its_day_is_over(server) {
        let state = &server.running.state;
        let site = first(&server).await;
        let rotated = state.sites.rotate(site.id, false).await.unwrap();
        let (new, old) = (&rotated.keys[0].key, &rotated.keys[1].key);
        assert_eq!(config_status(&server, old).await, StatusCode::OK);
        let mut tx = state.store.begin().await.unwrap();
        on!(&mut tx, |db| sqlx::query("UPDATE site_keys SET expires_at = $1 WHERE key = $2").bind(clock::now().0 - 1).bind(old).execute(db).await.map(drop)).unwrap();
        tx.commit().await.unwrap();
        // Any change of a site lets the servers read all of them anew.
        state.sites.change(site.id, |_, _| Ok(())).await.unwrap();
        assert_eq!(config_status(&server, old).await, StatusCode::UNAUTHORIZED);
        assert_eq!(config_status(&server, new).await, StatusCode::OK);
        let left = first(&server).await.keys;
        assert!(left.len() == 1 && left[0].key == *new, "{left:?}");
    }

    async fn what_another_process_changes_is_known_within_five_seconds(server) {
        let site = first(&server).await;
        let key = &site.keys[0].key;
        assert_eq!(config_status(&server, key).await, StatusCode::OK);
        let other = beside(&server).await;
        let fresh = other.rotate(site.id, true).await.unwrap().keys.remove(0).key;
        let begun = Instant::now();
        while config_status(&server, key).await == StatusCode::OK {
            assert!(begun.elapsed() < Duration::from_secs(5), "the old key still holds");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(config_status(&server, &fresh).await, StatusCode::OK);
        other.delete(site.id).await.unwrap();
        let begun = Instant::now();
        while config_status(&server, &fresh).await == StatusCode::OK {
            assert!(begun.elapsed() < Duration::from_secs(5), "the site is still there");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn settings_are_changed_whole_or_not_at_all(server) {
        let sites = &server.running.state.sites;
        let branding = Branding { title: Some(" Shop ".to_owned()), ..Branding::default() };
        let made = sites.create(" The shop ", SiteSettings { branding, ..SiteSettings::default() }).await.unwrap();
        assert_eq!((made.name.as_str(), made.settings.branding.title.as_deref()), ("The shop", Some("Shop")));
        let refused = sites.change(made.id, |name, settings| {
            *name = "Another".to_owned();
            settings.branding.accent_color = Some("red".to_owned());
            Ok(())
        });
        assert_eq!(code(refused.await), (Code::Invalid, Some("accent_color".to_owned())));
        assert_eq!(sites.show(made.id).await.unwrap(), made, "nothing was changed");
        let change = |who| async move { sites.change(made.id, |_, settings| { settings.who = who; Ok(()) }).await.unwrap() };
        assert_eq!(change(WhoMayChat::Verified).await.settings.who, WhoMayChat::Verified);
        let key = &made.keys[0].key;
        let asked = server.client.get(server.url("/v1/widget/config")).header("x-api-key", key).send().await.unwrap();
        let answer: serde_json::Value = asked.json().await.unwrap();
        assert_eq!((&answer["who"], &answer["branding"]["title"]), (&"verified".into(), &"Shop".into()));
        assert!(answer.get("system_prompt").is_none() && !answer.to_string().contains("origin"));
        sites.delete(made.id).await.unwrap();
        assert_eq!(config_status(&server, key).await, StatusCode::UNAUTHORIZED);
        assert_eq!(code(sites.show(made.id).await).0, Code::NotFound);
        assert_eq!(code(sites.delete(made.id).await).0, Code::NotFound);
    }

    async fn of_two_secrets_the_older_ends_after_a_day_or_at_once(server) {
        let sites = &server.running.state.sites;
        let site = first(&server).await;
        let secret = sites.secret(site.id).await.unwrap();
        assert!(secret.expose().len() >= 43);
        let active = || async { sites.by_id(site.id).await.unwrap().unwrap() };
        let known = active().await;
        assert!(known.is_secret(secret.expose()) && !known.is_secret("") && !format!("{known:?}").contains(secret.expose()));
        let both = sites.rotate_secret(site.id, false).await.unwrap();
        let ends: Vec<_> = both.iter().map(|one| one.expires_at.map(|end| (end.0 - clock::now().0) / 3_600_000)).collect();
        assert!(ends == [None, Some(23)] || ends == [None, Some(24)], "{ends:?}");
        assert!(both[1].secret == secret && both[0].secret != secret);
        assert!(active().await.is_secret(secret.expose()) && active().await.is_secret(both[0].secret.expose()));
        assert!(sites.secret(site.id).await.unwrap() == both[0].secret);
        let again = sites.rotate_secret(site.id, false).await.unwrap();
        assert!(again.len() == 2 && again[1].secret == both[0].secret, "of three, the oldest ends");
        assert!(!active().await.is_secret(secret.expose()));
        sites.end_previous_secret(site.id).await.unwrap();
        assert_eq!(sites.secrets(site.id).await.unwrap().len(), 1);
        assert!(!active().await.is_secret(both[0].secret.expose()));
        let at_once = sites.rotate_secret(site.id, true).await.unwrap();
        assert!(at_once.len() == 1 && !active().await.is_secret(again[0].secret.expose()));
        assert_eq!(config_status(&server, &site.keys[0].key).await, StatusCode::OK, "keys are something else");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_settings_make_the_first_site() {
    let server = Server::start_with(Database::Sqlite, |config| {
        config.widget_key = Some(Secret::new("the-key-of-my-shop"));
        config.cors_origins = vec!["https://shop.example".to_owned()];
    })
    .await;
    let site = first(&server).await;
    assert_eq!(
        (site.keys[0].key.as_str(), &*site.settings.origins),
        ("the-key-of-my-shop", &["https://shop.example".to_owned()][..])
    );
    assert_eq!(config_status(&server, "the-key-of-my-shop").await, StatusCode::OK);
}
