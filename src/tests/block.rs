//! Blocked addresses, and what sites, visitors and addresses may do.

use crate::harness::{Database, Server};
use parlor::{
    server::{clock::new_id, config::RateLimit, sites::limit::Act},
    wire::{
        error::{ApiError, Code},
        id::VisitorId,
        site::{SiteLimits, SiteSettings},
    },
};
use reqwest::StatusCode;
use std::{net::IpAddr, time::Duration};

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|text| (*text).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocked_addresses_get_no_answer_but_403() {
    let server = Server::start_with(Database::Sqlite, |config| {
        config.trusted_proxies = texts(&["127.0.0.1"]);
        config.blocklist = texts(&["203.0.113.7", "198.51.100.0/24", "2001:db8::/32", "::ffff:192.0.2.0/120"]);
    })
    .await;
    for (forwarded, status) in [
        ("203.0.113.7", StatusCode::FORBIDDEN),
        ("::ffff:203.0.113.7", StatusCode::FORBIDDEN),
        ("203.0.113.8", StatusCode::OK),
        ("198.51.100.200", StatusCode::FORBIDDEN),
        ("198.51.101.1", StatusCode::OK),
        ("2001:db8:1::9", StatusCode::FORBIDDEN),
        ("[2001:db8:1::9]:4711", StatusCode::FORBIDDEN),
        ("2001:db9::1", StatusCode::OK),
        ("192.0.2.9", StatusCode::FORBIDDEN),
        // What a caller writes itself stands further left than what our proxy heard.
        ("203.0.113.8, 203.0.113.7", StatusCode::FORBIDDEN),
        ("203.0.113.7, 203.0.113.8", StatusCode::OK),
    ] {
        let request = server.client.get(server.url("/healthz")).header("x-forwarded-for", forwarded);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{forwarded}");
        assert!(response.headers().contains_key("x-content-type-options"), "{forwarded}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_header_of_a_stranger_blocks_and_frees_nobody() {
    let blocked = |config: &mut parlor::server::config::Config| config.blocklist = texts(&["203.0.113.7"]);
    let server = Server::start_with(Database::Sqlite, blocked).await;
    let request = server.client.get(server.url("/healthz")).header("x-forwarded-for", "203.0.113.7");
    assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn visitors_addresses_and_sites_have_shares_of_their_own() {
    let limit = RateLimit { window: Duration::from_secs(600), most: 10 };
    let server = Server::start_with(Database::Sqlite, |config| config.rate_limit = limit).await;
    let sites = &server.running.state.sites;
    let limits = SiteLimits { messages_per_minute: Some(3), messages_per_day: Some(7), ..SiteLimits::default() };
    let made = sites.create("Shop", SiteSettings { limits, ..SiteSettings::default() }).await.unwrap();
    let site = sites.by_id(made.id).await.unwrap().unwrap();
    let address = |last: u8| IpAddr::from([192, 0, 2, last]);
    let (ada, bob, eve) = (VisitorId(new_id()), VisitorId(new_id()), VisitorId(new_id()));
    let site = &site;
    let send = |visitor, last| async move { sites.admit(site, Some(visitor), address(last), Act::Message).await };
    for _ in 0..3 {
        send(ada, 1).await.unwrap();
    }
    let refused = ApiError::from(send(ada, 1).await.unwrap_err());
    assert_eq!(refused.code, Code::TooMany);
    assert!(refused.retry_after.is_some_and(|seconds| (1..=20).contains(&seconds)), "{refused:?}");
    for _ in 0..3 {
        send(bob, 1).await.unwrap();
    }
    send(eve, 2).await.unwrap();
    let day = ApiError::from(send(eve, 2).await.unwrap_err());
    assert!(day.retry_after.is_some_and(|seconds| seconds > 3600) && day.message.contains("this site"), "{day:?}");
    // Of the address's ten, six messages are gone; what was refused took none.
    for _ in 0..4 {
        sites.admit(site, None, address(1), Act::Session).await.unwrap();
    }
    let refused = ApiError::from(sites.admit(site, None, address(1), Act::Session).await.unwrap_err());
    assert!(refused.retry_after.is_some_and(|seconds| (1..=60).contains(&seconds)), "{refused:?}");
    sites.admit(site, Some(eve), address(3), Act::Upload).await.unwrap();
    // What the site refused was taken from nobody: of the other address's ten, one message is gone.
    for _ in 0..9 {
        sites.admit(site, None, address(2), Act::Session).await.unwrap();
    }
    assert!(sites.admit(site, None, address(2), Act::Session).await.is_err());
}
