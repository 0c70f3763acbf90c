//! A server that is answered by an upstream whose every reply follows a script, and the site on it.

use crate::{
    harness::{Database, Server},
    member::Member,
    upstream::Upstream,
    visitor::{Visitor, first_site},
};
use parlor::server::config::Config;

/// The three.
pub struct Rig {
    pub server: Server,
    pub upstream: Upstream,
    /// The key of the first site.
    pub key: String,
}

/// Makes two tests of one, `name::sqlite` and `name::postgres`, each with a [`Rig`] whose upstream follows the script;
/// see the top of end2end/upstream/server.mjs. A file that has a `Rig` of its own gets that, made of what its `new` takes
/// besides the database: a script, or nothing.
#[macro_export]
macro_rules! scripted {
    ($($($script:literal)? async fn $name:ident($rig:ident) $body:block)+) => {$(
        mod $name {
            use super::*;

            async fn body($rig: Rig) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                body(Rig::new($crate::harness::Database::Sqlite $(, $script)?).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                body(Rig::new($crate::harness::Database::Postgres $(, $script)?).await).await;
            }
        }
    )+};
}

impl Rig {
    pub async fn new(database: Database, script: &str) -> Self {
        Self::with(database, script, |_| ()).await
    }

    /// The same with settings changed before the start.
    pub async fn with(database: Database, script: &str, change: impl FnOnce(&mut Config)) -> Self {
        let upstream = Upstream::start().await;
        let settings = upstream.scripted(script);
        let start = |config: &mut Config| {
            config.model = Some(settings);
            change(config);
        };
        let server = Server::start_with(database, start).await;
        let key = first_site(&server).await.keys.remove(0).key;
        Self { server, upstream, key }
    }

    /// Ada, who has an account.
    pub async fn member(&self) -> Member {
        Member::new(&self.server.client, &self.server.url(""), "ada").await
    }

    /// A new browser at the site.
    pub async fn visitor(&self) -> Visitor {
        Visitor::new(&self.server, &self.key).await
    }
}
