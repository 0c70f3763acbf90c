//! The server-rendered chat page.

use super::{
    client::{Account, microseconds},
    process,
    table::{Table, ms, percentile},
};

pub async fn measure(table: &mut Table) {
    let upstream = process::upstream();
    let server = process::server(Some(&upstream), "script:tokens=60&delay=0");
    let account = Account::new(&server.url).await;
    let chat = account.chat().await;
    for _ in 0..10 {
        account.ask(&chat, "A question of the usual length, as people ask it.").await;
    }
    let mut samples = Vec::new();
    for _ in 0..300 {
        let began = microseconds();
        let response = account.get(&format!("/chat/{chat}")).header("accept", "text/html").send().await.unwrap();
        assert_eq!(response.status(), 200);
        let html = response.text().await.unwrap();
        assert!(html.contains("A question of the usual length"), "the page shows the chat");
        samples.push((microseconds() - began) / 1000.0);
    }
    table.add("server-rendered chat page, p95", ms(percentile(&mut samples, 95.0)), "15 ms");
}
