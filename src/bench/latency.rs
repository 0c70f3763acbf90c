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

type Asked = (f64, Vec<Arrival>);

pub async fn measure(table: &mut Table) {
    let upstream = process::upstream();
    let server = process::server(Some(&upstream), MODEL);
    let account = Account::new(&server.url).await;
    one(table, &upstream, &account).await;
    one_more(table, &upstream, &account).await;
    many(table, &upstream, &account).await;
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
    let direct = join_all((0..STREAMS).map(|_| ask_upstream(&http, &upstream.url, MODEL, "Go"))).await;
    let chats = join_all((0..STREAMS).map(|_| account.chat())).await;
    let through = join_all(chats.iter().map(|chat| account.ask(chat, "Go"))).await;
    assert!(through.iter().all(|(_, arrivals)| token_latencies(arrivals).len() == 100), "every token arrives");
    row(table, &format!("{STREAMS} replies sent in the same instant"), direct, through, "100 ms");
}

fn row(table: &mut Table, what: &str, direct: Vec<Asked>, through: Vec<Asked>, target: &str) {
    let tokens = |asked: &[Asked]| {
        let mut all: Vec<f64> = asked.iter().flat_map(|(_, arrivals)| token_latencies(arrivals)).collect();
        percentile(&mut all, 95.0)
    };
    let first = |asked: &[Asked]| {
        let mut all: Vec<f64> =
            asked.iter().filter_map(|(began, arrivals)| Some((arrivals.first()?.at - began) / 1000.0)).collect();
        percentile(&mut all, 95.0)
    };
    let (own, with) = (tokens(&direct), tokens(&through));
    table.add(
        &format!("{what}: added per token, p95"),
        format!("{} (upstream's own {})", ms(with - own), ms(own)),
        "60 ms",
    );
    let (own, with) = (first(&direct), first(&through));
    table.add(
        &format!("{what}: added to the first token, p95"),
        format!("{} (upstream's own {})", ms(with - own), ms(own)),
        target,
    );
}
