//! Guessing is slowed down, and the owner is not locked out by it.

use crate::{
    harness::Server,
    people::{PASSWORD, Program, browser, browser_sign_up, log_in_form, post},
};
use futures::future::join_all;
use parlor::{server::error::Error, wire::error::Code};
use reqwest::StatusCode;
use serde_json::json;

both! {
    async fn of_a_burst_of_guesses_few_are_looked_at(server) {
        let owner = browser_sign_up(&server, "ada").await;
        let guess = |number: usize| {
            // Both of the account's names count together.
            let login = if number.is_multiple_of(2) { "ada" } else { "ada@example.com" };
            post(&server, "/auth/login", json!({"email": login, "password": format!("guess {number}")}))
        };
        let answers = join_all((0..200).map(guess)).await;
        let looked_at = answers.iter().filter(|(status, _)| *status == StatusCode::UNAUTHORIZED).count();
        let refused = answers.iter().filter(|(status, _)| *status == StatusCode::TOO_MANY_REQUESTS).count();
        assert!((1..=10).contains(&looked_at), "{looked_at}");
        assert_eq!(looked_at + refused, 200);

        let accounts = &server.running.state.accounts;
        let owner_again = accounts.log_in(log_in_form("ada", PASSWORD), &browser(owner.device.clone())).await;
        assert!(owner_again.is_ok(), "a browser that was let in before is not made to wait");
        let stranger = browser_sign_up(&server, "mallory").await;
        let answers = join_all((0..20).map(async |_| {
            accounts.log_in(log_in_form("ada", "guess"), &browser(stranger.device.clone())).await.err().unwrap()
        }));
        let looked_at = answers.await.into_iter().filter(|error| {
            matches!(error, Error::Api(error) if error.code == Code::Unauthenticated)
        });
        assert!(looked_at.count() <= 4, "the device of another account opens no second round of guesses");
        let errors = join_all((0..20).map(async |_| {
            accounts.log_in(log_in_form("ada", "guess"), &browser(owner.device.clone())).await.err().unwrap()
        }));
        let looked_at = errors.await.into_iter().filter(|error| {
            matches!(error, Error::Api(error) if error.code == Code::Unauthenticated)
        });
        assert!((1..=10).contains(&looked_at.count()), "a stolen device is slowed down too");
    }

    async fn a_refusal_says_when_to_come_back_and_then_it_works(server) {
        let program = Program::sign_up(&server, "ada").await;
        let guess = json!({"email": "ada", "password": "guess"});
        let seconds = loop {
            let response = server.client.post(server.url("/auth/login")).json(&guess).send().await.unwrap();
            if response.status() == StatusCode::TOO_MANY_REQUESTS {
                break response.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap();
            }
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        };
        assert!((1..=2).contains(&seconds), "{seconds}");
        // The clock is the event that is awaited here.
        tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
        assert_eq!(program.log_in(&server).await.me(&server).await, StatusCode::OK);
        assert_eq!(program.log_in(&server).await.me(&server).await, StatusCode::OK, "the count begins anew");
    }

    async fn one_address_tries_a_few_accounts_a_minute(server) {
        let server = Server::start_with(server.database, |config| {
            config.auth_per_minute = 5;
            config.trusted_proxies = vec!["127.0.0.0/8".to_owned()];
        }).await;
        let try_from = async |address: &str, number: usize| {
            let body = json!({"email": format!("{number}@example.com"), "password": "guess"});
            let request = server.client.post(server.url("/auth/login")).header("x-forwarded-for", address).json(&body);
            request.send().await.unwrap().status()
        };
        let statuses = join_all((0..20).map(|number| try_from("203.0.113.7", number))).await;
        assert_eq!(statuses.iter().filter(|status| **status == StatusCode::UNAUTHORIZED).count(), 5);
        assert_eq!(try_from("9.9.9.9, 203.0.113.7", 30).await, StatusCode::TOO_MANY_REQUESTS, "what it writes is not read");
        assert_eq!(try_from("203.0.113.8", 31).await, StatusCode::UNAUTHORIZED);
        for number in 0..5 {
            let address = format!("2001:db8::{number}");
            assert_eq!(try_from(&address, number).await, StatusCode::UNAUTHORIZED);
        }
        assert_eq!(try_from("2001:db8::ffff", 32).await, StatusCode::TOO_MANY_REQUESTS, "a /64 is one address");
    }

    async fn right_passwords_are_no_guesses(server) {
        let server = Server::start_with(server.database, |config| config.auth_per_minute = 3).await;
        let program = Program::sign_up(&server, "ada").await;
        for _ in 0..10 {
            program.log_in(&server).await;
        }
    }

    async fn many_log_ins_at_once_never_fail_for_want_of_the_server(server) {
        let program = Program::sign_up(&server, "ada").await;
        let body = json!({"email": "ada", "password": PASSWORD});
        let answers = join_all((0..100).map(|_| post(&server, "/auth/login", body.clone()))).await;
        assert!(answers.iter().all(|(status, _)| matches!(status.as_u16(), 200 | 429)), "{answers:?}");
        assert!(answers.iter().any(|(status, _)| *status == StatusCode::OK));
        assert_eq!(program.me(&server).await, StatusCode::OK);
    }
}
