//! `make bench`: the figures of Parlor, measured from outside on the release build.
//!
//! Each line is a percentile or a size beside its target. Nothing here decides whether a build is good: machines
//! differ, so the figures are read by people and kept in the README with the machine they come from.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a measurement is a script")]

mod browser;
mod client;
mod latency;
mod memory;
mod pages;
mod process;
mod scale;
mod sockets;
mod table;
mod widget;

use table::Table;

fn main() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    // `cargo bench` passes flags of its own; names choose measurements.
    let chosen: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let runs = |name: &str| chosen.is_empty() || chosen.iter().any(|word| word == name);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut table = Table::default();
    runtime.block_on(async {
        if runs("latency") {
            latency::measure(&mut table).await;
        }
        if runs("burst") {
            latency::measure_burst(&mut table).await;
        }
        if runs("memory") {
            memory::measure(&mut table).await;
        }
        if runs("pages") {
            pages::measure(&mut table).await;
        }
        if runs("browser") {
            browser::measure(&mut table).await;
        }
        if runs("widget") {
            widget::measure(&mut table).await;
        }
        if runs("sockets") {
            sockets::measure(&mut table).await;
        }
        if runs("scale") {
            scale::measure(&mut table).await;
        }
    });
    table.print();
}
