//! What Parlor adds to the upstream's own times: per token, and to the first one; for one reply and for 200 at once.

use super::{
    client::{Account, Arrival, ask_upstream, http, token_latencies},
    process::{self, Process},
    table::{Table, ms, percentile},
};
use futures::future::join_all;

const MODEL: &str = "script:stamp=1&tokens=100&delay=20";
const STREAMS: usize = 200;

type Asked = (f64, Vec<Arrival>);

pub async fn measure(table: &mut Table) {
    let upstream = process::upstream();
    let server = process::server(Some(&upstream), MODEL);
    let account = Account::new(&server.url).await;
    one(table, &upstream, &account).await;
    many(table, &upstream, &account).await;
}

async fn one(table: &mut Table, upstream: &Process, account: &Account) {
    let http = http();
    let (mut direct, mut through) = (Vec::new(), Vec::new());
    for _ in 0..30 {
        direct.push(ask_upstream(&http, &upstream.url, "script:stamp=1&tokens=20&delay=20", "Go").await);
        let chat = account.chat().await;
        through.push(account.ask(&chat, "Go [[script:stamp=1&tokens=20&delay=20]]").await);
    }
    row(table, "1 reply", direct, through, "15 ms");
}

async fn many(table: &mut Table, upstream: &Process, account: &Account) {
    let http = http();
    let direct = join_all((0..STREAMS).map(|_| ask_upstream(&http, &upstream.url, MODEL, "Go"))).await;
    let chats = join_all((0..STREAMS).map(|_| account.chat())).await;
    let through = join_all(chats.iter().map(|chat| account.ask(chat, "Go"))).await;
    assert!(through.iter().all(|(_, arrivals)| token_latencies(arrivals).len() == 100), "every token arrives");
    row(table, &format!("{STREAMS} replies at once"), direct, through, "100 ms");
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
