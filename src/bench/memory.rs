//! Resident memory: idle, and what ten streams add.

use super::{client::Account, process, table::Table};
use futures::future::join_all;
use std::time::Duration;

const STREAMS: usize = 200;

pub async fn measure(table: &mut Table) {
    let upstream = process::upstream();
    let server = process::server(Some(&upstream), "script:tokens=200&delay=50");
    let account = Account::new(&server.url).await;
    let chats = join_all((0..STREAMS).map(|_| account.chat())).await;
    let idle = server.resident();
    table.add("memory, idle", format!("{idle:.1} MiB"), "60 MiB");
    let streams = join_all(chats.iter().map(|chat| account.ask(chat, "Go")));
    let mut peak = idle;
    let watch = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        loop {
            ticks.tick().await;
            peak = f64::max(peak, server.resident());
        }
    };
    tokio::select! {
        _ = streams => {}
        () = watch => {}
    }
    let per_ten = (peak - idle) / (STREAMS as f64 / 10.0);
    table.add(&format!("memory per 10 streams, at {STREAMS}"), format!("{per_ten:.2} MiB"), "1 MiB");
}
