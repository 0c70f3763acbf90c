//! What Parlor adds to the upstream's own times: per token, and to the first one; for one reply, for one more while 200
//! stream, and for 200 that are sent in the same instant.

use super::{
    client::{Account, Arrival, ask_upstream, http, token_latencies},
    process::{self, Process},
    table::{Table, ms, percentile},
};
use futures::future::{join, join_all};
use std::time::Duration;

const MODEL: &str = "script:stamp=1&tokens=100&delay=20";
const SHORT: &str = "script:stamp=1&tokens=20&delay=20";
/// Streams for longer than [`MORE`] short replies take.
const LONG: &str = "script:stamp=1&tokens=900&delay=20";
const STREAMS: usize = 200;
const MORE: usize = 25;
/// A single burst says more of the moment than of the program: the median of so many counts.
const BURSTS: usize = 7;

type Asked = (f64, Vec<Arrival>);

pub async fn measure(table: &mut Table) {
    let upstream = process::upstream();
    let server = process::server(Some(&upstream), MODEL);
    let account = Account::new(&server.url).await;
    one(table, &upstream, &account).await;
    one_more(table, &upstream, &account).await;
}

/// A burst: all of them in the same instant.
pub async fn measure_burst(table: &mut Table) {
    let upstream = process::upstream();
    let server = process::server(Some(&upstream), MODEL);
    many(table, &upstream, &Account::new(&server.url).await).await;
}

async fn one(table: &mut Table, upstream: &Process, account: &Account) {
    let http = http();
    let (mut direct, mut through) = (Vec::new(), Vec::new());
    for _ in 0..30 {
        direct.push(ask_upstream(&http, &upstream.url, SHORT, "Go").await);
        let chat = account.chat().await;
        through.push(account.ask(&chat, &format!("Go [[{SHORT}]]")).await);
    }
    row(table, "1 reply", direct, through, "15 ms");
}

async fn one_more(table: &mut Table, upstream: &Process, account: &Account) {
    let http = http();
    // Until all of them stream.
    let begun = || tokio::time::sleep(Duration::from_secs(3));
    let direct = join_all((0..STREAMS).map(|_| ask_upstream(&http, &upstream.url, LONG, "Go")));
    let more = async {
        begun().await;
        let mut more = Vec::new();
        for _ in 0..MORE {
            more.push(ask_upstream(&http, &upstream.url, SHORT, "Go").await);
        }
        more
    };
    let (_, direct) = join(direct, more).await;
    let chats = join_all((0..STREAMS).map(|_| account.chat())).await;
    let long = format!("Go [[{LONG}]]");
    let through = join_all(chats.iter().map(|chat| account.ask(chat, &long)));
    let more = async {
        begun().await;
        let mut more = Vec::new();
        for _ in 0..MORE {
            let chat = account.chat().await;
            more.push(account.ask(&chat, &format!("Go [[{SHORT}]]")).await);
        }
        more
    };
    let (_, through) = join(through, more).await;
    row(table, &format!("1 more reply while {STREAMS} stream"), direct, through, "100 ms");
}

async fn many(table: &mut Table, upstream: &Process, account: &Account) {
    let http = http();
    let (mut direct, mut through) = (Vec::new(), Vec::new());
    for _ in 0..BURSTS {
        direct.push(join_all((0..STREAMS).map(|_| ask_upstream(&http, &upstream.url, MODEL, "Go"))).await);
        let chats = join_all((0..STREAMS).map(|_| account.chat())).await;
        let burst = join_all(chats.iter().map(|chat| account.ask(chat, "Go"))).await;
        assert!(burst.iter().all(|(_, arrivals)| token_latencies(arrivals).len() == 100), "every token arrives");
        through.push(burst);
    }
    rows(table, &format!("{STREAMS} replies sent in the same instant"), &direct, &through, "100 ms");
}

fn row(table: &mut Table, what: &str, direct: Vec<Asked>, through: Vec<Asked>, target: &str) {
    rows(table, what, &[direct], &[through], target);
}

/// Two lines of several runs: of each run the 95th percentile, of those the median.
fn rows(table: &mut Table, what: &str, direct: &[Vec<Asked>], through: &[Vec<Asked>], target: &str) {
    let middle = |runs: &[Vec<Asked>], of: fn(&Asked) -> Vec<f64>| {
        let p95 = |run: &Vec<Asked>| percentile(&mut run.iter().flat_map(of).collect::<Vec<_>>(), 95.0);
        percentile(&mut runs.iter().map(p95).collect::<Vec<_>>(), 50.0)
    };
    let mut line = |name: &str, of: fn(&Asked) -> Vec<f64>, target: &str| {
        let (own, with) = (middle(direct, of), middle(through, of));
        table.add(&format!("{what}: {name}"), format!("{} (upstream's own {})", ms(with - own), ms(own)), target);
    };
    line("added per token, p95", |(_, arrivals)| token_latencies(arrivals), "60 ms");
    let first =
        |(began, arrivals): &Asked| arrivals.first().map(|first| (first.at - began) / 1000.0).into_iter().collect();
    line("added to the first token, p95", first, target);
}
