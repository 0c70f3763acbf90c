//! Who is logged in, and how a call outlives the short life of an access token.

use super::{
    call::{Answered, Asked},
    not_found::Unavailable,
    request::Seed,
};
use crate::{
    browser,
    wire::{
        account::Viewer,
        error::{ApiError, Code},
    },
};
use leptos::prelude::*;
use leptos_router::{components::Redirect, hooks::use_location};
use std::{
    future::poll_fn,
    sync::{Arc, Mutex, PoisonError},
    task::{Poll, Waker},
};

/// The account that is logged in. In context of every page behind the log-in.
#[derive(Clone, Copy)]
struct LoggedIn(RwSignal<Viewer>);

/// The account that is logged in; set it after it was changed.
///
/// # Panics
/// Outside of [`SignedIn`], which is around every page that needs an account.
pub fn use_viewer() -> RwSignal<Viewer> {
    expect_context::<LoggedIn>().0
}

/// Shows its children to an account, and leads everyone else to the log-in and back.
#[component]
pub fn SignedIn(children: ChildrenFn) -> impl IntoView {
    let seed = expect_context::<Seed>();
    match (seed.viewer, seed.fault) {
        (Some(viewer), _) => {
            provide_context(LoggedIn(RwSignal::new(viewer)));
            children().into_any()
        }
        (None, Some(error)) => view! { <Unavailable error=error/> }.into_any(),
        (None, None) => {
            let location = use_location();
            let here = here(&location.pathname.get_untracked(), &location.search.get_untracked());
            view! { <Redirect path=log_in_path(&here)/> }.into_any()
        }
    }
}

/// The address of a page: its path and its query, with or without `?`.
pub fn here(path: &str, search: &str) -> String {
    if search.is_empty() { path.to_owned() } else { format!("{path}?{}", search.trim_start_matches('?')) }
}

/// The log-in page that leads back to `next`.
pub fn log_in_path(next: &str) -> String {
    match local_path(next) {
        None | Some("/") => "/login".to_owned(),
        Some(next) => format!("/login?next={}", encode(next)),
    }
}

/// `next` if it is a path of this server that a person can go to: never another origin, however a browser may read
/// it (`//host`, `/\host`, with tabs or line ends in between), nor an address for programs. At most 1024 bytes.
pub fn local_path(next: &str) -> Option<&str> {
    let safe = next.len() <= 1024 && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let inside = next.starts_with('/') && !next.starts_with("//");
    let path = next.split(['?', '#']).next().unwrap_or_default();
    let first = path.split('/').nth(1).unwrap_or_default();
    let page = !matches!(first, "login" | "signup" | "rpc" | "auth" | "v1" | "pkg");
    let climbs = path.split('/').any(|part| matches!(part, "." | ".."));
    (safe && inside && page && !climbs).then_some(next)
}

/// For the value of a query: everything but letters, digits and `-._~/` as `%XX`.
fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => (byte as char).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// Calls a server function; when it answers that the access token has run out, refreshes the session once and calls
/// again. Without a session that can be refreshed the browser goes to the log-in, which leads back here.
pub async fn with_refresh(call: impl Fn() -> Asked) -> Answered {
    match call().await {
        Err(error) if error.code == Code::Unauthenticated => match refresh().await {
            Refreshed::Yes => call().await,
            Refreshed::No => {
                browser::leave_for_log_in();
                Err(error)
            }
            Refreshed::Away => Err(ApiError::new(
                Code::Unavailable,
                "The server cannot be reached. Check your connection and try again.",
            )),
        },
        outcome => outcome,
    }
}

/// What came of asking for a new access token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refreshed {
    /// The cookies are new.
    Yes,
    /// The session is over.
    No,
    /// Nobody answered.
    Away,
}

/// Refreshes the session; all callers of this tab that ask at the same time share one request.
pub async fn refresh() -> Refreshed {
    static FLIGHT: Flight = Flight::new();
    landed(FLIGHT.join(browser::refresh)).await
}

/// A request on its way, shared by all who wait for it.
struct Flight(Mutex<Option<Arc<Mutex<Landing>>>>);

#[derive(Default)]
struct Landing {
    outcome: Option<Refreshed>,
    waiting: Vec<Waker>,
}

impl Flight {
    const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// The request on its way, else a new one that `start` makes. `start` gets what to call at the end.
    fn join(&'static self, start: impl FnOnce(Land)) -> Arc<Mutex<Landing>> {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(landing) = &*current {
            return landing.clone();
        }
        let landing = Arc::<Mutex<Landing>>::default();
        *current = Some(landing.clone());
        drop(current);
        start(Land { flight: self, landing: landing.clone() });
        landing
    }
}

/// Tells all who wait how it went.
pub struct Land {
    flight: &'static Flight,
    landing: Arc<Mutex<Landing>>,
}

impl Land {
    /// Who asks after this starts a new request.
    pub fn with(self, outcome: Refreshed) {
        *self.flight.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let mut landing = self.landing.lock().unwrap_or_else(PoisonError::into_inner);
        landing.outcome = Some(outcome);
        landing.waiting.drain(..).for_each(Waker::wake);
    }
}

async fn landed(landing: Arc<Mutex<Landing>>) -> Refreshed {
    poll_fn(|context| {
        let mut landing = landing.lock().unwrap_or_else(PoisonError::into_inner);
        match landing.outcome {
            Some(outcome) => Poll::Ready(outcome),
            None => {
                landing.waiting.push(context.waker().clone());
                Poll::Pending
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

    use super::*;
    use proptest::prelude::*;
    use std::{
        pin::pin,
        sync::atomic::{AtomicUsize, Ordering},
        task::Context,
    };

    #[test]
    fn only_paths_of_this_server_are_gone_to() {
        for good in ["/", "/chat/new", "/chat/0192?x=1#end", "/settings/sessions", "/docs/start", "/authors"] {
            assert_eq!(local_path(good), Some(good), "{good}");
        }
        for bad in [
            "",
            "chat",
            "https://evil.example",
            "javascript:alert(1)",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "\t//evil.example",
            "/x\\y",
            "/.//evil.example",
            "/../..//evil.example",
            "/a b",
            "/ä",
            "/login",
            "/login?next=/login",
            "/signup",
            "/rpc/log_out",
            "/auth/account",
            "/v1/conversations",
        ] {
            assert_eq!(local_path(bad), None, "{bad:?}");
        }
        assert_eq!(local_path(&format!("/{}", "a".repeat(1024))), None);
    }

    proptest! {
        #[test]
        fn what_is_let_through_never_names_another_origin(next in "[/\\\\a-z:@.?#\\t\\n%]{0,20}") {
            if let Some(next) = local_path(&next) {
                let base = reqwest::Url::parse("http://parlor.example/").unwrap();
                let target = base.join(next).unwrap();
                prop_assert_eq!(target.origin(), base.origin());
            }
        }
    }

    #[test]
    fn the_log_in_leads_back() {
        assert_eq!(log_in_path("/"), "/login");
        assert_eq!(log_in_path("//evil.example"), "/login");
        assert_eq!(log_in_path("/chat/1?a=b&c"), "/login?next=/chat/1%3Fa%3Db%26c");
        assert_eq!(here("/chat/1", ""), "/chat/1");
        assert_eq!(here("/chat/1", "a=b"), "/chat/1?a=b");
        assert_eq!(here("/chat/1", "?a=b"), "/chat/1?a=b");
    }

    #[test]
    fn callers_at_the_same_time_share_one_request() {
        static FLIGHT: Flight = Flight::new();
        let starts = AtomicUsize::new(0);
        let mut lands = Vec::new();
        let mut join = || {
            FLIGHT.join(|land| {
                starts.fetch_add(1, Ordering::Relaxed);
                lands.push(land);
            })
        };
        let (first, second) = (join(), join());
        let mut context = Context::from_waker(Waker::noop());
        let (mut first, mut second) = (pin!(landed(first)), pin!(landed(second)));
        assert!(first.as_mut().poll(&mut context).is_pending());
        assert!(second.as_mut().poll(&mut context).is_pending());
        lands.remove(0).with(Refreshed::Yes);
        assert_eq!(first.as_mut().poll(&mut context), Poll::Ready(Refreshed::Yes));
        assert_eq!(second.as_mut().poll(&mut context), Poll::Ready(Refreshed::Yes));
        assert_eq!(starts.load(Ordering::Relaxed), 1);
        FLIGHT.join(|land| {
            starts.fetch_add(1, Ordering::Relaxed);
            land.with(Refreshed::No);
        });
        assert_eq!(starts.load(Ordering::Relaxed), 2);
    }
}
